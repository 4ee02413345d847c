"""Outputs on Apache Kafka: in order, where they are said to be, and not all waiting for the same answer."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from schemas.settings.servers import Kafka
from streams.adapters.kafka import Log
from streams.adapters.producer import KeyValue, Producer
from tests.kafka_server import KafkaServer
from tests.support.roles import started

pytestmark = pytest.mark.kafka

PARTITIONS = 4


def producing(kafka: KafkaServer, lanes: int) -> AbstractAsyncContextManager[Producer]:
    return started(Producer(Kafka(bootstrap=kafka.bootstrap), lanes))


async def lying_in(kafka: KafkaServer, topic: str, partition: int) -> list[tuple[int, KeyValue]]:
    async with started(Log(Kafka(bootstrap=kafka.bootstrap))) as log:
        chunks = log.read(topic, partition, 0, await log.end(topic, partition))
        return [(record.offset, (record.key, record.value)) async for chunk in chunks for record in chunk]


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_each_partition_has_its_records_in_order_and_where_it_was_told(kafka: KafkaServer, lanes: int) -> None:
    topic = kafka.fresh_topic(partitions=PARTITIONS)
    sent: dict[int, list[KeyValue]] = {number: [] for number in range(PARTITIONS)}
    told: dict[int, list[int]] = {number: [] for number in range(PARTITIONS)}

    async def send(producer: Producer, number: int) -> None:
        for lot in range(5):
            records: list[KeyValue] = [(b"%d" % lot, b"%d " % n * 60_000) for n in range(10)]  # more than one batch
            sent[number] += records
            for base, count in await producer.send(topic, number, records):
                told[number] += range(base, base + count)

    async def send_to_all() -> dict[int, list[tuple[int, KeyValue]]]:
        async with producing(kafka, lanes) as producer:
            await asyncio.gather(*[send(producer, number) for number in range(PARTITIONS)])
        return {number: await lying_in(kafka, topic, number) for number in range(PARTITIONS)}

    found = asyncio.run(send_to_all())
    assert {number: [record for _, record in records] for number, records in found.items()} == sent
    assert {number: [offset for offset, _ in records] for number, records in found.items()} == told


def held(lane: AIOKafkaProducer, until: asyncio.Event) -> None:
    """Its requests reach the broker, and their answers come later."""
    send: Callable[..., Any] = lane.client.send

    async def answer_later(*args: Any, **kwargs: Any) -> Any:
        answer = await send(*args, **kwargs)
        await until.wait()
        return answer

    lane.client.send = answer_later


@pytest.mark.parametrize("mine", [(0, 1, 2, 3), (0, 2), (1, 3)])
def test_of_a_worker_s_partitions_some_go_on_while_the_others_wait_for_their_answer(
    kafka: KafkaServer, mine: tuple[int, ...]
) -> None:
    topic = kafka.fresh_topic(partitions=PARTITIONS)

    async def send_to_mine() -> set[int]:
        answers = asyncio.Event()
        async with producing(kafka, lanes=2) as producer:
            held(producer._lanes[0], answers)
            sending = {number: asyncio.create_task(producer.send(topic, number, [(None, b"1")])) for number in mine}
            await asyncio.wait(sending.values(), timeout=30, return_when=asyncio.FIRST_COMPLETED)
            went_on = {number for number, task in sending.items() if task.done()}
            answers.set()
            await asyncio.gather(*sending.values())
        assert [len(await lying_in(kafka, topic, number)) for number in mine] == [1] * len(mine)
        return went_on

    went_on = asyncio.run(send_to_mine())
    assert went_on
    assert went_on < set(mine)
