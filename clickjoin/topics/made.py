"""The topics on the broker: made on purpose, and never used with settings that would lose or mix up records."""

import time
from collections.abc import Mapping

import structlog
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, NoError, TopicAlreadyExistsError

from clickjoin.embedded.errors import CannotStartError
from clickjoin.embedded.kafka.properties import MAX_MESSAGE_BYTES
from clickjoin.embedded.ports import listening
from ingest.kafka_client import made
from schemas.settings.servers import Kafka
from schemas.topics import CATALOGUE, DELIVERIES, EVENTS, INVALID, OUTCOMES
from streams.adapters.kafka import blocking_connection

_DAY = 86_400_000  # milliseconds
_LOOK_AGAIN = 0.2  # seconds
_TIMESTAMP = "message.timestamp.type"
_BROKER_TIME = "LogAppendTime"
_MADE = (NoError.errno, TopicAlreadyExistsError.errno)  # somebody else may be faster: what they made is checked

EVERY_TOPIC: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "retention.bytes": "-1",
    "segment.ms": str(_DAY),  # what is kept a day too long is at most a day
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
}
TOPIC_CONFIGS: Mapping[str, Mapping[str, str]] = {
    EVENTS: {_TIMESTAMP: _BROKER_TIME, "retention.ms": str(14 * _DAY)},  # its time is the join's clock
    OUTCOMES: {"retention.ms": str(14 * _DAY)},
    DELIVERIES: {"retention.ms": str(21 * _DAY)},  # longer than what causes them: final stays final
    INVALID: {"retention.ms": str(30 * _DAY)},  # time to mend the configuration and replay
    CATALOGUE: {"retention.ms": "-1"},  # the whole log is what it holds: docs/decisions/0005-catalogue.md
}

log = structlog.get_logger()


def ensure_topics(kafka: Kafka, patience: float = 60.0) -> None:
    """Create the topics that are missing, and check those that are there.

    patience: seconds to wait for the broker. Raises CannotStartError where it does not answer, refuses, or has one of
    the topics with another number of partitions than configured.
    """
    _await_broker(kafka.servers, patience)
    try:
        admin = made(KafkaAdminClient, **blocking_connection(kafka))
        try:
            _ensure(admin, kafka)
        finally:
            admin.close()
    except KafkaError as error:
        raise CannotStartError(f"Kafka at {kafka.servers} refused to make or describe the topics: {error}") from None


def _await_broker(servers: str, patience: float) -> None:
    """Wait for TCP: Kafka's client backs off for many seconds when it comes too early."""
    addresses = [address.rpartition(":") for address in servers.split(",")]
    deadline = time.monotonic() + patience
    said = False
    while not any(listening(int(port), host.strip("[]")) for host, _, port in addresses):
        if time.monotonic() > deadline:
            raise CannotStartError(f"no Kafka listens on {servers}: start it, or change [kafka] bootstrap")
        if not said:
            log.warning("kafka_away", servers=servers)
            said = True
        time.sleep(_LOOK_AGAIN)


def _ensure(admin: KafkaAdminClient, kafka: Kafka) -> None:
    missing = sorted(TOPIC_CONFIGS.keys() - set(admin.list_topics()))
    if missing:
        _create(admin, kafka, missing)
    _check_partitions(admin, kafka)
    _check_clock(admin)


def _create(admin: KafkaAdminClient, kafka: Kafka, names: list[str]) -> None:
    answer = admin.create_topics({name: _new_topic(name, kafka) for name in names}, raise_errors=False)
    for topic in answer["topics"]:
        if topic["error_code"] not in _MADE:
            raise CannotStartError(
                f"Kafka at {kafka.servers} refused the topic {topic['name']}: {topic['error_message']}"
            )
    admin.wait_for_topics(names)
    log.info("topics_created", topics=names, partitions=kafka.partitions)


def _new_topic(name: str, kafka: Kafka) -> dict[str, object]:
    # acks=all means two disks where there are three, and the one there is where there is one
    in_sync = "2" if kafka.replication > 2 else "1"
    return {
        "num_partitions": _partitions(name, kafka),
        "replication_factor": kafka.replication,
        "configs": {**EVERY_TOPIC, **TOPIC_CONFIGS[name], "min.insync.replicas": in_sync},
    }


def _partitions(name: str, kafka: Kafka) -> int:
    """Of the catalogue there is one order."""
    return 1 if name == CATALOGUE else kafka.partitions


def _check_partitions(admin: KafkaAdminClient, kafka: Kafka) -> None:
    """All topics share one partitioner, so one of another size would part what belongs together."""
    counts = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(list(TOPIC_CONFIGS))}
    wrong = {name: count for name, count in sorted(counts.items()) if count != _partitions(name, kafka)}
    if count := wrong.pop(CATALOGUE, None):
        raise CannotStartError(
            f"on {kafka.servers} the topic {CATALOGUE} has {count} partitions, it must have one: delete it where it is "
            "empty, or use another broker"
        )
    if wrong:
        found = ", ".join(f"{name} has {count}" for name, count in wrong.items())
        raise CannotStartError(
            f"[kafka] partitions = {kafka.partitions}, but on {kafka.servers} the topic {found}. "
            f"The number cannot change while there are records: set [kafka] partitions = {next(iter(wrong.values()))}, "
            "or use another broker"
        )


def _check_clock(admin: KafkaAdminClient) -> None:
    """A topic that somebody else made may carry the senders' clocks, and the join would believe them."""
    asked = ConfigResource(ConfigResourceType.TOPIC, EVENTS, configs=[_TIMESTAMP])
    told = admin.describe_configs([asked], config_filter="all")["topic"][EVENTS]
    if told[_TIMESTAMP]["value"] != _BROKER_TIME:
        raise CannotStartError(
            f"the topic {EVENTS} has {_TIMESTAMP} = {told[_TIMESTAMP]['value']}, it must be {_BROKER_TIME}: "
            f"kafka-configs.sh --alter --topic {EVENTS} --add-config {_TIMESTAMP}={_BROKER_TIME}"
        )
