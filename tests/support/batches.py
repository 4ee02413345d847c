"""A Faust app on the batch transport, and what it takes to watch it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from time import monotonic

from aiokafka import ConsumerRecord
from kafka import KafkaAdminClient, KafkaProducer

from streams.batches import BatchApp, batches_of
from tests.kafka_server import KafkaServer

Batch = Sequence[ConsumerRecord]
Take = Callable[[Batch], Awaitable[None]]
PARTITIONS = 3


class Taken:
    """Keeps every batch that came."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    async def __call__(self, batch: Batch) -> None:
        self.batches.append(batch)

    def __len__(self) -> int:
        return sum(map(len, self.batches))

    def values(self, partition: int) -> list[bytes]:
        return [one.value for batch in self.batches for one in batch if one.partition == partition]


async def soon(fn: Callable[[], object], what: str, seconds: float = 30) -> None:
    """As tests.polling.until, on the loop."""
    deadline = monotonic() + seconds
    while not fn():
        assert monotonic() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.05)


def make_topic(kafka: KafkaServer, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:
        wanted = {topic: {"num_partitions": PARTITIONS, "replication_factor": 1, "configs": {}}}
        admin.create_topics(wanted, wait_for_metadata=True)
    finally:
        admin.close()


def produce(kafka: KafkaServer, topic: str, count: int, first: int = 0, quiet: Collection[int] = ()) -> None:
    """`count` records on each partition that is not to stay quiet."""
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", linger_ms=5)
    for number in range(first, first + count):
        for partition in set(range(PARTITIONS)).difference(quiet):
            producer.send(topic, b"%d" % number, key=b"\xff raw", partition=partition)
    producer.flush(30)
    producer.close()


def committed(kafka: KafkaServer, group: str, topic: str) -> dict[int, int]:
    """The committed offset of each partition that has one."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:
        told = admin.list_group_offsets({group: None})[group]
    finally:
        admin.close()
    return {tp.partition: at.offset for tp, at in told.items() if tp.topic == topic and at.offset >= 0}


@asynccontextmanager
async def worker(kafka: KafkaServer, topic: str, take: Take) -> AsyncIterator[BatchApp]:
    """A Faust app on this topic, in a group of the topic's name."""
    with TemporaryDirectory() as folder:
        app = BatchApp(topic, kafka.bootstrap, session_timeout=6, datadir=folder)
        batches_of(app, [topic], take)
        await app.start()
        try:
            yield app
        finally:
            await app.stop()
