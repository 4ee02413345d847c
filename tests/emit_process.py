"""The role emit as a process of its own, with what a test needs around it: topics, outcomes in, deliveries out."""

import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from schemas.records import Delivery, Invalid, Outcome
from schemas.settings.file import Settings
from schemas.topics import DELIVERIES, EMIT_GROUP, INVALID, OUTCOMES, TOPICS, partition_of
from schemas.wire import decode_delivery, decode_invalid, encode
from tests.emit_samples import outcome
from tests.forked import Forked
from tests.kafka_server import KafkaServer
from tests.polling import until

PARTITIONS = 2
MAX_OPEN = 64
FINAL = {"delivered", "failed", "not_sendable"}


def fresh_topics(bootstrap: str, partitions: int = PARTITIONS) -> None:
    """The four topics, empty, and no group of emit."""
    stop_reading()
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        until(lambda: _group_is_gone(admin), 30, "the group of emit is gone")
        there = sorted(set(admin.list_topics()) & set(TOPICS))
        if there:
            admin.delete_topics(there)
        until(lambda: not set(admin.list_topics()) & set(TOPICS), 20, "the old topics are gone")
        until(lambda: _made(admin, partitions), 20, "the topics are there")
    finally:
        admin.close()


def _group_is_gone(admin: KafkaAdminClient) -> bool:
    try:
        answer = admin.delete_groups([EMIT_GROUP])
    except KafkaError:  # a broker that has just started has no coordinator yet
        return False
    return "NonEmpty" not in str(answer)


def _made(admin: KafkaAdminClient, partitions: int) -> bool:
    wanted = {topic: {"num_partitions": partitions, "replication_factor": 1} for topic in TOPICS}
    with suppress(KafkaError):
        admin.create_topics(wanted, wait_for_metadata=True)
        return True
    return False


class EmitProcess:
    """`run_worker("emit")` in a child process."""

    def __init__(self, bootstrap: str, folder: Path, settings: dict[str, Any]) -> None:
        folder.mkdir(exist_ok=True)
        self.data = folder / "data"
        self.log = folder / "emit.log"
        self.config = folder / "settings.json"
        self.config.write_text(json.dumps(settings | {"kafka": {"bootstrap": bootstrap}}))
        self._process: Forked | None = None

    def start(self) -> "EmitProcess":
        self._process = Forked("tests.emit_process", [str(self.config), str(self.data)], self.log)
        return self

    @property
    def cpu_seconds(self) -> float:
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """As kill -9 does."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)
        self._process = None

    def stop(self) -> int:
        """Orderly. Returns the exit code; -9 where it did not end by itself."""
        if self._process is None:
            return 0
        self.signal(signal.SIGTERM)
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
            return -9
        finally:
            self._process = None


@contextmanager
def emit_running(kafka: KafkaServer, folder: Path, settings: dict[str, Any]) -> Iterator[EmitProcess]:
    """A worker on fresh topics; in the end it stops in order, and its log is shown."""
    fresh_topics(kafka.bootstrap)
    process = EmitProcess(kafka.bootstrap, folder, settings).start()
    try:
        yield process
    finally:
        code = process.stop()
        stop_reading()
        print(process.log.read_text()[-4000:], file=sys.stderr)
    assert code == 0


def send_outcomes(bootstrap: str, outcomes: Iterable[Outcome], partitions: int = PARTITIONS) -> None:
    """Append outcomes as join does, and wait until they are acknowledged."""
    send_raw(bootstrap, ((one.postback.click_id.encode(), encode(one)) for one in outcomes), partitions)


def send_raw(bootstrap: str, records: Iterable[tuple[bytes, bytes]], partitions: int = PARTITIONS) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    futures = [
        producer.send(OUTCOMES, key=key, value=value, partition=partition_of(key, partitions)) for key, value in records
    ]
    producer.flush(30)
    for future in futures:
        future.get(1)
    producer.close()


def send_to(bootstrap: str, topic: str, partition: int, value: bytes) -> None:
    """Append one record somewhere, as another program would."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    producer.send(topic, value=value, partition=partition).get(10)
    producer.close()


