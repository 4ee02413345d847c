"""Kafka beside Faust: how every client connects, reading the log again, asking for offsets."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context
from aiokafka.structs import OffsetAndMetadata

from schemas.settings.servers import Kafka
from streams.adapters.connections import heed_closed_connections

heed_closed_connections()
log = structlog.get_logger(__name__)


def connection(kafka: Kafka) -> dict[str, Any]:
    """The arguments with which every aiokafka client connects."""
    security = kafka.security
    options: dict[str, Any] = {"bootstrap_servers": kafka.servers, "security_protocol": security.protocol}
    if security.mechanism:
        options |= {
            "sasl_mechanism": security.mechanism,
            "sasl_plain_username": security.username,
            "sasl_plain_password": security.password.get_secret_value(),
        }
    if security.protocol.endswith("SSL"):
        options["ssl_context"] = create_ssl_context(cafile=security.ca_file or None)
    return options


def worker_credentials(kafka: Kafka) -> Any:
    """The same for Faust, in its own words; None: neither TLS nor SASL."""
    from faust.auth import SASLCredentials, SSLCredentials

    options = connection(kafka)
    context = options.get("ssl_context")
    if "sasl_mechanism" in options:
        return SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=context,
        )
    return SSLCredentials(context=context) if context else None


def blocking_connection(kafka: Kafka) -> dict[str, Any]:
    """The arguments with which every kafka-python client connects."""
    options = connection(kafka)
    options["bootstrap_servers"] = kafka.servers.split(",")
    return options


class Log:
    """Reads what lies in a partition, by offsets and outside any group."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._topic_ids: Mapping[str, str] = {}

    async def start(self) -> None:
        """Connect."""
        self._asking = self._consumer()
        await self._asking.start()
        self._admin = AIOKafkaAdminClient(**connection(self._kafka))
        await self._admin.start()

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **connection(self._kafka),
            enable_auto_commit=False,
            auto_offset_reset="none",  # an offset that is gone is an error here, never skipped
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=10,  # a long poll would hold up the next read
        )

    async def topic_id(self, topic: str) -> str:
        """Kafka's own ID of a topic: another one means that the topic was deleted and made again."""
        return (await asyncio.to_thread(_topic_ids, self._kafka, [topic]))[topic]

    async def identify(self, topics: Sequence[str]) -> Mapping[str, str]:
        """Take these topics for the ones that are meant from now on. Returns their IDs."""
        self._topic_ids = await asyncio.to_thread(_topic_ids, self._kafka, topics)
        return self._topic_ids

    async def made_anew(self) -> list[str]:
        """Which of them were deleted since, and made again."""
        now = await asyncio.to_thread(_topic_ids, self._kafka, list(self._topic_ids))
        return [topic for topic, id_ in self._topic_ids.items() if now.get(topic, id_) != id_]

    async def begin(self, topic: str, partition: int) -> int:
        """The offset of the oldest record that is still there."""
        tp = TopicPartition(topic, partition)
        return int((await self._asking.beginning_offsets([tp]))[tp])

    async def end(self, topic: str, partition: int) -> int:
        """The offset that the next record will have."""
        tp = TopicPartition(topic, partition)
        return int((await self._asking.end_offsets([tp]))[tp])

    async def ends(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The ends of several partitions (topic, number) in one question."""
        tps = [TopicPartition(*place) for place in places]
        found = await self._asking.end_offsets(tps) if tps else {}
        return {(tp.topic, tp.partition): int(end) for tp, end in found.items()}

    async def committed(self, group: str, topic: str, partition: int) -> int | None:
        """The offset at which the group resumes; None where it never committed, or of another topic of this name."""
        told = await self._told(group, topic, partition)
        return None if told is None or self._is_of_another(topic, told) else int(told.offset)

    async def committed_another(self, group: str, topic: str, partition: int) -> bool:
        """Whether what the group committed is of another topic of this name, that was deleted."""
        told = await self._told(group, topic, partition)
        return told is not None and self._is_of_another(topic, told)

    async def _told(self, group: str, topic: str, partition: int) -> OffsetAndMetadata | None:
        tp = TopicPartition(topic, partition)
        found = await self._admin.list_consumer_group_offsets(group, partitions=[tp])
        return found[tp] if tp in found and found[tp].offset >= 0 else None

    def _is_of_another(self, topic: str, told: OffsetAndMetadata) -> bool:
        """The ID stands in what BatchConsumer commits."""
        id_ = self._topic_ids.get(topic)
        return bool(id_ and told.metadata) and told.metadata != id_

    async def read(
        self, topic: str, partition: int, begin: int, end: int, *, most: int = 5000
    ) -> AsyncIterator[Sequence[ConsumerRecord]]:
        """The records in [begin, end), in chunks of at most `most`. Raises KafkaError where `begin` is gone."""
        if begin >= end:
            return
        tp = TopicPartition(topic, partition)
        consumer = self._consumer()
        await consumer.start()
        try:
            consumer.assign([tp])
            consumer.seek(tp, begin)
            while await consumer.position(tp) < end:
                fetched = await consumer.getmany(tp, timeout_ms=500, max_records=most)
                chunk = [record for record in fetched.get(tp, ()) if record.offset < end]
                if chunk:
                    yield chunk
        finally:
            await consumer.stop()

    async def stop(self) -> None:
        """Disconnect."""
        await self._asking.stop()
        await self._admin.close()


def _topic_ids(kafka: Kafka, topics: Sequence[str]) -> dict[str, str]:
    """Of those that are there."""
    from kafka import KafkaAdminClient  # takes a third of what a process needs that folds the log and asks no IDs

    admin = KafkaAdminClient(**blocking_connection(kafka))  # aiokafka's does not tell the ID
    try:
        found = admin.describe_topics(topics)
        return {topic["name"]: str(topic["topic_id"]) for topic in found if not topic["error_code"]}
    finally:
        admin.close()


async def wait_for_broker(kafka: Kafka, topics: Sequence[str], *, every: float = 1.0) -> int:
    """Wait until the broker answers and has `topics`. Returns their number of partitions. Says once that it waits.

    Raises ValueError where the topics have different numbers of partitions: then what belongs together lies apart.
    """
    said = False
    while True:
        try:
            counts = await _partitions(kafka, topics)
            break
        except (KafkaError, OSError, LookupError) as error:
            if not said:
                log.warning("waiting_for_kafka", servers=kafka.servers, error=str(error) or type(error).__name__)
                said = True
            await asyncio.sleep(every)
    if said:
        log.info("kafka_is_there", servers=kafka.servers)
    if len(set(counts.values())) != 1:
        raise ValueError(f"topics must have the same number of partitions, but have {counts}")
    return next(iter(counts.values()))


async def _partitions(kafka: Kafka, topics: Sequence[str]) -> dict[str, int]:
    admin = AIOKafkaAdminClient(**connection(kafka))
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    missing = [topic["topic"] for topic in described if topic["error_code"]]
    if missing:
        raise LookupError(f"no topic {', '.join(missing)} (clickjoin migrate makes them)")
    return {topic["topic"]: len(topic["partitions"]) for topic in described}
