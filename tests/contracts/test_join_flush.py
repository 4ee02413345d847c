"""The state of a partition is brought to disk beside the records that follow."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from schemas.settings.file import Settings
from schemas.settings.servers import Kafka
from schemas.topics import EVENTS
from streams.adapters.state import StateStore
from streams.agents import join
from streams.agents.join import JoinPartition, JoinRole
from streams.metrics import JoinMetrics
from tests.kafka_server import KafkaServer
from tests.properties.logs import SEED
from tests.support.pipeline import Pipeline
from tests.support.roles import started
from tests.support.traffic import Traffic

pytestmark = pytest.mark.kafka

_DEADLINE = 60.0
_BATCH = 10


@pytest.fixture(scope="module")
def pipeline(kafka: KafkaServer) -> Iterator[Pipeline]:
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    made = Pipeline(kafka.bootstrap, 1)
    made.send(Traffic(SEED).events(100))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def flush_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join, "FLUSH_RECORDS", 1)


async def fold_all(role: JoinRole, partition: JoinPartition, end: int, after_each: Callable[[], None]) -> None:
    async for records in role.log.read(EVENTS, 0, await partition.open(0, print), end, most=_BATCH):
        await partition.process(records, silent=True)
        await asyncio.sleep(0)  # what it began, begins
        after_each()


def folded(pipeline: Pipeline, data: Path, after_each: Callable[[], None] = lambda: None) -> int:
    """Where the state on the disk stands after all of the log was folded and the partition was let go of."""

    async def use() -> int:
        made = JoinRole(Settings(kafka=Kafka(bootstrap=pipeline.bootstrap)), data, 1, JoinMetrics(CollectorRegistry()))
        async with started(made) as role:
            partition = role.partition(TP(EVENTS, 0))
            try:
                await asyncio.wait_for(fold_all(role, partition, pipeline.ends()[0], after_each), _DEADLINE)
            finally:
                await partition.close()
            store = StateStore(partition._at, partition._stamp)
            store.close()
            return store.position.next

    return asyncio.run(use())


def test_a_disk_that_takes_its_time_holds_up_no_record(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes, batches, may_end, flush = [], [], Event(), StateStore.flush

    def slow(store: StateStore) -> None:
        flushes.append(store.position.next)
        assert may_end.wait(_DEADLINE)
        flush(store)

    def after_each() -> None:
        batches.append(list(flushes))
        if len(batches) * _BATCH >= pipeline.ends()[0]:
            may_end.set()

    monkeypatch.setattr(StateStore, "flush", slow)
    assert folded(pipeline, tmp_path, after_each) == pipeline.ends()[0]
    assert len(batches) > 5
    assert len(batches[-1]) == 1, "one at a time"


def test_a_disk_that_fails_ends_the_partition(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Event()

    def fail(store: StateStore) -> None:
        failed.set()
        raise OSError("no space left on device")

    def after_each() -> None:
        assert failed.wait(_DEADLINE)

    monkeypatch.setattr(StateStore, "flush", fail)
    with pytest.raises(OSError, match="no space left"):
        folded(pipeline, tmp_path, after_each)
