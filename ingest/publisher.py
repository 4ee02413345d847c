"""Records to the broker: gathered for two milliseconds, sent as one group, each answered for by the broker.

kafka-python sends in a thread of its own. A group costs the event loop one wake-up, whatever its size, and the error
of every record in it is looked at. Under load a group waits for one before it and, once that is answered, for the next
requests of those who had waited for it, so that groups grow with the load.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from ingest.group import Group, NotStored, Receipt, told
from ingest.kafka_client import close, knock, made, producer_options
from ingest.presence import Presence
from ingest.spool_file import Record
from ingest.waiting import until
from schemas.settings.servers import Ingest, Kafka
from schemas.topics import EVENTS, INVALID, partition_of

TICK_SECONDS = 0.002
PAUSE_SECONDS = 0.004
"""So long after an answer the group that waited for it is sent. Each group costs as much CPU as twenty requests, and
whoever was answered has his next request here by then."""
MAX_GROUPS = 1
"""So many groups may wait for the broker's answer before the next is sent. A batch costs as much as many records: of
two at a time each is half as large, and the answers come later, not sooner."""
MAX_PENDING = 100_000
"""So many records may wait for the broker; what comes then is refused at once, and memory stays bounded."""
_RETRY_SECONDS = 1.0

log = structlog.get_logger()


class Publisher:
    """The way to the broker, for one event loop. `connect` in the background, `send` from then on, `close` last."""

    def __init__(
        self, kafka: Kafka, limits: Ingest, observe_seconds: Callable[[float], None], spooled: Callable[[], int]
    ) -> None:
        """spooled: how many records wait for the broker elsewhere, to be told when it is back."""
        self.pending = 0
        """Records that were given to us and are not yet answered for."""
        self._kafka = kafka
        self._timeout = limits.publish_timeout / 1000
        self._away_after = limits.spool_after / 1000
        self._observe = observe_seconds
        self._spooled = spooled
        self._producer: Any = None
        self._partitions: dict[str, int] = {}
        self._presence = Presence()
        self._gathering: Group | None = None
        self._unanswered: set[Group] = set()
        self._is_due = False

    @property
    def is_connected(self) -> bool:
        """Whether the broker told us its partitions."""
        return bool(self._partitions)

    @property
    def is_away(self) -> bool:
        """Whether nothing is known of the broker, or nothing was heard of it when it should have been."""
        return self._presence.is_away or not self._partitions

    async def connect(self) -> None:
        """Wait until the broker is there and has the topics."""
        while not self.is_connected:
            try:
                self._producer, self._partitions = await asyncio.to_thread(self._connected)
            except (KafkaError, OSError) as error:
                self._heard_nothing(asyncio.get_running_loop().time(), told(error))
                await asyncio.sleep(_RETRY_SECONDS)
        self._heard()

    async def reconnect(self) -> None:
        """Begin with a new producer, whatever ails the old one. What the old one still had is not acknowledged."""
        self._partitions = {}
        await asyncio.to_thread(close, self._producer, 0)
        await self.connect()

    def send(self, record: Record) -> Receipt:
        """Give a record to the broker. Raises NotStored where it is not there, or too much waits for it."""
        if not self._partitions:
            raise NotStored("the broker is away")
        if self.pending >= MAX_PENDING:
            raise NotStored("too many records wait for the broker")
        group = self._new_group() if self._gathering is None else self._gathering
        self.pending += 1
        return self._add(group, record)

    async def send_all(self, records: Sequence[Record]) -> list[BaseException | None]:
        """Give these to the broker at once, as one group, and wait for it. Returns for each why it was not
        acknowledged, or None. Connect before.
        """
        group = Group(asyncio.get_running_loop(), self._timeout, self._finished)
        self.pending += len(records)
        for record in records:
            self._add(group, record)
        group.send(self._producer)
        await group.answer.within()
        return [group.errors.get(index) for index in range(len(group))]

    async def close(self, seconds: float) -> None:
        """Send what is gathered, wait for its acknowledgement for at most so many seconds, disconnect."""
        self._send()
        await until(lambda: not self.pending, seconds)
        if self._producer is not None:
            await asyncio.to_thread(close, self._producer, 0 if self.pending else self._timeout)

    def _connected(self) -> tuple[Any, dict[str, int]]:
        """A new producer, and the number of partitions of each topic."""
        # kafka-python backs off for many seconds, and keeps its sockets, when it is built while nobody listens.
        knock(self._kafka.servers)
        producer = made(KafkaProducer, **producer_options(self._kafka, self._timeout))
        try:
            partitions = {topic: len(producer.partitions_for(topic)) for topic in (EVENTS, INVALID)}
        except BaseException:
            close(producer, 0)
            raise
        return producer, partitions

    def _new_group(self) -> Group:
        loop = asyncio.get_running_loop()
        group = self._gathering = Group(loop, self._timeout, self._finished)
        loop.call_later(TICK_SECONDS, self._tick)
        group.later(self._away_after, partial(self._late, group))
        return group

    def _add(self, group: Group, record: Record) -> Receipt:
        topic, key, value = record
        return Receipt(group, group.add(topic, partition_of(key, self._partitions[topic]), key, value))

    def _tick(self) -> None:
        if len(self._unanswered) < MAX_GROUPS:
            self._send()
        else:
            self._is_due = True

    def _send(self) -> None:
        group, self._gathering, self._is_due = self._gathering, None, False
        if group is not None and not group.answer.is_given:
            self._unanswered.add(group)
            group.send(self._producer)

    def _late(self, group: Group) -> None:
        """A group that is not answered for in time: others need not wait for it."""
        if group.any_acknowledged:  # one partition of many has no leader
            self._heard()
        else:
            self._heard_nothing(group.made_at, f"no acknowledgement within {self._away_after:g} s")
        self._no_longer_waits(group)

    def _finished(self, group: Group) -> None:
        self.pending -= len(group)
        if group is self._gathering:  # it expired before it was sent
            self._gathering, self._is_due = None, False
        if group.sent_at:
            self._observe(asyncio.get_running_loop().time() - group.sent_at)
        if group.any_acknowledged:
            self._heard()
        elif not group.is_refused:
            self._heard_nothing(group.made_at, told(next(iter(group.errors.values()))))
        self._no_longer_waits(group)

    def _no_longer_waits(self, group: Group) -> None:
        self._unanswered.discard(group)
        if self._is_due and len(self._unanswered) < MAX_GROUPS:
            self._is_due = False
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._tick)

    def _heard(self) -> None:
        if self._presence.acknowledged(asyncio.get_running_loop().time()):
            log.info("kafka_is_back", servers=self._kafka.servers, spooled=self._spooled())

    def _heard_nothing(self, since: float, why: str) -> None:
        if self._presence.unanswered(since):
            log.warning("kafka_away", servers=self._kafka.servers, error=why)