def deliveries(bootstrap: str) -> list[Delivery]:
    """Everything on `deliveries`."""
    return [_decoded(value) for value in _read(bootstrap, DELIVERIES)]


_decoded = lru_cache(1 << 16)(decode_delivery)


def invalid(bootstrap: str) -> list[Invalid]:
    """Everything on `invalid`."""
    return [decode_invalid(value) for value in _read(bootstrap, INVALID)]


def _read(bootstrap: str, topic: str) -> list[bytes]:
    return [record.value for record in records(bootstrap, topic)]


def records(bootstrap: str, topic: str) -> list[Any]:
    """Everything on a topic, as the client hands it out."""
    reading = _READINGS.get((bootstrap, topic)) or _Reading(bootstrap, topic)
    _READINGS[bootstrap, topic] = reading
    return reading.read_on()


class _Reading:
    """Everything that was read of a topic; who asks again and again reads on, and not all of it anew."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        numbers = until(lambda: self.consumer.partitions_for_topic(topic), 60, f"the broker knows {topic}")
        self._partitions = [TopicPartition(topic, number) for number in numbers]
        self.consumer.assign(self._partitions)
        self.consumer.seek_to_beginning(*self._partitions)
        self._found: list[Any] = []

    def read_on(self) -> list[Any]:
        ends = self.consumer.end_offsets(self._partitions)
        while any(self.consumer.position(partition) < ends[partition] for partition in self._partitions):
            for fetched in self.consumer.poll(timeout_ms=200, max_records=5000).values():
                self._found += fetched
        return list(self._found)


_READINGS: dict[tuple[str, str], _Reading] = {}


def stop_reading() -> None:
    """Forget what was read: the topics are to be made anew, or nobody asks any more."""
    for reading in _READINGS.values():
        reading.consumer.close()
    _READINGS.clear()


def source_settings(urls: dict[str, str], **emit: Any) -> dict[str, Any]:
    """One traffic source for each URL; what it is told carries the source click ID as `id`."""
    given = {
        "allow": ["127.0.0.0/8"],
        "schedule": [0, 200, 200, 400, 400, 800, 800, 1600],
        "timeout": 1000,
        "concurrency": 16,
        "max_open": MAX_OPEN,
    }
    sources = {name: {"postbacks": {"*": {"url": f"{url}?id={{source_click_id}}"}}} for name, url in urls.items()}
    return {"sources": sources, "emit": given | emit}


def outcomes_of(source: str, begin: int, count: int) -> list[Outcome]:
    return [outcome(n, click={"source": source}) for n in range(begin, begin + count)]


def their_ids(begin: int, count: int) -> set[str]:
    return {f"their-{number}" for number in range(begin, begin + count)}


def steps(kafka: KafkaServer, source: str) -> dict[str, list[Delivery]]:
    """The deliveries to a source, each with its steps in their order."""
    found = defaultdict(list)
    for made in deliveries(kafka.bootstrap):
        if made.source == source:
            found[made.delivery_id].append(made)
    return found


def finished(kafka: KafkaServer, source: str, count: int) -> dict[str, list[Delivery]] | None:
    found = steps(kafka, source)
    ended = [made for made in found.values() if any(step.state in FINAL for step in made)]
    return found if len(ended) == count else None


def until_finished(kafka: KafkaServer, source: str, count: int, seconds: float = 30) -> dict[str, list[Delivery]]:
    return until(lambda: finished(kafka, source, count), seconds, f"{count} deliveries to {source} have ended") or {}


if __name__ == "__main__":
    from streams.main import run_worker

    def load() -> Settings:
        return Settings.model_validate(json.loads(Path(sys.argv[1]).read_text()))

    sys.exit(run_worker("emit", load(), Path(sys.argv[2]), load=load))
