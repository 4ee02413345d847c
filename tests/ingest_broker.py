"""The broker of ingest's tests: the one that all tests share, with nothing on its topics."""

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient

from schemas.topics import EVENTS, INVALID
from tests.kafka_server import KafkaServer
from tests.polling import until

PARTITIONS = 4


@contextmanager
def emptied(kafka: KafkaServer) -> Iterator[KafkaServer]:
    """The topics that ingest writes to, made anew. It runs afterwards, whatever was tried with it."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:
        ours = {EVENTS, INVALID}
        if old := sorted(ours & set(admin.list_topics())):
            admin.delete_topics(old)
            until(lambda: not ours & set(admin.list_topics()), 60, "the old topics are gone")
        wanted = {"num_partitions": PARTITIONS, "replication_factor": 1}
        admin.create_topics({EVENTS: wanted, INVALID: wanted}, wait_for_metadata=True)
    finally:
        admin.close()
    try:
        yield kafka
    finally:
        if not kafka.is_running:
            kafka.start()
