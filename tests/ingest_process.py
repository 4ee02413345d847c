"""Ingest as a real process, and what it put on the topics."""

import http.client
import json
import os
import signal
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from clickjoin.embedded.ports import free_port
from schemas.records import Click, Invalid, Postback
from schemas.topics import EVENTS, INVALID
from schemas.wire import decode_event, decode_invalid
from tests.forked import Forked
from tests.ingest_samples import tree
from tests.kafka_server import KafkaServer
from tests.polling import until


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class IngestProcess:
    """One `python -m ingest` on a port, forked; its standard error and its spool are files in the folder."""

    def __init__(self, folder: Path, bootstrap: str, port: int, **sections: Any) -> None:
        self.port = port
        self._log = folder / f"ingest-{port}.log"
        self.spool = folder / "spool" / f"ingest-{port}.sqlite"
        self.config = config = folder / f"clickjoin-{port}.toml"
        found = tree(kafka={"bootstrap": bootstrap}, **sections)
        found["ingest"]["listen"] = f"127.0.0.1:{port}"
        config.write_text(toml(found), encoding="utf-8")
        self.process = Forked("ingest", [str(config), str(self.spool)], self._log)

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def wait_for(self, path: str, status: int) -> "IngestProcess":
        def there() -> bool:
            assert self.process.poll() is None, self.log
            try:
                return self.call("GET", path).status == status
            except OSError:
                return False

        until(there, 20, f"{path} answers {status}")
        return self

    def call(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, target, body, named)
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **params: str) -> Reply:
        return self.call("GET", path + ("?" + urllib.parse.urlencode(params) if params else ""))

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()


@contextmanager
def ingest_broker(folder: Path, partitions: int) -> Iterator[KafkaServer]:
    """A broker with the topics that ingest writes to."""
    server = KafkaServer(folder).start()
    admin = KafkaAdminClient(bootstrap_servers=server.bootstrap)
    wanted = {"num_partitions": partitions, "replication_factor": 1}
    admin.create_topics({EVENTS: wanted, INVALID: wanted}, wait_for_metadata=True)
    admin.close()
    try:
        yield server
    finally:
        server.stop()


def patient_ingest(folder: Path, bootstrap: str) -> IngestProcess:
    """An ingest that waits for its broker: nothing of what comes from now on goes into the spool."""
    patient = {"publish_timeout": "30s", "spool_after": "30s", "click_timeout": "30s"}
    process = IngestProcess(folder, bootstrap, free_port(), ingest=patient)
    process.wait_for("/health/ready", 200).get("/click/spring")
    # As long as the broker never answered it counts as away, and what comes lies in the spool for a moment.
    until(lambda: Topics(bootstrap).events(), 60, "the first click is on the broker")
    return process


class Topics:
    """Everything on `events` and `invalid`, with the partition and the key of each record."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    def events(self) -> list[tuple[int, bytes, Click | Postback]]:
        return [(p, key, decode_event(value)) for p, key, value in self.read(EVENTS)]  # type: ignore[misc]

    def postback(self, postback_id: str) -> Postback:
        return next(
            found for _, _, found in self.events() if isinstance(found, Postback) and found.postback_id == postback_id
        )

    def click(self, click_id: str) -> Click:
        return next(found for _, _, found in self.events() if isinstance(found, Click) and found.click_id == click_id)

    def invalid(self, code: str) -> list[Invalid]:
        records = [decode_invalid(value) for _, _, value in self.read(INVALID)]
        return [record for record in records if record.code == code]

    def size(self) -> int:
        return len(self.read(EVENTS)) + len(self.read(INVALID))

    def read(self, topic: str) -> list[tuple[int, bytes, bytes]]:
        """Partition, key and value of every record of a topic."""
        consumer = KafkaConsumer(bootstrap_servers=self._bootstrap, auto_offset_reset="earliest")
        try:
            numbers = until(lambda: consumer.partitions_for_topic(topic), 60, f"the broker knows {topic}")
            partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
            consumer.assign(partitions)
            ends = consumer.end_offsets(partitions)
            found: list[tuple[int, bytes, bytes]] = []

            def read_all() -> bool:
                for partition, records in consumer.poll(timeout_ms=200, max_records=10_000).items():
                    found.extend((partition.partition, record.key, record.value) for record in records)
                return all(consumer.position(partition) >= ends[partition] for partition in partitions)

            until(read_all, 60, f"all of {topic} is read")
            return found
        finally:
            consumer.close()


def toml(tables: dict[str, Any]) -> str:
    """A configuration as TOML: tables of plain values, to any depth."""
    lines: list[str] = []

    def put(path: tuple[str, ...], table: dict[str, Any]) -> None:
        lines.append(f"[{'.'.join(json.dumps(part) for part in path)}]")
        inner = {name: value for name, value in table.items() if isinstance(value, dict)}
        for name, value in table.items():
            if name not in inner:
                lines.append(f"{json.dumps(name)} = {json.dumps(value, ensure_ascii=False)}")
        for name, value in inner.items():
            put((*path, name), value)

    for name, table in tables.items():
        put((name,), table)
    return "\n".join(lines) + "\n"
