"""Whole batches, filled into kafka-python by its private API: what an upgrade of it must not change."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaProducer

from ingest.group import Group
from ingest.kafka_client import close, producer_options
from schemas.settings.servers import Kafka
from tests.ingest_process import Topics
from tests.kafka_server import KafkaServer

pytestmark = pytest.mark.kafka
SECONDS = 60.0


@pytest.fixture
def producer(kafka: KafkaServer) -> Iterator[Any]:
    made = KafkaProducer(**producer_options(Kafka(bootstrap=kafka.bootstrap), SECONDS))
    yield made
    close(made, SECONDS)


async def sent(producer: Any, topic: str, values: list[bytes]) -> dict[int, BaseException]:
    """Send these as one group. Returns the errors by the numbers of the records."""
    group = Group(asyncio.get_running_loop(), SECONDS, lambda _: None)
    for value in values:
        group.add(topic, 0, b"key", value)
    group.send(producer)
    await group.answer.within()
    assert all(group.is_acknowledged(number) != (number in group.errors) for number in range(len(values)))
    return group.errors


def lying(kafka: KafkaServer, topic: str) -> list[bytes]:
    return [value for _, _, value in Topics(kafka.bootstrap).read(topic)]


def test_a_batch_that_the_broker_finds_too_large_is_sent_in_halves_and_each_record_of_it_is_answered_for(
    kafka: KafkaServer, producer: Any
) -> None:
    topic = kafka.fresh_topic(max_message_bytes="2000")
    values = [bytes([65 + number]) * 700 for number in range(9)]
    assert producer.partitions_for(topic)
    assert asyncio.run(sent(producer, topic, values)) == {}
    assert sorted(lying(kafka, topic)) == values
    errors = asyncio.run(sent(producer, topic, [b"a" * 100, b"b" * 3000]))
    assert {number: type(error).__name__ for number, error in errors.items()} == {1: "MessageSizeTooLargeError"}


def test_records_of_more_than_a_batch_lie_there_in_their_order(kafka: KafkaServer, producer: Any) -> None:
    topic = kafka.fresh_topic()
    values = [b"%04d" % number + b"." * 100_000 for number in range(7)]
    assert producer.partitions_for(topic)
    assert asyncio.run(sent(producer, topic, values)) == {}
    assert lying(kafka, topic) == values


def test_a_producer_that_is_closed_refuses_every_record_at_once(kafka: KafkaServer) -> None:
    topic = kafka.fresh_topic()
    producer = KafkaProducer(**producer_options(Kafka(bootstrap=kafka.bootstrap), SECONDS))
    close(producer, SECONDS)
    assert set(asyncio.run(sent(producer, topic, [b"a", b"b"]))) == {0, 1}
