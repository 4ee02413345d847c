"""The runner of a partition on Apache Kafka: whatever Faust delivers, each record is processed once, in order."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from faust.types import TP
from kafka.errors import KafkaError

from schemas.settings.servers import Kafka
from streams.adapters.kafka import Log
from streams.runner import Runner
from streams.worker_metrics import Processed, WorkerMetrics
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.support.batches import PARTITIONS, Batch, Taken, committed, produce, soon, worker

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka: KafkaServer) -> str:
    return kafka.fresh_topic("runner", PARTITIONS)


def coordinates(kafka: KafkaServer, group: str) -> bool:
    try:
        return committed(kafka, group, "") == {}
    except KafkaError:
        return False


def uncounted(topic: str) -> Processed:
    return WorkerMetrics("test").processed(TP(topic, 0))


class Keeper:
    """A Partition that keeps the offsets it was given."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.silent: list[int] = []

    async def open(self, committed: int, healed: Callable[[int], None]) -> int:
        return 0

    async def process(self, records: Batch, *, silent: bool) -> None:
        (self.silent if silent else self.offsets).extend(record.offset for record in records)

    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    "hints",
    [
        [range(30)],
        [range(5), range(5, 30)],
        [range(5), range(3, 12), range(30)],  # twice, after Faust went back
        [range(10, 30)],  # skipped at the beginning
        [range(5), range(20, 30)],  # skipped in the middle
        [[5, 6], [5], [8], [29]],  # as many as there should be, and yet not those
        [[29]],
    ],
)
def test_whatever_faust_delivers_each_record_is_processed_once_in_order(
    kafka: KafkaServer, topic: str, hints: list[Sequence[int]]
) -> None:
    """Faust's delivery is a hint. What it skipped is read from the log, what it repeats is left out."""
    keeper, done = Keeper(), list[int]()

    async def run() -> None:
        log = Log(Kafka(bootstrap=kafka.bootstrap))
        await log.start()
        lying = [record async for chunk in log.read(topic, 0, 0, 30) for record in chunk]
        runner = Runner(TP(topic, 0), topic, keeper, log, lambda _, at: done.append(at), 4, uncounted(topic))
        for offsets in hints:
            await runner.hint([lying[offset] for offset in offsets])
        task = asyncio.create_task(runner.run())
        await soon(lambda: runner.next == 30 or task.done(), "all are processed")
        assert task.cancel(), task.exception()
        await runner.close()
        await log.stop()

    produce(kafka, topic, 30)
    until(lambda: coordinates(kafka, topic), 30, "the broker coordinates groups: a new one takes a while")
    asyncio.run(run())
    assert keeper.offsets == list(range(30))
    assert done == sorted(done)
    assert done[-1] == 30


def test_below_what_was_committed_a_partition_folds_silently(kafka: KafkaServer, topic: str) -> None:
    keeper = Keeper()

    async def run() -> None:
        log = Log(Kafka(bootstrap=kafka.bootstrap))
        await log.start()
        async with worker(kafka, topic, Taken()) as app:
            await soon(lambda: app.consumer.assignment(), "it has partitions")
            app.consumer.done(TP(topic, 0), 20)
            await soon(lambda: committed(kafka, topic, topic), "it is committed")
        runner = Runner(TP(topic, 0), topic, keeper, log, lambda *_: None, 7, uncounted(topic))
        task = asyncio.create_task(runner.run())
        await soon(lambda: runner.next == 20 or task.done(), "it has healed")
        lying = [record async for chunk in log.read(topic, 0, 25, 30) for record in chunk]
        await runner.hint(lying)
        await soon(lambda: runner.next == 30 or task.done(), "it goes on")
        assert task.cancel(), task.exception()
        await log.stop()

    produce(kafka, topic, 30)
    asyncio.run(run())
    assert keeper.silent == list(range(20))
    assert keeper.offsets == list(range(20, 30))
