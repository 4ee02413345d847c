"""The batch transport on Apache Kafka: how records arrive, and what is committed. A change inside Faust shows here."""

import asyncio
from time import CLOCK_BOOTTIME, clock_gettime

import faust
import pytest
from faust.types import TP

from streams import batches
from streams.batches import FETCH_WAIT_MS, BatchConsumer
from tests.kafka_server import KafkaServer
from tests.support.batches import PARTITIONS, Batch, Taken, committed, make_topic, produce, soon, worker

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka: KafkaServer) -> str:
    return kafka.fresh_topic("batches", PARTITIONS)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchConsumer, "batch_records", 100)


def test_faust_is_the_one_that_this_was_proved_with() -> None:
    """Another version: run this file and the chaos tests, then change the number here and in pyproject.toml."""
    assert faust.__version__ == "0.15.3"


def test_batches_hold_the_records_of_one_partition_in_order_as_they_lie_there(kafka: KafkaServer, topic: str) -> None:
    taken = Taken()

    async def run() -> None:
        async with worker(kafka, topic, taken) as app:
            await soon(lambda: len(taken) == 350 * PARTITIONS, "everything arrives")
            fetcher = app.consumer._thread._consumer._fetcher  # where Faust's own wait would keep a backlog waiting
            assert fetcher._fetch_max_wait_ms == FETCH_WAIT_MS

    produce(kafka, topic, 350)
    asyncio.run(run())
    for batch in taken.batches:
        assert len(batch) <= 100
        assert len({one.partition for one in batch}) == 1
    for partition in range(PARTITIONS):
        assert taken.values(partition) == [b"%d" % number for number in range(350)]
    assert {(one.topic, one.key) for batch in taken.batches for one in batch} == {(topic, b"\xff raw")}
    assert len(taken.batches) < 60, "these are hardly batches"


