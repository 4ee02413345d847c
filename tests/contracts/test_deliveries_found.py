"""What `clickjoin deliveries` finds in the tables, by everything that it can be asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from schemas.versions import offset_of
from sql.connect import connect
from sql.deliveries import Wanted, find, newest, steps
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import NOW, click, delivery, dsn_of, on_topic, write

WAITS, FAILED, DELIVERED = (f"{n:032x}" for n in (1, 2, 3))


@pytest.fixture(scope="module")
def told(clickhouse: ClickHouse) -> Iterator[Client]:
    """One that waits for a second attempt, one that failed, one of another source that was delivered; all repeated."""
    database = f"deliveries_{os.getpid()}"
    dsn = dsn_of(clickhouse, database)
    said = [
        delivery(click(1), 0, "scheduled", delivery_id=WAITS),
        delivery(click(2), 0, "scheduled", delivery_id=FAILED, event="trial"),
        delivery(click(1), 1, "retry", delivery_id=WAITS, code=503, next_attempt_at=NOW + 90_000),
        delivery(click(2), 1, "failed", delivery_id=FAILED, code=404, reason="http_404", event="trial"),
        delivery(click(3), 0, "scheduled", delivery_id=DELIVERED, destination="source/push"),
        delivery(click(3), 9, "delivered", delivery_id=DELIVERED, code=200, destination="source/push"),
    ]
    write(dsn, "deliveries", on_topic("deliveries", said), on_topic("deliveries", said))
    client = connect(dsn)
    yield client
    client.command(f"DROP DATABASE {database}")
    client.close()


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({}, [DELIVERED, FAILED, WAITS]),
        ({"ids": (WAITS, "f" * 32)}, [WAITS]),
        ({"destination": "source/pops"}, [FAILED, WAITS]),
        ({"states": ("scheduled",)}, []),
        ({"states": ("retry", "failed")}, [FAILED, WAITS]),
        ({"codes": (404, 200)}, [DELIVERED, FAILED]),
        ({"event": "trial"}, [FAILED]),
        ({"click_id": click(3).click_id}, [DELIVERED]),
        ({"since": NOW + 9000}, [DELIVERED]),
        ({"until": NOW + 9000}, [FAILED, WAITS]),
        ({"most": 1}, [DELIVERED]),
        ({"destination": "' OR 1=1 --"}, []),
    ],
)
def test_deliveries_are_found_by_their_last_step(told: Client, asked: dict[str, Any], ids: list[str]) -> None:
    found = find(told, Wanted(**asked))
    for recent in (0, NOW + 9000, NOW + 10**9):  # whenever one guesses that the newest were
        assert newest(told, Wanted(**asked), recent) == found
    assert sorted(one.delivery_id for one in found) == sorted(ids)
    assert [one.attempted_at for one in found] == sorted((one.attempted_at for one in found), reverse=True)


def test_what_is_found_says_where_its_last_step_lies(told: Client) -> None:
    (waits,) = find(told, Wanted(ids=(WAITS,)))
    assert (waits.state, waits.attempt, waits.code, waits.click_id) == ("retry", 1, 503, click(1).click_id)
    assert waits.next_attempt_at == datetime.fromtimestamp((NOW + 90_000) / 1000, UTC)
    assert waits.url == "https://pops.example/pb?cid=1&key=***"
    assert offset_of(waits.version) == 2


def test_the_steps_of_one_delivery_come_in_their_order(told: Client) -> None:
    assert [(step["state"], step["code"]) for step in steps(told, FAILED)] == [("scheduled", 0), ("failed", 404)]
    assert steps(told, "'") == []
