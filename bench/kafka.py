"""The embedded broker of a bench: its topics, its offsets, and filling it."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aiokafka import ConsumerRecord
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from clickjoin.embedded.children import Running, last_lines, start
from clickjoin.embedded.kafka import EmbeddedKafka, jar_folder
from clickjoin.embedded.ports import free_port
from schemas.settings.servers import Kafka
from schemas.topics import EVENTS, partition_of
from streams.adapters.kafka import Log
from streams.adapters.producer import Producer

PARTITIONS = 8
_CHUNK = 1000  # records of one partition that are sent at once
_START_WITHIN = _LEAVE_WITHIN = 60.0  # seconds
_LOOK_AGAIN = 0.1
_TRIES = 3

KeyValue = tuple[bytes, bytes]


class BenchError(Exception):
    """The bench cannot say anything: something did not start, did not end, or gave a wrong result."""


class Broker:
    """A running broker."""

    def __init__(self, kafka: Kafka) -> None:
        self.kafka = kafka
        self._admin = KafkaAdminClient(bootstrap_servers=kafka.servers)

    @property
    def servers(self) -> str:
        """The address for clients."""
        return self.kafka.servers

    def make_topics(self, *names: str) -> None:
        """Make topics; `events` with the broker's own time on each record, as the join needs it."""
        by_broker = {"message.timestamp.type": "LogAppendTime"}
        common = {"num_partitions": PARTITIONS, "replication_factor": 1}
        wanted = {name: {**common, "configs": by_broker if name == EVENTS else {}} for name in names}
        self._admin.create_topics(wanted, wait_for_metadata=True)

    def fill(self, topic: str, records: Iterable[KeyValue], told: Callable[[int], None]) -> int:
        """Append records in order, each to the partition of its key. Returns how many; `told` hears how far it is."""
        return asyncio.run(_fill(self.kafka, topic, records, told))

    def ends(self, topic: str) -> dict[int, int]:
        """The end of each partition."""
        return asyncio.run(_ends(self.kafka, topic))

    def read(self, topic: str, begins: dict[int, int]) -> Iterator[Sequence[ConsumerRecord]]:
        """What lies in each partition between an offset and its end."""
        for number, end in self.ends(topic).items():
            yield asyncio.run(_read(self.kafka, topic, number, begins[number], end))

    def empty(self, topic: str) -> None:
        """Delete all records of a topic; its offsets go on."""
        self._admin.delete_records({TopicPartition(topic, number): end for number, end in self.ends(topic).items()})

    def committed(self, group: str, topic: str) -> int:
        """How many records of a topic, from its beginning, a group has committed."""
        try:
            offsets = self._admin.list_group_offsets([group])[group]
        except (KafkaError, KeyError):
            return 0  # the group does not exist yet
        return sum(max(0, found.offset) for tp, found in offsets.items() if tp.topic == topic)

    def commit_all(self, group: str, topic: str) -> None:
        """Commit the end of a topic for a group without members."""
        ends = {TopicPartition(topic, n): OffsetAndMetadata(end, "", -1) for n, end in self.ends(topic).items()}
        self._admin.alter_group_offsets(group, ends)

    def go_back(self, group: str, topics: Sequence[str], most: int) -> int:
        """Have a group without members read so many records once more, of each partition alike. Returns how many."""
        offsets = self._admin.list_group_offsets([group])[group]
        each = most // len(offsets)
        back = {tp: max(0, found.offset - each) for tp, found in offsets.items() if tp.topic in topics}
        self._admin.alter_group_offsets(group, {tp: OffsetAndMetadata(at, "", -1) for tp, at in back.items()})
        return sum(offsets[tp].offset - at for tp, at in back.items())

    def forget(self, group: str) -> None:
        """Delete what a group has committed, as soon as it has no members any more."""
        deadline = time.monotonic() + _LEAVE_WITHIN
        while not self._deleted(group):
            if time.monotonic() > deadline:
                raise BenchError(f"the group {group} still has members after {_LEAVE_WITHIN:g} s")
            time.sleep(_LOOK_AGAIN)

    def _deleted(self, group: str) -> bool:
        try:
            return set(self._admin.delete_groups([group]).values()) == {"OK"}
        except KafkaError:
            return False

    def close(self) -> None:
        """Disconnect."""
        self._admin.close()


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """An Apache Kafka with its data under `folder`, stopped in the end. Raises BenchError where it does not start."""
    embedded, running = _start(folder)
    try:
        client = Broker(Kafka(bootstrap=embedded.bootstrap))
        try:
            yield client
        finally:
            client.close()
    finally:
        running.stop()


def _start(folder: Path) -> tuple[EmbeddedKafka, Running]:
    """Start it, again on other ports where somebody took one of them before it could."""
    jars = jar_folder()
    for _ in range(_TRIES):
        embedded = EmbeddedKafka(folder, free_port(), jars)
        running = start(embedded.child())
        if _answers(embedded, running):
            return embedded, running
        running.kill()
    raise BenchError(f"Kafka did not start:\n{last_lines(folder / 'kafka.log')}")


def _answers(embedded: EmbeddedKafka, running: Running) -> bool:
    """Wait until it is ready. False where it ends instead, or takes too long."""
    deadline = time.monotonic() + _START_WITHIN
    while running.exit_code is None and time.monotonic() < deadline:
        if embedded.ready():
            return True
        time.sleep(_LOOK_AGAIN)
    return False


async def _fill(kafka: Kafka, topic: str, records: Iterable[KeyValue], told: Callable[[int], None]) -> int:
    producer = Producer(kafka)
    await producer.start()
    chunks: list[list[KeyValue]] = [[] for _ in range(PARTITIONS)]
    count = 0

    async def send(number: int) -> None:
        nonlocal count
        chunk, chunks[number] = chunks[number], []
        await producer.send(topic, number, chunk)
        count += len(chunk)
        told(count)

    try:
        for key, value in records:
            number = partition_of(key, PARTITIONS)
            chunks[number].append((key, value))
            if len(chunks[number]) >= _CHUNK:
                await send(number)
        for number in range(PARTITIONS):
            await send(number)
    finally:
        await producer.stop()
    return count


async def _ends(kafka: Kafka, topic: str) -> dict[int, int]:
    log = Log(kafka)
    await log.start()
    try:
        return {number: await log.end(topic, number) for number in range(PARTITIONS)}
    finally:
        await log.stop()


async def _read(kafka: Kafka, topic: str, number: int, begin: int, end: int) -> list[ConsumerRecord]:
    records: list[ConsumerRecord] = []
    async for chunk in Log(kafka).read(topic, number, begin, end):  # it needs no connection of its own
        records.extend(chunk)
    return records