@pytest.mark.parametrize("quiet", [set(), {0}])
def test_where_enough_waits_to_be_taken_more_is_fetched_as_soon_as_little_does(
    kafka: KafkaServer, topic: str, quiet: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a pause of Faust's nor a partition that has nothing keeps a backlog waiting."""
    monkeypatch.setattr(batches, "FETCH_SECONDS", 3600.0)
    taken, may_take = Taken(), asyncio.Event()
    first, *others = sorted(set(range(PARTITIONS)) - quiet)

    async def take(batch: Batch) -> None:
        await may_take.wait()
        await taken(batch)

    async def run() -> None:
        async with worker(kafka, topic, take) as app:
            await soon(lambda: app.consumer._buffered_partitions, "enough of the first waits to be taken")
            await asyncio.to_thread(produce, kafka, topic, 10, 0, {first, *quiet})
            await soon(lambda: len(app.consumer._buffered_partitions) == 1 + len(others), "and then of the others")
            await asyncio.to_thread(produce, kafka, topic, 500, 10, quiet)
            may_take.set()
            await soon(lambda: len(taken) == 1900 + 510 * len(others), "everything arrives")

    produce(kafka, topic, 1400, 0, {*others, *quiet})
    asyncio.run(run())


def test_a_group_that_was_formed_before_its_topic_was_known_gets_it_soon(kafka: KafkaServer, topic: str) -> None:
    """A broker that was killed may let workers join before it knows its own topics again."""
    later, taken = f"{topic}-later", Taken()

    async def run() -> None:
        async with worker(kafka, later, taken) as app:
            await soon(lambda: app.consumer_generation_id > 0, "the group is formed", 60)
            await asyncio.to_thread(make_topic, kafka, later)
            await asyncio.to_thread(produce, kafka, later, 5)
            await soon(lambda: len(taken) == 5 * PARTITIONS, "everything arrives", 90)

    asyncio.run(run())


def test_only_what_was_said_to_be_done_is_committed(kafka: KafkaServer, topic: str) -> None:
    taken = Taken()

    async def run() -> None:
        async with worker(kafka, topic, taken) as app:
            await soon(lambda: len(taken) == 50 * PARTITIONS, "everything arrives")
            app.consumer.done(TP(topic, 0), 7)
            app.consumer.done(TP(topic, 1), 50)
            await soon(lambda: committed(kafka, topic, topic) == {0: 7, 1: 50}, "that much is committed")
            app.consumer.done(TP(topic, 0), 3)  # it never goes back
            await app.consumer.commit()
        assert committed(kafka, topic, topic) == {0: 7, 1: 50}, "stopping committed more"

    produce(kafka, topic, 50)
    asyncio.run(run())


def test_the_next_worker_resumes_where_the_last_was_done(kafka: KafkaServer, topic: str) -> None:
    first, second = Taken(), Taken()

    async def run() -> None:
        async with worker(kafka, topic, first) as app:
            await soon(lambda: len(first) == 50 * PARTITIONS, "everything arrives")
            for partition in range(PARTITIONS):
                app.consumer.done(TP(topic, partition), 40)
            await soon(lambda: len(committed(kafka, topic, topic)) == PARTITIONS, "it is committed")
        async with worker(kafka, topic, second):
            await soon(lambda: len(second) == 10 * PARTITIONS, "the rest arrives")

    produce(kafka, topic, 50)
    asyncio.run(run())
    for partition in range(PARTITIONS):
        assert second.values(partition) == [b"%d" % number for number in range(40, 50)]


def test_an_agent_that_is_slow_commits_nothing(kafka: KafkaServer, topic: str) -> None:
    began, cancelled = asyncio.Event(), False

    async def take(batch: Batch) -> None:
        nonlocal cancelled
        began.set()
        try:
            await asyncio.Event().wait()  # for ever, until the worker is stopped
        except asyncio.CancelledError:
            cancelled = True
            raise

    async def run() -> None:
        async with worker(kafka, topic, take) as app:
            await asyncio.wait_for(began.wait(), 30)
            for _ in range(3):
                await app.consumer.commit()
            assert committed(kafka, topic, topic) == {}

    produce(kafka, topic, 50)
    asyncio.run(run())
    assert cancelled
    assert committed(kafka, topic, topic) == {}, "Faust acknowledged what was cancelled"


def test_an_agent_that_raised_commits_nothing(kafka: KafkaServer, topic: str) -> None:
    """It must not raise; but if it does, nothing is lost in silence."""
    came = 0

    async def take(batch: Batch) -> None:
        nonlocal came
        came += 1
        raise RuntimeError("a bug")

    async def run() -> None:
        async with worker(kafka, topic, take) as app:
            await soon(lambda: came, "a batch arrives")
            await app.consumer.commit()

    produce(kafka, topic, 50)
    asyncio.run(run())
    assert committed(kafka, topic, topic) == {}


def test_it_commits_also_where_nothing_advances(
    kafka: KafkaServer, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each success says with the moment at which it began that the partitions are still ours."""
    moments: list[float] = []
    monkeypatch.setattr(BatchConsumer, "committed_at", staticmethod(moments.append))
    taken = Taken()

    async def run() -> None:
        async with worker(kafka, topic, taken) as app:
            await soon(lambda: len(taken), "something arrives")
            assert moments == [], "it committed what nobody had done"
            app.consumer.done(TP(topic, 0), 1)
            await soon(lambda: len(moments) >= 4, "it commits by itself, again and again", 10)

    produce(kafka, topic, 5)
    before = clock_gettime(CLOCK_BOOTTIME)
    asyncio.run(run())
    assert before < moments[0]
    assert moments == sorted(moments)
    assert moments[-1] < clock_gettime(CLOCK_BOOTTIME)


def test_what_was_forgotten_is_not_committed(kafka: KafkaServer, topic: str) -> None:
    taken = Taken()

    async def run() -> None:
        async with worker(kafka, topic, taken) as app:
            await soon(lambda: len(taken) == 5 * PARTITIONS, "everything arrives")
            app.consumer.done(TP(topic, 0), 5)
            app.consumer.done(TP(topic, 1), 5)
            app.consumer.forget([TP(topic, 0)])
            await soon(lambda: committed(kafka, topic, topic), "the other is committed")

    produce(kafka, topic, 5)
    asyncio.run(run())
    assert committed(kafka, topic, topic) == {1: 5}


def test_a_second_worker_takes_over_a_part_and_nothing_is_lost(kafka: KafkaServer, topic: str) -> None:
    """Two in one group: after the rebalance both together see every record from what was committed on."""
    first, second = Taken(), Taken()

    async def run() -> None:
        async with worker(kafka, topic, first) as one:
            await soon(lambda: len(first) == 20 * PARTITIONS, "everything arrives")
            for partition in range(PARTITIONS):
                one.consumer.done(TP(topic, partition), 20)
            await soon(lambda: len(committed(kafka, topic, topic)) == PARTITIONS, "it is committed")
            async with worker(kafka, topic, second):
                await soon(lambda: len(one.consumer.assignment()) < PARTITIONS, "they share")
                await asyncio.to_thread(produce, kafka, topic, 20, 20)
                await soon(lambda: len(everything(first, second)) == 40 * PARTITIONS, "the rest arrives")

    produce(kafka, topic, 20)
    asyncio.run(run())
    assert len(second) > 0


def everything(*taken: Taken) -> set[tuple[int, int]]:
    return {(record.partition, record.offset) for one in taken for batch in one.batches for record in batch}
