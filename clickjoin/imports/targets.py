"""Where imported rows go: records to the topic `events`, costs to their table."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from clickhouse_connect.driver.client import Client

from clickjoin.imports.costs import Cost
from schemas.records import Click, Postback
from schemas.settings.servers import Kafka
from schemas.topics import EVENTS, partition_of
from schemas.wire import encode
from sql.insert import insert
from streams.adapters.producer import KeyValue, Producer


def as_sent(record: Click | Postback) -> KeyValue:
    """A record as it lies on `events`."""
    key = record.click_id or getattr(record, "postback_id", "")
    return key.encode(), encode(record)


@asynccontextmanager
async def topic(
    kafka: Kafka, partitions: int, name: str = EVENTS
) -> AsyncIterator[Callable[[list[KeyValue]], Awaitable[None]]]:
    """What appends records to a topic, in order, and returns when the broker has them. It raises KafkaError."""
    producer = Producer(kafka)
    await producer.start()

    async def put(records: list[KeyValue]) -> None:
        by_partition = defaultdict[int, list[KeyValue]](list)
        for key, value in records:
            by_partition[partition_of(key or b"", partitions)].append((key, value))
        await asyncio.gather(*(producer.send(name, number, values) for number, values in by_partition.items()))

    try:
        yield put
    finally:
        await producer.stop()


def costs_into(client: Client) -> Callable[[list[Cost]], Coroutine[Any, Any, None]]:
    """What inserts costs, and returns when they are there. It raises clickhouse_connect's Error."""

    async def put(costs: list[Cost]) -> None:
        await asyncio.to_thread(insert, client, "costs", Cost._fields, costs)

    return put


async def nowhere(_: list[object]) -> None:
    """Of an import that only looks at the rows."""
