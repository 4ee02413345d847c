"""Sending outputs to Kafka, and knowing that they are there."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.settings.servers import Kafka
from streams.adapters.kafka import connection

KeyValue = tuple[bytes | None, bytes]
_BATCH_BYTES = 1 << 20


class Producer:
    """Sends whole batches to one partition and waits for the broker's acknowledgement (acks=all, idempotent).

    aiokafka has one request under way to a broker. Where several partitions send and wait, they come to wait for the
    same one and then all have work at once: with two lanes some work while the others wait. A partition keeps its lane,
    so its records stay in order.
    """

    def __init__(self, kafka: Kafka, lanes: int = 1) -> None:
        self._kafka, self._count = kafka, lanes
        self._lanes: list[AIOKafkaProducer] = []

    async def start(self) -> None:
        """Connect."""
        for _ in range(self._count):
            lane = AIOKafkaProducer(
                **connection(self._kafka),
                acks="all",
                enable_idempotence=True,
                max_batch_size=_BATCH_BYTES,
                max_request_size=4 * _BATCH_BYTES,
                request_timeout_ms=120_000,  # also how long a broker that went away is waited for
            )
            self._lanes.append(lane)
            await lane.start()

    async def send(self, topic: str, partition: int, records: Iterable[KeyValue]) -> list[tuple[int, int]]:
        """Append records in order. Returns (base offset, count) of each batch that was acknowledged, in order.

        Raises KafkaError where any of them was not: then some may be in the log and some not.
        """
        futures: list[tuple[asyncio.Future[Any], int]] = []
        lane = self._lanes[partition // 2 % self._count]  # a worker's partitions are neighbours, or every other one
        batch = lane.create_batch()
        for key, value in records:
            if batch.append(key=key, value=value, timestamp=None) is None:
                futures.append(await _flush(lane, batch, topic, partition))
                batch = lane.create_batch()
                if batch.append(key=key, value=value, timestamp=None) is None:
                    raise ValueError(f"a record of {len(value)} bytes for {topic} does not fit a batch")
        if batch.record_count():
            futures.append(await _flush(lane, batch, topic, partition))
        return [((await future).offset, count) for future, count in futures]

    async def stop(self) -> None:
        """Disconnect."""
        for lane in self._lanes:
            await lane.stop()


async def _flush(lane: AIOKafkaProducer, batch: Any, topic: str, partition: int) -> tuple[asyncio.Future[Any], int]:
    batch.close()
    return await lane.send_batch(batch, topic, partition=partition), batch.record_count()
