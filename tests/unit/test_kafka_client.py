"""What is left of a client of Kafka that could not be made."""

import socket
import threading
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from ingest.kafka_client import made


@pytest.mark.parametrize("kind", [KafkaAdminClient, KafkaConsumer, KafkaProducer])
def test_a_client_that_gets_no_answer_leaves_no_thread_and_no_connection_behind(kind: Any) -> None:
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(KafkaError):
            made(kind, bootstrap_servers=address, bootstrap_timeout_ms=200)
        assert [one.name for one in set(threading.enumerate()) - before if "kafka" in one.name] == []
        connected, _ = mute.accept()
        with connected:
            connected.settimeout(20)
            while connected.recv(4096):  # its question, then the end
                pass
