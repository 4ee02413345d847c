"""Erasure on request, in the real engine: what was to be forgotten is gone, and stays away."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from schemas.records import Forget, Invalid
from sql import erasure
from sql.connect import connect
from streams.adapters.clickhouse_facts import FactsReader
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import NOW, click, delivery, dsn_of, on_topic, outcome, rows, write

GONE, STAYS = (
    click(1, ip="203.0.113.7", subs={"sub3": "customer 77"}),
    click(2, ip="203.0.113.77", subs={"sub4": "customer 77"}),
)
_TABLES = ("clicks", "conversions", "postbacks", "deliveries")


@pytest.fixture
def dsn(clickhouse: ClickHouse, database: str) -> str:
    """The tables with two clicks, what came of them, and requests that name them."""
    made = dsn_of(clickhouse, database)
    _come(made)
    named = ["GET /postback/acme?s=203.0.113.7", "GET /?s=customer+77", "GET /?ip=203.0.113.77", "x203.0.113.7"]
    kept = [
        Invalid(invalid_id=f"i{number}", received_at=NOW, kind="postback", code="wrong_key", raw=raw)
        for number, raw in enumerate([*named, f"GET /?click_id={GONE.click_id}&x=1"])
    ]
    write(made, "invalid", on_topic("invalid", kept))
    return made


def _come(dsn: str) -> None:
    write(dsn, "events", on_topic("events", [GONE, STAYS]))
    write(dsn, "outcomes", on_topic("outcomes", [outcome(one, at=at) for at, one in enumerate((GONE, STAYS))]))
    write(dsn, "deliveries", on_topic("deliveries", [delivery(one, 0, "scheduled") for one in (GONE, STAYS)]))


def test_clicks_are_found_by_address_and_by_one_label_or_any(dsn: str) -> None:
    client = connect(dsn)
    assert erasure.find(client, "ip", "203.0.113.7") == [GONE.click_id]
    assert erasure.find(client, "sub", "customer 77", 3) == [GONE.click_id]
    assert erasure.find(client, "sub", "customer 77") == sorted([GONE.click_id, STAYS.click_id])
    assert erasure.find(client, "sub", "customer", 3) == []
    client.close()


def test_what_is_erased_is_gone_with_every_version_and_nothing_else_is(dsn: str) -> None:
    _come(dsn)  # once more: unmerged
    forgotten = outcome(GONE, at=9, word="unattributed", conversion=None, click=None)
    later = msgspec.structs.replace(
        forgotten, reason="forgotten", postback=msgspec.structs.replace(forgotten.postback, postback_id="later")
    )
    write(dsn, "outcomes", on_topic("outcomes", [later], first=9))
    client = connect(dsn)
    words = ["203.0.113.7", "customer 77", GONE.click_id]
    before = {"conversions": 1, "postbacks": 1, "deliveries": 1, "invalid": 3, "clicks": 1}
    assert erasure.count(client, [GONE.click_id], words) == before
    for _ in range(2):
        erasure.erase(client, [GONE.click_id], words)
        assert erasure.count(client, [GONE.click_id], words) == dict.fromkeys(before, 0)
    client.close()
    for table in _TABLES:
        found = (
            rows(dsn, f"SELECT DISTINCT click_id FROM {table} WHERE postback_id != 'later'")
            if (table == "postbacks")
            else rows(dsn, f"SELECT DISTINCT click_id FROM {table}")
        )
        assert found == [(STAYS.click_id,)], table
    assert rows(dsn, "SELECT reason FROM postbacks FINAL WHERE postback_id = 'later'") == [("forgotten",)]
    assert rows(dsn, "SELECT invalid_id FROM invalid FINAL ORDER BY invalid_id") == [("i2",), ("i3",)]


def test_a_request_in_the_log_is_a_row_and_what_comes_again_of_it_is_erased_again(dsn: str) -> None:
    write(dsn, "events", on_topic("events", [Forget(click_id=GONE.click_id)], first=5))
    found = "SELECT click_id, toUnixTimestamp64Milli(forgotten_at) > 0 FROM forgotten FINAL"
    assert rows(dsn, found) == [(GONE.click_id, True)]
    client = connect(dsn)
    client.command("ALTER TABLE forgotten UPDATE forgotten_at = now64(3) WHERE 1 SETTINGS mutations_sync = 2")
    assert erasure.sweep(client) == 0, "whoever asked erases it, and counts"
    client.command(
        "ALTER TABLE forgotten UPDATE forgotten_at = toDateTime64('2026-01-01', 3) WHERE 1 SETTINGS mutations_sync = 2"
    )
    assert (erasure.sweep(client), erasure.sweep(client)) == (1, 0)
    client.close()
    for table in _TABLES:
        assert rows(dsn, f"SELECT DISTINCT click_id FROM {table}") == [(STAYS.click_id,)], table


def test_who_looks_a_forgotten_click_up_is_told_so(dsn: str) -> None:
    write(dsn, "events", on_topic("events", [Forget(click_id=GONE.click_id)], first=5))

    async def read() -> None:
        reader = FactsReader(dsn)
        found = await reader.read([GONE.click_id, STAYS.click_id])
        await reader.close()
        assert (found[GONE.click_id].forgotten, found[GONE.click_id].click) == (True, None)
        assert (found[STAYS.click_id].forgotten, found[STAYS.click_id].click is None) == (False, False)

    asyncio.run(read())
