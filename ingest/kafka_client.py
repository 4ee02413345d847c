"""How kafka-python is set up, made, and closed."""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from schemas.settings.servers import Kafka

Client = TypeVar("Client")

_REQUEST_MS = 5_000
_BATCH_BYTES = 256 * 1024
_KNOCK_SECONDS = 2.0
_GIVE_UP_SECONDS = 1.0


def producer_options(kafka: Kafka, timeout: float) -> dict[str, Any]:
    """Every record acknowledged by all replicas and given up after `timeout` seconds; retries without repetition."""
    timeout_ms = max(1, int(timeout * 1000))
    security = kafka.security
    options: dict[str, Any] = {
        "bootstrap_servers": kafka.servers.split(","),
        "client_id": "clickjoin-ingest",
        "acks": "all",
        "enable_idempotence": True,
        "allow_auto_create_topics": False,
        "batch_size": _BATCH_BYTES,
        "delivery_timeout_ms": timeout_ms,
        "request_timeout_ms": min(_REQUEST_MS, timeout_ms),
        "bootstrap_timeout_ms": 5_000,
        "max_block_ms": 5_000,
        "reconnect_backoff_max_ms": 1_000,
        "metrics_enabled": False,
        "security_protocol": security.protocol,
    }
    if security.ca_file:
        options["ssl_cafile"] = security.ca_file
    if security.protocol.startswith("SASL"):
        options["sasl_mechanism"] = security.mechanism
        options["sasl_plain_username"] = security.username
        options["sasl_plain_password"] = security.password.get_secret_value()
    return options


def made(kind: Callable[..., Client], **options: Any) -> Client:
    """A client of kafka-python. Where it cannot be made, it would leave its thread and its sockets behind."""
    begun: list[KafkaNetClient] = []

    def connecting(**given: Any) -> KafkaNetClient:
        begun.append(KafkaNetClient(**given))
        return begun[-1]

    try:
        return kind(**options, kafka_client=connecting)
    except BaseException:
        for one in begun:
            one.close()
            one._manager._net.stop()
        raise


def close(producer: Any, seconds: float) -> None:
    """Disconnect once everything is sent, for which there are so many seconds; then give up what is not."""
    if seconds > 0:
        with suppress(KafkaError):
            producer.close(timeout=seconds)
            return
    # With records that are not sent `close` raises, and leaves the producer's thread and sockets behind.
    producer._sender.force_close()
    with suppress(KafkaError):
        producer.close(timeout=_GIVE_UP_SECONDS)


def knock(servers: str) -> None:
    """Raises OSError where none of these addresses takes a connection."""
    refused = OSError("no address")
    for server in servers.split(","):
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS).close()
        except OSError as error:
            refused = error
        else:
            return
    raise refused
