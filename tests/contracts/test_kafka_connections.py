"""Connections to Apache Kafka that broke, as aiokafka meets them on the loop that the workers run on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

import streams.adapters.kafka  # noqa: F401 - whoever uses Kafka has it heed closed connections
from tests.kafka_server import KafkaServer

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("run", [uvloop.run, asyncio.run])
def test_a_request_on_a_connection_that_was_closed_under_it_finds_a_broken_one(
    kafka: KafkaServer, run: Callable[..., Any]
) -> None:
    """The broker was killed: the transport knows, and the task that reads has not been told yet."""

    async def ask() -> None:
        host, port = kafka.bootstrap.split(":")
        connection: AIOKafkaConnection = await create_conn(host, int(port))
        assert (await connection.send(MetadataRequest([]))).brokers
        connection._writer.transport.abort()
        await asyncio.sleep(0)
        with pytest.raises(KafkaConnectionError):
            await connection.send(MetadataRequest([]))
        assert not connection.connected()

    run(ask())
