"""The whole examination: asks everything, and judges it."""

from collections.abc import Sequence
from pathlib import Path

from clickjoin.doctor import rules
from clickjoin.doctor.facts import Finding
from schemas.settings.errors import Problem
from schemas.settings.file import Settings


def examine(settings: Settings, data: Path, warnings: Sequence[Problem] = ()) -> list[Finding]:
    """What is good and what is not, in the order in which it is to be mended. Raises nothing for what is away."""
    return [
        *rules.of_configuration(warnings),
        *_machine(settings, data),
        *_kafka(settings),
        *_clickhouse(settings),
    ]


def _machine(settings: Settings, data: Path) -> list[Finding]:
    from clickjoin.doctor.machine import look_at_machine

    return rules.of_machine(look_at_machine(settings, data), settings)


def _kafka(settings: Settings) -> list[Finding]:
    from kafka.errors import KafkaError

    from clickjoin.doctor.kafka import ask_kafka, reasons_heard
    from clickjoin.status.overall import nobody_listens
    from clickjoin.topics.made import EVERY_TOPIC, TOPIC_CONFIGS

    kafka = settings.kafka
    silent = [why for server in kafka.servers.split(",") if (why := nobody_listens(server))]
    start = (
        "start it: clickjoin up" if kafka.is_embedded else "start it, open the way to it, or change [kafka] bootstrap"
    )
    if len(silent) == len(kafka.servers.split(",")):
        return [Finding("bad", "Kafka", why, start) for why in silent]
    found = [Finding("warn", "Kafka", why, "start that broker") for why in silent]
    try:
        with reasons_heard() as reasons:
            facts = ask_kafka(kafka, list(TOPIC_CONFIGS))
    except (KafkaError, OSError) as error:
        why = reasons[-1].strip() if reasons else str(error) or type(error).__name__
        what = f"{kafka.servers} does not let us in: {why}"
        return [*found, Finding("bad", "Kafka", what, "compare [kafka.security] with what the brokers demand")]
    answers = Finding("good", "Kafka", f"{kafka.servers} answers, {facts.brokers} broker{'s'[: facts.brokers > 1]}")
    wanted = {name: {**EVERY_TOPIC, **configs} for name, configs in TOPIC_CONFIGS.items()}
    return [*found, answers, *rules.of_kafka(facts, wanted, kafka)]


def _clickhouse(settings: Settings) -> list[Finding]:
    from clickhouse_connect.driver.exceptions import Error as ClickHouseError

    from clickjoin.doctor.clickhouse import ask_clickhouse
    from clickjoin.status.overall import nobody_listens
    from sql.connect import address
    from sql.migrate import MigrationError

    dsn = settings.clickhouse.dsn
    start = "start it: clickjoin up" if settings.clickhouse.is_embedded else "start it, or change [clickhouse] url"
    if why := nobody_listens(address(dsn)):
        return [Finding("bad", "ClickHouse", why, start)]
    try:
        facts = ask_clickhouse(dsn)
    except (ClickHouseError, MigrationError, OSError) as error:
        what = str(error).splitlines()[0]
        return [Finding("bad", "ClickHouse", what, "look at the user, the password and the rights in [clickhouse] url")]
    secrets = tuple(secret.get_secret_value().encode() for secret in settings.ingest.secrets)
    return [Finding("good", "ClickHouse", f"{address(dsn)} answers"), *rules.of_clickhouse(facts, secrets)]
