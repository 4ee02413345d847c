"""The doctor asks Kafka."""

import logging
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import KafkaError

from clickjoin.doctor.facts import KafkaFacts, TopicFacts
from clickjoin.status.overall import READS
from clickjoin.topics.removed import gaps
from ingest.kafka_client import made
from schemas.records import Tick
from schemas.settings.servers import Kafka
from schemas.topics import EVENTS
from schemas.wire import encode
from streams.adapters.kafka import blocking_connection

_PATIENCE = {"bootstrap_timeout_ms": 10_000, "reconnect_backoff_max_ms": 500}
"""Several tries: a broker that refuses a password sometimes hangs up before it has said so."""
_ACKNOWLEDGED_WITHIN = 10.0  # seconds
_TIMESTAMP, _BROKER_TIME = "message.timestamp.type", "LogAppendTime"
_NO_LEADER = -1
_REASON = re.compile(r"Authentication failed[^(]*|certificate verify failed[^(]*")


class _Heard(logging.Handler):
    """Keeps why the broker did not let us in: the error that is raised in the end says only that time was up."""

    def __init__(self) -> None:
        super().__init__()
        self.reasons: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        found = _REASON.search(record.getMessage())
        if found:
            self.reasons.append(found[0])


@contextmanager
def reasons_heard() -> Iterator[list[str]]:
    """What the library logs meanwhile of passwords and certificates that are not accepted; nothing of it is shown."""
    library, heard = logging.getLogger("kafka"), _Heard()
    before = library.level, library.propagate
    library.addHandler(heard)
    library.setLevel(logging.WARNING)
    library.propagate = False
    try:
        yield heard.reasons
    finally:
        library.removeHandler(heard)
        library.setLevel(before[0])
        library.propagate = before[1]


def ask_kafka(kafka: Kafka, names: Sequence[str]) -> KafkaFacts:
    """About the topics of these names. Raises KafkaError or OSError where it does not answer.

    Writes one tick to `events`, where that has begun: the answer tells whether it takes records, and its clock.
    """
    admin = made(KafkaAdminClient, **blocking_connection(kafka), **_PATIENCE)
    try:
        brokers = len(admin.describe_cluster()["brokers"])
        found = {topic["name"]: topic for topic in admin.describe_topics(list(names)) if not topic["error_code"]}
        configs = _configs(admin, list(found))
        topics = {name: _topic(topic, configs[name]) for name, topic in found.items()}
        lost = _lost(admin, topics)
        begun = EVENTS in topics and _has_begun(admin) and topics[EVENTS].configs.get(_TIMESTAMP) == _BROKER_TIME
    finally:
        admin.close()
    refused, ahead = _write(kafka) if begun else ("", None)
    return KafkaFacts(brokers, topics, lost, refused, ahead)


def _topic(topic: dict[str, Any], configs: dict[str, str]) -> TopicFacts:
    parts = topic["partitions"]
    replicas = min((len(part["replica_nodes"]) for part in parts), default=0)
    leaderless = sum(part["leader_id"] == _NO_LEADER for part in parts)
    return TopicFacts(len(parts), replicas, leaderless, configs)


def _configs(admin: Any, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    told = admin.describe_configs(asked, config_filter="all")["topic"]
    return {name: {key: str(entry["value"]) for key, entry in told[name].items()} for name in names}


def _lost(admin: Any, topics: dict[str, TopicFacts]) -> dict[str, int]:
    """Of each role the records between where it stands and where the log begins."""
    found = gaps(admin, {name: topic.partitions for name, topic in topics.items()})
    return {role: sum(gap.records for gap in found if gap.role == role) for role in READS}


def _has_begun(admin: Any) -> bool:
    """Whether the first partition holds a record: the first of all must be the epoch's."""
    first = TopicPartition(EVENTS, 0)
    return bool(admin.list_partition_offsets({first: OffsetSpec.LATEST})[first].offset)


def _write(kafka: Kafka) -> tuple[str, float | None]:
    """Why a tick was not taken, or how far the broker's clock is before ours."""
    try:
        producer = made(KafkaProducer, **blocking_connection(kafka), acks="all")
        try:
            producer.partitions_for(EVENTS)  # what must be asked first is not to be measured
            began = time.time()
            at = producer.send(EVENTS, encode(Tick()), partition=0).get(_ACKNOWLEDGED_WITHIN).timestamp / 1000
            ended = time.time()
        finally:
            producer.close(timeout=1)
    except KafkaError as error:
        return str(error) or type(error).__name__, None
    return "", ahead_of(at, began, ended)


def ahead_of(theirs: float, began: float, ended: float) -> float:
    """Seconds that a clock is before ours, as far as a question that began and ended then can tell; 0: it may agree."""
    return theirs - ended if theirs > ended else min(0.0, theirs - began)
