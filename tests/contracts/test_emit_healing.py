"""A long stretch of `deliveries` is folded by processes beside the worker, to the state that it would have folded."""

import asyncio
from asyncio.subprocess import Process
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import psutil
import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from schemas.records import Delivery
from schemas.settings.file import Settings
from schemas.settings.servers import Kafka
from schemas.topics import DELIVERIES, OUTCOMES
from schemas.wire import encode
from streams.adapters.pending_store import PendingStore
from streams.adapters.producer import Producer
from streams.agents import emit_partition
from streams.agents.emit import EmitRole
from streams.agents.emit_partition import EmitPartition
from streams.agents.healing import Healing
from streams.metrics import EmitMetrics
from tests.emit_process import PARTITIONS, fresh_topics
from tests.emit_samples import delivery
from tests.kafka_server import KafkaServer
from tests.support.roles import started

pytestmark = pytest.mark.kafka

TOLD = [delivery(n, destination="source/pops") for n in range(200)]
TRIED = [delivery(n, "delivered" if n % 2 else "retry", 1, destination="source/pops") for n in range(100)]


def role(kafka: KafkaServer, data: Path) -> AbstractAsyncContextManager[EmitRole]:
    """It has no lease, and so sends nothing."""
    settings = Settings(kafka=Kafka(bootstrap=kafka.bootstrap))
    return started(EmitRole(settings, data, PARTITIONS, EmitMetrics(CollectorRegistry())))


async def append(kafka: KafkaServer, told: list[Delivery]) -> None:
    producer = Producer(Kafka(bootstrap=kafka.bootstrap))
    await producer.start()
    for number in range(PARTITIONS):
        mine = [(one.click_id.encode(), encode(one)) for one in told if int(one.delivery_id, 16) % PARTITIONS == number]
        await producer.send(DELIVERIES, number, [*mine, (b"", b"no delivery")])
    await producer.stop()


State = tuple[int, dict[str, int], dict[bytes, bytes]]


def known(store: PendingStore | None) -> State:
    assert store is not None
    rows = {bytes(key): bytes(value) for key, value in store._db.items() if key != b"\0at"}
    return store.offset, store.pending_by_destination, rows


async def stand(partition: EmitPartition) -> State:
    try:
        await partition.open(0, lambda _: None)
        return known(partition._store)
    finally:
        await partition.close()


def test_a_lost_disk_is_folded_beside_the_worker_to_the_same_state(
    kafka: KafkaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[int] = []
    start = Healing._start

    async def noted(self: Healing) -> Process:
        process = await start(self)
        began.append(process.pid)
        return process

    async def use(data: Path) -> list[State]:
        async with role(kafka, data) as made:
            partitions = [made.partition(TP(OUTCOMES, number)) for number in range(PARTITIONS)]
            return await asyncio.gather(*(stand(one) for one in partitions if isinstance(one, EmitPartition)))

    monkeypatch.setattr(Healing, "_start", noted)
    fresh_topics(kafka.bootstrap)
    asyncio.run(append(kafka, [*TOLD, *TRIED]))
    here = asyncio.run(use(tmp_path / "here"))
    assert sum(len(rows) for _, _, rows in here) == 200 + 150, "a standing of each, and what waits"
    assert began == [], "so few are folded here"
    monkeypatch.setattr(emit_partition, "FAR", 1)
    assert asyncio.run(use(tmp_path / "beside")) == here
    assert began
    assert not any(psutil.pid_exists(pid) for pid in began)
