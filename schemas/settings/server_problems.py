"""Rules over how servers of one's own are reached: TLS and SASL. Pure."""

from collections.abc import Iterator

from schemas.settings.errors import Path
from schemas.settings.servers import ClickHouse, Kafka

Mistake = tuple[Path, object, str]
"""Where it stands, what is written there, what would be right."""


def security_mistakes(kafka: Kafka, clickhouse: ClickHouse) -> Iterator[Mistake]:
    """What does not go together in [kafka.security], and in the URL and ca_file of [clickhouse]."""
    yield from _kafka(kafka)
    if clickhouse.ca_file and not clickhouse.dsn.startswith("https://"):
        yield ("clickhouse", "ca_file"), clickhouse.ca_file, 'counts with TLS alone: write url = "https://…"'


def _kafka(kafka: Kafka) -> Iterator[Mistake]:
    security, place = kafka.security, ("kafka", "security")
    protocol = security.protocol
    given = {"mechanism": security.mechanism, "username": security.username, "password": security.has_password}
    missing = [word for word, value in given.items() if not value]
    if protocol.startswith("SASL") and missing:
        yield (*place, "protocol"), protocol, f"needs mechanism, username and password: {', '.join(missing)} is missing"
    elif kafka.is_embedded and protocol != "PLAINTEXT":
        message = "the embedded Kafka speaks PLAINTEXT, on the loopback: name brokers of yours in [kafka] bootstrap"
        yield (*place, "protocol"), protocol, message
    if not protocol.startswith("SASL") and security.mechanism:
        yield (*place, "mechanism"), security.mechanism, 'counts with SASL alone: write protocol = "SASL_SSL"'
    if not protocol.endswith("SSL") and security.ca_file:
        yield (*place, "ca_file"), security.ca_file, 'counts with TLS alone: write protocol = "SSL" or "SASL_SSL"'
