"""What the sink promises about the tables, whatever is repeated, reordered, refused or killed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from schemas.ids import brought_click_id, invalid_id
from schemas.records import Epoch, Invalid, Tick
from streams.adapters.clickhouse import ClickHouse as Database
from streams.agents.sink import SinkPartition
from streams.agents.sink_writer import Writer
from streams.metrics import SinkMetrics
from streams.tables import Table
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import (
    NOW,
    click,
    delivery,
    dsn_of,
    on_topic,
    outcome,
    partition_on,
    rows,
    sink,
    write,
)

PartitionOf = Callable[[str], SinkPartition]
Writers = dict[str, Writer]


@pytest.fixture
def dsn(clickhouse: ClickHouse, database: str) -> str:
    return dsn_of(clickhouse, database)


def test_every_record_is_one_row_however_often_and_in_whatever_batches_it_is_read(dsn: str) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    clicks = [click(number, cost=Decimal("0.00040001")) for number in range(300)]
    events = on_topic("events", [Epoch(epoch=0), *clicks, Tick(), *chance.sample(clicks, 100)])
    first = [outcome(of, at=at, word="attributed" if at % 3 else "waiting") for at, of in enumerate(clicks)]
    later = [outcome(of, at=1000 + at, word="updated", status="rejected") for at, of in enumerate(clicks) if at % 2]
    outcomes = on_topic("outcomes", [*first, *later])
    steps = on_topic(
        "deliveries",
        [delivery(of, attempt, state) for of in clicks for attempt, state in ((0, "scheduled"), (1, "delivered"))],
    )

    async def read_again_and_again(partition_of: PartitionOf, _: Writers) -> None:
        for _reading in range(2):  # each time from some offset on, to the end, in batches of some size
            await asyncio.gather(*[reread(partition_of(lot[0].topic), lot) for lot in (events, outcomes, steps)])

    async def reread(partition: SinkPartition, lot: list[Any]) -> None:
        at = chance.randrange(len(lot) // 2)
        for begin in (0, at):
            while begin < len(lot):
                size = chance.randint(len(lot) // 8, len(lot))
                await partition.process(lot[begin : begin + size], silent=False)
                begin += size

    sink(dsn, read_again_and_again)
    assert rows(dsn, "SELECT count(), uniqExact(click_id), sum(cost) FROM clicks FINAL") == [
        (300, 300, Decimal("0.12000300"))
    ]
    expected = {at: "rejected" if at % 2 else "approved" for at in range(300) if at % 3 or at % 2}
    assert dict(rows(dsn, "SELECT click_id, status FROM conversions FINAL")) == {
        clicks[at].click_id: status for at, status in expected.items()
    }
    assert dict(rows(dsn, "SELECT outcome, count() FROM postbacks FINAL GROUP BY outcome")) == {
        "updated": 150,
        "attributed": 100,
        "waiting": 50,
    }
    assert rows(dsn, "SELECT count(), uniqExact(delivery_id) FROM deliveries FINAL") == [(600, 300)]
    assert rows(dsn, "SELECT count() FROM invalid") == [(0,)]


def test_an_older_version_never_wins(dsn: str) -> None:
    of = click(1)
    newer, older = outcome(of, at=9, word="updated", payout=Decimal(5)), outcome(of, at=3, payout=Decimal(1))
    write(dsn, "outcomes", on_topic("outcomes", [newer], first=7), on_topic("outcomes", [older], first=2))
    assert rows(dsn, "SELECT payout FROM conversions FINAL") == [(Decimal(5),)]
    assert rows(dsn, "SELECT outcome FROM postbacks FINAL") == [("updated",)]


def test_of_a_click_recorded_twice_the_first_facts_stay_though_its_time_is_another(dsn: str) -> None:
    brought = brought_click_id("pops", "their-1")
    first = click(1, click_id=brought, campaign="first")
    second = click(90_000, click_id=brought, campaign="second")  # two months later
    write(dsn, "events", on_topic("events", [second], first=6), on_topic("events", [first], first=5))
    assert rows(dsn, "SELECT campaign FROM clicks FINAL") == [("first",)]


def test_a_click_of_an_earlier_epoch_stays_where_the_sink_was_restarted(dsn: str) -> None:
    async def use(_: PartitionOf, writers: Writers) -> None:
        fresh = partition_on(writers["events"], "events")
        assert await fresh.open(0, print) == 0
        await fresh.process(on_topic("events", [click(1, campaign="first")], first=100), silent=False)
        restarted = partition_on(writers["events"], "events", epoch=1)
        assert await restarted.open(3, print) == 3
        await restarted.process(on_topic("events", [click(1, campaign="second")], first=3), silent=False)
        beginning = partition_on(writers["events"], "events")
        await beginning.process(on_topic("events", [Epoch(epoch=2), click(1, campaign="third")]), silent=False)

    sink(dsn, use)
    assert rows(dsn, "SELECT campaign FROM clicks FINAL") == [("first",)]


def test_a_waiting_postback_and_its_later_outcome_are_one_row(dsn: str) -> None:
    of = click(1)
    write(dsn, "outcomes", on_topic("outcomes", [outcome(of, at=1, word="waiting")]))
    write(dsn, "outcomes", on_topic("outcomes", [outcome(of, at=2)], first=1))
    assert rows(dsn, "SELECT outcome, clicked_at IS NOT NULL FROM postbacks FINAL") == [("attributed", True)]


def test_a_step_of_a_delivery_taken_twice_is_one_row_and_hides_no_other_step(dsn: str) -> None:
    steps = [(0, "scheduled"), (1, "retry"), (2, "retry"), (2, "retry"), (2, "expired")]
    lot = [delivery(click(1), *step, at=NOW + index * 40 * 86_400_000) for index, step in enumerate(steps)]
    write(dsn, "deliveries", on_topic("deliveries", lot))
    found = rows(dsn, "SELECT attempt, state FROM deliveries FINAL ORDER BY attempted_at")
    assert found == [(0, "scheduled"), (1, "retry"), (2, "retry"), (2, "expired")]


def test_secrets_in_a_url_do_not_reach_the_table(dsn: str) -> None:
    write(dsn, "deliveries", on_topic("deliveries", [delivery(click(1), 1, "delivered")]))
    assert rows(dsn, "SELECT url FROM deliveries FINAL") == [("https://pops.example/pb?cid=1&key=***",)]


def test_money_and_times_are_exact(dsn: str) -> None:
    amounts = ["0.00000001", "-1.20", "9999999999999999.99999999", "1E+3", "0"]
    moments = [0, 1, 999, 1000, 999_999_999_999, NOW + 7, 4_102_444_799_999]
    lot = [click(n, cost=Decimal(amounts[n % 5]), received_at=moments[n]) for n in range(len(moments))]
    write(dsn, "events", on_topic("events", lot))
    found = rows(dsn, "SELECT cost, toUnixTimestamp64Milli(received_at) FROM clicks FINAL ORDER BY clicked_at")
    assert found == [(one.cost, one.received_at) for one in lot]


@pytest.mark.parametrize("topic", ["events", "outcomes", "deliveries", "invalid"])
def test_bytes_that_are_no_record_become_invalid_and_the_rest_goes_on(dsn: str, topic: str) -> None:
    good = {
        "events": click(1),
        "outcomes": outcome(click(1), at=1),
        "deliveries": delivery(click(1), 0, "scheduled"),
        "invalid": Invalid(invalid_id="i1", received_at=NOW, kind="click", code="bad_click_id"),
    }[topic]
    table = {"events": "clicks", "outcomes": "postbacks"}.get(topic, topic)
    write(dsn, topic, on_topic(topic, [b"{nonsense", good, b'{"type":"click","v":99}', b"\xff\xfe"]))
    invalid = rows(dsn, "SELECT invalid_id, code, raw FROM invalid FINAL WHERE kind = 'record' ORDER BY version")
    assert invalid == [
        (invalid_id(topic, 0, 0), "not_json", "{nonsense"),
        (invalid_id(topic, 0, 2), "newer_format", '{"type":"click","v":99}'),
        (invalid_id(topic, 0, 3), "not_json", "//4="),
    ]
    assert rows(
        dsn, f"SELECT count() FROM {table} FINAL WHERE true" + " AND kind != 'record'" * (topic == "invalid")
    ) == [(1,)]


def test_a_row_that_clickhouse_refuses_goes_to_invalid_with_its_words_and_the_rest_is_written(dsn: str) -> None:
    rows(dsn, "ALTER TABLE clicks ADD CONSTRAINT no_poison CHECK campaign != 'poison'")
    lot = on_topic("events", [click(n, campaign="poison" if n in (17, 333) else "spring") for n in range(500)])
    write(dsn, "events", lot)
    assert rows(dsn, "SELECT count(), uniqExact(click_id) FROM clicks") == [(498, 498)]  # no FINAL: written once
    found = rows(dsn, "SELECT kind, code, position(detail, 'no_poison') > 0, raw FROM invalid FINAL ORDER BY version")
    assert found == [("row", "clickhouse_469", 1, lot[at].value.decode()) for at in (17, 333)]


def test_a_record_that_both_its_tables_refuse_is_kept_for_each_of_them(dsn: str) -> None:
    for table in ("conversions", "postbacks"):
        rows(dsn, f"ALTER TABLE {table} ADD CONSTRAINT no_poison CHECK campaign != 'poison'")
    lot = [outcome(click(n, campaign="poison" if n == 3 else "spring"), at=n) for n in range(6)]
    write(dsn, "outcomes", on_topic("outcomes", lot))
    for table in ("conversions", "postbacks"):
        assert rows(dsn, f"SELECT count() FROM {table} FINAL") == [(5,)]
    refused = rows(dsn, "SELECT invalid_id, kind FROM invalid FINAL ORDER BY invalid_id")
    expected = sorted(invalid_id(f"outcomes/{table}", 0, 3) for table in ("conversions", "postbacks"))
    assert refused == [(one, "row") for one in expected]


def test_conversions_are_there_before_the_postbacks_that_made_them(dsn: str) -> None:
    written: list[str] = []

    class Watched(Database):
        async def insert(self, table: Table, body: bytes) -> None:
            await super().insert(table, body)
            written.append(table.name)

    async def use() -> None:
        database = Watched(dsn)
        writer = Writer(database, SinkMetrics())
        await partition_on(writer, "outcomes").process(on_topic("outcomes", [outcome(click(1), at=1)]), silent=False)
        await writer.stop()
        await database.close()

    asyncio.run(use())
    assert written == ["conversions", "postbacks"]


def test_partitions_that_write_at_the_same_time_share_one_insert(dsn: str) -> None:
    async def use(partition_of: PartitionOf, writers: Writers) -> int:
        lots = [on_topic("events", [click(n)], first=n) for n in range(50)]
        await asyncio.gather(*[partition_of("events").process(lot, silent=False) for lot in lots])
        return writers["events"].inserts

    assert sink(dsn, use) == 1
    assert rows(dsn, "SELECT count() FROM clicks") == [(50,)]


def test_records_that_another_worker_has_sent_are_not_written_again(dsn: str) -> None:
    async def use(partition_of: PartitionOf, _: Writers) -> None:
        await partition_of("events").process(on_topic("events", [click(1)]), silent=True)

    sink(dsn, use)
    assert rows(dsn, "SELECT count() FROM clicks") == [(0,)]
