"""The topic `catalogue`: read from its beginning, followed, and appended to."""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import structlog
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from clickjoin.status.overall import nobody_listens
from ingest.kafka_client import made
from schemas.catalogue import EMPTY, Catalogue, Revision, fold
from schemas.settings.servers import Kafka
from schemas.topics import CATALOGUE
from schemas.wire import WireError, decode_revision, encode
from streams.adapters.kafka import blocking_connection

MOST_BYTES = 3 << 20
"""So long a revision may be: the broker takes a little more."""
ANSWER_SECONDS = 15.0
_PLACE = TopicPartition(CATALOGUE, 0)
_POLL_MS = 500
_BACKOFF_MS = 1_000

log = structlog.get_logger(__name__)


class TopicAwayError(OSError):
    """The topic cannot be read or written now. The text says why, and is for people."""


class NoTopicError(TopicAwayError):
    """The broker answers, and has no such topic."""


class Reading(Protocol):
    """What a reader knows: `catalogue` is the fold of `revisions`, each with its offset; some changed nothing."""

    catalogue: Catalogue
    revisions: list[tuple[int, Revision]]

    def catch_up(self, end: int = 0) -> None:
        """Read on to this offset, or to where the log ends now."""


class Log(Protocol):
    """Where revisions lie. Raises TopicAwayError."""

    def opened(self) -> AbstractContextManager[Reading]:
        """Read to its end."""

    def append(self, revision: Revision) -> int:
        """Append a revision, and return its offset once it is kept. Raises ValueError for one that is too long."""


class Topic:
    """The topic as one reader sees it: a Reading."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self.catalogue = EMPTY
        self.revisions: list[tuple[int, Revision]] = []

    def catch_up(self, end: int = 0, seconds: float = ANSWER_SECONDS) -> None:
        """Read on to this offset, or to where the topic ends now. Raises TopicAwayError, KafkaError."""
        end = end or self._consumer.end_offsets([_PLACE])[_PLACE]
        deadline = time.monotonic() + seconds
        while self._consumer.position(_PLACE) < end:
            self.poll(_POLL_MS)
            if time.monotonic() > deadline:
                raise TopicAwayError(f"the topic {CATALOGUE} could not be read within {seconds:g} s")

    def poll(self, wait_ms: int) -> None:
        """Read what comes within that time. Raises TopicAwayError, KafkaError."""
        for records in self._consumer.poll(timeout_ms=wait_ms).values():
            for record in records:
                self._take(record.offset, record.value)

    def _take(self, offset: int, value: bytes | None) -> None:
        try:
            revision = decode_revision(value)
        except WireError as error:
            if error.code == "newer_format":
                raise TopicAwayError(f"{CATALOGUE}@{offset}: {error}") from None
            log.error("catalogue_record_unusable", offset=offset, error=str(error))
            return
        self.revisions.append((offset, revision))
        self.catalogue = fold(self.catalogue, offset, revision)


@contextmanager
def opened(kafka: Kafka, *, wait_ms: int = _POLL_MS) -> Iterator[Topic]:
    """The topic, read to its end. Raises TopicAwayError, also for what happens in the block.

    wait_ms: how long the broker may keep a poll waiting.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what it says of every attempt is said once by us
    if all(silent := [nobody_listens(server) for server in kafka.servers.split(",")]):
        raise TopicAwayError("; ".join(silent))
    try:
        consumer = made(
            KafkaConsumer,
            **blocking_connection(kafka),
            enable_auto_commit=False,
            auto_offset_reset="none",  # a topic that was made anew is read from its beginning, and on purpose
            allow_auto_create_topics=False,
            max_partition_fetch_bytes=MOST_BYTES + (1 << 20),
            fetch_max_wait_ms=wait_ms,
            reconnect_backoff_max_ms=_BACKOFF_MS,
            bootstrap_timeout_ms=round(ANSWER_SECONDS * 1000),
            metrics_enabled=False,
        )
        try:
            topic = _assigned(consumer)
            topic.catch_up()
            yield topic
        finally:
            consumer.close()
    except TopicAwayError:
        raise
    except (KafkaError, OSError) as error:
        raise TopicAwayError(f"Kafka at {kafka.servers}: {error or type(error).__name__}") from error


def _assigned(consumer: Any) -> Topic:
    if not consumer.partitions_for_topic(CATALOGUE):
        raise NoTopicError(f"there is no topic {CATALOGUE}: `clickjoin migrate` makes it")
    consumer.assign([_PLACE])
    begin = consumer.beginning_offsets([_PLACE])[_PLACE]
    if begin:
        raise TopicAwayError(f"the topic {CATALOGUE} begins at {begin}: what came before is gone, and nobody knows it")
    consumer.seek(_PLACE, 0)
    return Topic(consumer)


def append(kafka: Kafka, revision: Revision) -> int:
    """Append a revision, and return its offset once the broker has it. Raises TopicAwayError, and ValueError for one
    that is too long."""
    value = encode(revision)
    if len(value) > MOST_BYTES:
        raise ValueError(f"{len(value)} bytes at once are more than {MOST_BYTES}: apply it in several files")
    try:
        producer = made(
            KafkaProducer,
            **blocking_connection(kafka),
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            max_request_size=MOST_BYTES + (1 << 20),
            delivery_timeout_ms=round(ANSWER_SECONDS * 1000),
            request_timeout_ms=round(ANSWER_SECONDS * 1000) - 1000,
            metrics_enabled=False,
        )
        try:
            sent = producer.send(CATALOGUE, value=value, partition=0)
            return int(sent.get(timeout=ANSWER_SECONDS).offset)
        finally:
            producer.close(timeout=1)
    except (KafkaError, OSError) as error:
        raise TopicAwayError(f"Kafka at {kafka.servers}: {error or type(error).__name__}") from error


class KafkaLog:
    """The topic of a broker: a Log."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka

    def opened(self) -> AbstractContextManager[Topic]:
        """Read to its end."""
        return opened(self._kafka)

    def append(self, revision: Revision) -> int:
        """Append a revision, and return its offset once the broker has it. Raises TopicAwayError, ValueError."""
        return append(self._kafka, revision)
