"""For how long the broker keeps what lies on its topics."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

from schemas.settings.servers import Kafka
from schemas.values import Millis

_WITHIN_MS = 3_000
_RETENTION = "retention.ms"


class Kept(NamedTuple):
    """Of each topic that is there; one that keeps all is left out. Or why it is not known."""

    ms: Mapping[str, Millis]
    why_not: str = ""


def ask(kafka: Kafka, topics: Sequence[str]) -> Kept:
    """What the broker says of these topics, within some seconds. Raises nothing where it is away."""
    from kafka import KafkaAdminClient
    from kafka.admin import ConfigResource, ConfigResourceType
    from kafka.errors import KafkaError

    from clickjoin.doctor.kafka import reasons_heard
    from clickjoin.status.overall import nobody_listens
    from ingest.kafka_client import made
    from streams.adapters.kafka import blocking_connection

    silent = [why for server in kafka.servers.split(",") if (why := nobody_listens(server))]
    if len(silent) == len(kafka.servers.split(",")):
        return Kept({}, silent[0])
    patience = {"bootstrap_timeout_ms": _WITHIN_MS, "request_timeout_ms": _WITHIN_MS}
    try:
        with reasons_heard(), closing(made(KafkaAdminClient, **blocking_connection(kafka), **patience)) as admin:
            there = sorted(set(topics) & set(admin.list_topics()))
            asked = [ConfigResource(ConfigResourceType.TOPIC, topic, configs=[_RETENTION]) for topic in there]
            told = admin.describe_configs(asked, config_filter="all")["topic"] if asked else {}
    except (KafkaError, OSError) as error:
        return Kept({}, f"Kafka at {kafka.servers} does not say: {str(error) or type(error).__name__}")
    found = {topic: int(told[topic][_RETENTION]["value"]) for topic in there}
    return Kept({topic: ms for topic, ms in found.items() if ms >= 0})
