"""Records as they lie on the topics, for tests of the sink and of the reports."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from aiokafka import ConsumerRecord
from clickhouse_connect.driver.client import Client

from schemas import ids
from schemas.record import Record
from schemas.records import Click, Conversion, Delivery, Outcome, Postback
from schemas.versions import version
from schemas.wire import encode
from sql.connect import connect
from sql.migrate import migrate
from streams.adapters.clickhouse import ClickHouse as Database
from streams.agents.sink import SinkPartition
from streams.agents.sink_writer import Writer
from streams.metrics import SinkMetrics
from tests.contracts.clickhouse_front import ClickHouse

T = TypeVar("T")
NOW = 1_790_000_000_000
SECRET = b"tests"


def dsn_of(clickhouse: ClickHouse, database: str) -> str:
    """The DSN of a database with all tables in it."""
    dsn = f"http://{clickhouse.user}:{clickhouse.password}@{clickhouse.host}:{clickhouse.port}/{database}"
    migrate(dsn)
    return dsn


def click(number: int, **facts: Any) -> Click:
    """A click of its own minute."""
    at = NOW + number * 60_000
    minted = ids.mint_click_id(SECRET, at, number.to_bytes(8, "big"))
    given: dict[str, Any] = {
        "click_id": minted,
        "clicked_at": at,
        "received_at": at,
        "campaign": "spring",
        "source": "pops",
    } | facts
    return Click(**given)


def outcome(of: Click, event: str = "install", *, at: int, word: str = "attributed", **facts: Any) -> Outcome:
    """What became of the one postback of this click and event; `at` is the offset that caused it."""
    amount, status = facts.get("payout", Decimal("1.20")), facts.get("status", "approved")
    postback = Postback(
        postback_id=facts.get("postback_id", f"{of.click_id}-{event}"),
        click_id=of.click_id,
        event=event,
        network="acme",
        received_at=NOW,
        payout=amount,
        currency="USD",
        status=status,
    )
    conversion = Conversion(
        conversion_id=ids.conversion_id(of.click_id, event),
        event=event,
        network="acme",
        postback_id=postback.postback_id,
        status=status,
        payout=amount,
        currency="USD",
        occurred_at=NOW,
        received_at=NOW,
        status_received_at=NOW,
        is_refund=facts.get("is_refund", False),
    )
    credited = word in ("attributed", "updated")
    return Outcome(
        outcome=word,  # type: ignore[arg-type]
        postback=postback,
        version=version(0, at),
        decided_at=NOW,
        conversion=conversion if credited else None,
        click=of if credited else None,
    )


def delivery(of: Click, attempt: int, state: str, **facts: Any) -> Delivery:
    """One step of the delivery of this click's install."""
    step: dict[str, Any] = {
        "delivery_id": ids.delivery_id(f"{of.click_id}-install", "c", "source/pops"),
        "state": state,
        "attempt": attempt,
        "destination": "source/pops",
        "conversion_id": ids.conversion_id(of.click_id, "install"),
        "postback_id": f"{of.click_id}-install",
        "click_id": of.click_id,
        "event": "install",
        "source": "pops",
        "at": NOW + attempt * 1000,
        "url": "https://pops.example/pb?cid=1&key=s3cret",
    }
    return Delivery(**step | facts)


def on_topic(topic: str, values: Sequence[Record | bytes], *, partition: int = 0, first: int = 0) -> list[Any]:
    """Values as Kafka hands them out, from the offset `first` on."""
    raw = [encode(value) if isinstance(value, Record) else value for value in values]
    return [
        ConsumerRecord(topic, partition, first + index, NOW, 1, b"key", value, None, 3, len(value), ())
        for index, value in enumerate(raw)
    ]


def sink(dsn: str, use: Callable[[Callable[[str], SinkPartition], dict[str, Writer]], Awaitable[T]]) -> T:
    """Run `use` with a sink on this database: it gets a maker of partitions by topic, and the writers."""

    async def run() -> T:
        database = Database(dsn)
        writers = {topic: Writer(database, SinkMetrics()) for topic in ("events", "outcomes", "deliveries", "invalid")}
        try:
            return await asyncio.wait_for(use(lambda topic: partition_on(writers[topic], topic), writers), 60)
        finally:
            for writer in writers.values():
                await writer.stop()
            await database.close()

    return asyncio.run(run())


def partition_on(writer: Writer, topic: str, *, epoch: int = 0) -> SinkPartition:
    """Partition 0 of a topic, whose first record says `epoch`."""

    async def find_epoch(topic: str, partition: int) -> int:
        return epoch

    return SinkPartition(topic, 0, writer, find_epoch)


def write(dsn: str, topic: str, *batches: Sequence[Any]) -> None:
    """Process batches of one partition, one after the other."""

    async def use(partition_of: Callable[[str], SinkPartition], _: dict[str, Writer]) -> None:
        partition = partition_of(topic)
        for batch in batches:
            await partition.process(batch, silent=False)

    sink(dsn, use)


def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    """The answer to a question."""
    client: Client = connect(dsn)
    try:
        return [tuple(row) for row in client.query(query).result_rows]
    finally:
        client.close()
