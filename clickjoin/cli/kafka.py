"""Kafka, as commands that append records ask for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from clickjoin.cli.options import fail
from schemas.settings.file import Settings


@contextmanager
def kafka(settings: Settings) -> Iterator[int]:
    """The number of partitions. Exits with 1, naming the address, where Kafka does not answer."""
    from aiokafka.errors import KafkaError

    from clickjoin.status.overall import nobody_listens
    from schemas.topics import TOPICS
    from streams.adapters.kafka import wait_for_broker

    silent = [nobody_listens(server) for server in settings.kafka.servers.split(",")]
    if all(silent):
        fail(f"Kafka: {'; '.join(silent)}")
    try:
        yield asyncio.run(wait_for_broker(settings.kafka, TOPICS))
    except (KafkaError, ValueError, OSError) as error:
        fail(f"Kafka at {settings.kafka.servers}: {error}")
