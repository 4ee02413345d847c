"""The topics of clickjoin on a real broker, and join workers as processes, for tests."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from schemas.records import Event, Invalid, Outcome, Postback, Tick
from schemas.topics import CATALOGUE, EVENTS, INVALID, JOIN_GROUP, OUTCOMES, TOPICS, partition_of
from schemas.wire import decode_invalid, decode_outcome, encode
from tests.forked import Forked
from tests.polling import until

SOON_BACK = {"reconnect_backoff_max_ms": 500}  # by default a client looks for a broker that was away after 30 s
SESSION_TIMEOUT = "6s"  # the shortest that brokers allow


class Pipeline:
    """Empty topics; whatever another test left in them is gone. Where they are not `fresh`: those that are there."""

    def __init__(self, bootstrap: str, partitions: int, *, fresh: bool = True) -> None:
        self.bootstrap, self.partitions = bootstrap, partitions
        self._admin = KafkaAdminClient(bootstrap_servers=bootstrap, **SOON_BACK)
        self._producer = KafkaProducer(
            bootstrap_servers=bootstrap, acks="all", linger_ms=5, max_request_size=4 << 20, **SOON_BACK
        )
        if fresh:
            self.begin_anew()

    def close(self) -> None:
        self._producer.close()
        self._admin.close()

    def send(self, events: Iterable[Event | bytes], partition: int | None = None, seconds: float = 30) -> None:
        """Append in order and wait for the acknowledgements."""
        sent = [self._send(event, partition) for event in events]
        for future in sent:
            future.get(seconds)

    def read(self, topic: str) -> list[ConsumerRecord]:
        """Everything that lies on a topic now."""
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        tps = [TopicPartition(topic, number) for number in range(self.partitions)]
        try:
            consumer.assign(tps)
            consumer.seek_to_beginning()
            ends = consumer.end_offsets(tps)
            records: list[ConsumerRecord] = []
            while any(consumer.position(tp) < ends[tp] for tp in tps):
                for fetched in consumer.poll(1000).values():
                    records += fetched
            return records
        finally:
            consumer.close()

    def outcomes(self) -> list[Outcome]:
        return [decode_outcome(record.value) for record in self.read(OUTCOMES)]

    def invalid(self) -> list[Invalid]:
        return [decode_invalid(record.value) for record in self.read(INVALID)]

    def lag(self, group: str = JOIN_GROUP, topic: str = EVENTS) -> int:
        """Records of a topic that a group, the join, has not committed."""
        committed = self._admin.list_group_offsets({group: None})[group]
        at = {tp.partition: max(told.offset, 0) for tp, told in committed.items() if tp.topic == topic}
        return sum(abs(end - at.get(number, 0)) for number, end in self.ends(topic).items())

    def ends(self, topic: str = EVENTS) -> dict[int, int]:
        """The end of each partition of a topic, `events`."""
        tps = [TopicPartition(topic, number) for number in range(self.partitions)]
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap)
        try:
            return {tp.partition: end for tp, end in consumer.end_offsets(tps).items()}
        finally:
            consumer.close()

    def delete_records(self, partition: int, before: int) -> None:
        """As Kafka's own retention does."""
        self._admin.delete_records({TopicPartition(EVENTS, partition): before})

    def _send(self, event: Event | bytes, partition: int | None) -> Any:
        if isinstance(event, bytes):
            return self._producer.send(EVENTS, event, partition=partition or 0)
        key = _key(event)
        number = partition_of(key, self.partitions) if partition is None else partition
        return self._producer.send(EVENTS, encode(event), key=key, partition=number)

    def begin_anew(self) -> None:
        """Delete the topics and make them again, and what another test left in the catalogue. No worker may run."""
        ours = {*TOPICS, CATALOGUE}
        if old := sorted(ours & set(self._admin.list_topics())):
            self._admin.delete_topics(old)
            until(lambda: not ours & set(self._admin.list_topics()), 30, "the old topics are gone")
        wanted = {
            topic: {"num_partitions": self.partitions, "replication_factor": 1, "configs": {}} for topic in TOPICS
        }
        wanted[EVENTS]["configs"] = {"message.timestamp.type": "LogAppendTime"}
        self._admin.create_topics(wanted, wait_for_metadata=True)
        until(self._forgotten, 30, "no worker is in the group, and nothing is committed")

    def _forgotten(self) -> bool:
        try:
            self._admin.delete_groups([JOIN_GROUP])
        except KafkaError:
            return False
        return True


class JoinWorker:
    """`run_worker("join", ...)` in a process of its own."""

    def __init__(self, bootstrap: str, data: Path) -> None:
        self._bootstrap, self.data = bootstrap, data
        self.log = data.with_suffix(".log")
        self.process: Forked | None = None

    def start(self) -> "JoinWorker":
        arguments = [self._bootstrap, str(self.data), SESSION_TIMEOUT]
        self.process = Forked("tests.support.join_worker", arguments, self.log)
        return self

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send_signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, seconds: float = 30) -> int:
        """Its exit code, once it has ended."""
        assert self.process is not None
        return self.process.wait(seconds)

    def stop(self) -> None:
        """kill -9, whatever state it is in."""
        if self.process is not None and self.runs:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait(30)

    def told(self) -> str:
        """Its log."""
        return self.log.read_text() if self.log.exists() else ""


def _key(event: Event) -> bytes:
    if isinstance(event, Tick):
        return b""
    return (getattr(event, "click_id", "") or (event.postback_id if isinstance(event, Postback) else "")).encode()
