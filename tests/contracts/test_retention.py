"""How long the tables keep rows: configured, planned, applied, and what is gone is gone for everybody."""

from __future__ import annotations

import asyncio
import time

import pytest

from schemas.settings.file import Settings
from schemas.settings.retention import LEAST_DAYS
from schemas.settings.validation import validate
from sql.connect import connect
from sql.migrate import migrate, plan
from sql.retention import TABLES, changes
from streams.adapters.clickhouse_facts import FactsReader
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import click, dsn_of, on_topic, outcome, rows, write
from tests.support.join_cold import minted

_NOW = int(time.time() * 1000)
OLD, NEW = (
    click(number, click_id=minted(number * 100, number, _NOW), received_at=_NOW - number * 100 * 86_400_000)
    for number in (4, 1)
)
BROUGHT_LONG_AGO, BROUGHT = (
    click(9, click_id="pops:old", received_at=OLD.received_at),
    click(8, click_id="pops:new", received_at=NEW.received_at),
)


def days(**spans: str) -> dict[str, int | None]:
    return Settings.model_validate({"clickhouse": {"retention": spans}}).clickhouse.retention.days


def test_what_is_older_than_configured_leaves_the_tables_and_who_looks_it_up_finds_nothing(
    clickhouse: ClickHouse, database: str
) -> None:
    dsn = dsn_of(clickhouse, database)
    every = [OLD, NEW, BROUGHT_LONG_AGO, BROUGHT]
    write(dsn, "events", on_topic("events", every))
    write(dsn, "outcomes", on_topic("outcomes", [outcome(one, at=at) for at, one in enumerate(every)]))
    kept = days(clicks="200d", conversions="300d", costs="400d")
    assert [name for name, _ in plan(dsn, kept)] == [
        f"retention of {table}" for table in ("clicks", "conversions", "costs")
    ]
    assert migrate(dsn, kept) == ["retention of clicks", "retention of conversions", "retention of costs"]
    assert (migrate(dsn, kept), plan(dsn, kept), plan(dsn)) == ([], [], [])
    client = connect(dsn)
    for table in ("clicks", "conversions"):
        client.command(f"ALTER TABLE {table} MATERIALIZE TTL SETTINGS mutations_sync = 2")
        client.command(f"OPTIMIZE TABLE {table} FINAL")
        found = rows(dsn, f"SELECT click_id FROM {table} FINAL ORDER BY click_id")
        assert {name for (name,) in found} >= {NEW.click_id, BROUGHT.click_id}
        assert OLD.click_id not in {name for (name,) in found}
    client.close()

    async def known() -> set[str]:
        reader = FactsReader(dsn)
        found = await reader.read([OLD.click_id, NEW.click_id, "pops:old", "pops:new"])
        await reader.close()
        return set(found)

    assert asyncio.run(known()) == {NEW.click_id, "pops:new"}
    assert rows(dsn, "SELECT count() FROM clicks_latest") == [(2,)]
    assert migrate(dsn, days()) == ["retention of clicks", "retention of conversions", "retention of costs"]
    assert rows(
        dsn, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND engine_full LIKE '% TTL %'"
    ) == [(0,)]


def test_a_plan_for_tables_that_are_not_there_yet_names_what_is_configured() -> None:
    (statement,) = changes({}, days(invalid="30d")).values()
    assert statement == "ALTER TABLE invalid MODIFY TTL toDate(received_at) + toIntervalDay(30)"
    assert set(days()) == set(TABLES)


@pytest.mark.parametrize(
    ("spans", "path", "told"),
    [
        ({"clicks": "36h"}, "clickhouse.retention.clicks", "write whole days, 14 at least"),
        ({"invalid": f"{LEAST_DAYS - 1}d"}, "clickhouse.retention.invalid", "write whole days"),
        (
            {"clicks": "90d", "conversions": "60d"},
            "clickhouse.retention",
            "conversions must be kept at least as long as clicks",
        ),
        ({"postbacks": "60d"}, "clickhouse.retention", "give clicks at most 60d"),
    ],
)
def test_a_retention_that_would_credit_twice_is_refused(spans: dict[str, str], path: str, told: str) -> None:
    _, problems = validate({"clickhouse": {"retention": spans}}, {})
    assert [(problem.path, told in problem.message) for problem in problems] == [(path, True)]
