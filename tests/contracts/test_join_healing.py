"""Long stretches of the log are folded by processes of their own, which never outlive who waits for them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import psutil
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
from tests.polling import until
from tests.properties.logs import SEED
from tests.support.pipeline import Pipeline
from tests.support.roles import started
from tests.support.traffic import Traffic

pytestmark = pytest.mark.kafka

PARTITIONS = 2
NEVER = 1 << 30  # an offset that no log here comes to


@pytest.fixture(scope="module")
def pipeline(kafka: KafkaServer) -> Iterator[Pipeline]:
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    made = Pipeline(kafka.bootstrap, PARTITIONS)
    made.send(Traffic(SEED).events(400))
    yield made
    made.close()


def role(pipeline: Pipeline, data: Path) -> AbstractAsyncContextManager[JoinRole]:
    settings = Settings(kafka=Kafka(bootstrap=pipeline.bootstrap))
    return started(JoinRole(settings, data, PARTITIONS, JoinMetrics(CollectorRegistry())))


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "streams.agents.join_healer" in one.cmdline()]


def known(store: StateStore) -> tuple[object, ...]:
    """All of a state but the index of days, whose rows depend on where a batch ends."""
    rows = {bytes(key): bytes(value) for key, value in store._db.items()}
    return store.position, {key: value for key, value in rows.items() if key[:1] != b"d"}


def test_a_lost_disk_is_folded_beside_the_worker_to_the_same_state(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    async def stand(partition: JoinPartition, end: int, log: JoinRole) -> tuple[object, ...]:
        at = await partition.open(end, told.append)
        async for records in log.log.read(EVENTS, partition._number, at, end):
            await partition.process(records, silent=True)
        found = known(partition._store)
        await partition.close()
        return found

    async def use(data: Path) -> list[tuple[object, ...]]:
        async with role(pipeline, data) as made:
            ends = pipeline.ends().items()
            return await asyncio.gather(*(stand(made.partition(TP(EVENTS, n)), end, made) for n, end in ends))

    here = asyncio.run(use(tmp_path / "here"))
    assert told == [], "so few are folded here"
    monkeypatch.setattr(join, "FAR", 1)
    assert asyncio.run(use(tmp_path / "beside")) == here
    assert sum(told) == sum(pipeline.ends().values())
    assert children() == []


def test_who_loses_the_partition_meanwhile_lets_go_of_its_folder(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(join, "FAR", 1)

    async def use() -> None:
        async with role(pipeline, tmp_path) as made:
            healed = asyncio.Event()
            partition = made.partition(TP(EVENTS, 0))
            opening = asyncio.create_task(partition.open(NEVER, lambda _: healed.set()))
            await asyncio.wait_for(healed.wait(), 120)
            assert len(children()) == 1
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            assert children() == []
            StateStore(partition._at, partition._stamp).close()  # RocksDB lets one in at a time

    asyncio.run(use())


def test_who_loses_the_partition_while_it_is_being_opened_lets_go_of_its_folder(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    async def use() -> None:
        async with role(pipeline, tmp_path) as made:
            partition = made.partition(TP(EVENTS, 0))
            opening = asyncio.create_task(partition.open(0, print))
            await asyncio.sleep(0)  # it waits for the broker's answer now
            assert partition._at.is_dir()
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            StateStore(partition._at, partition._stamp).close()

    asyncio.run(use())


def test_kill_9_of_the_worker_leaves_no_process(pipeline: Pipeline, tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from schemas.settings.servers import Kafka;"
        "from streams.adapters.state import Stamp; from streams.agents.healing import Healing, Stretch;"
        f"stretch = Stretch(0, Path(sys.argv[2]), Stamp({PARTITIONS}, 'topic'), 0, {NEVER});"
        "healing = Healing(Kafka(bootstrap=sys.argv[1]), 'streams.agents.join_healer');"
        "asyncio.run(healing.fold(stretch, lambda count: print(count, flush=True)))"
    )
    argv = [sys.executable, "-c", program, pipeline.bootstrap, str(tmp_path / "0")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert int(worker.stdout.readline()) > 0
        (child,) = psutil.Process(worker.pid).children()
        os.kill(worker.pid, signal.SIGKILL)
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 30, "the process has ended")
