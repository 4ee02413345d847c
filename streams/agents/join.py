"""The join as a role: events in, outcomes out, state by the fold of the partition."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, time

import structlog
from aiokafka import ConsumerRecord
from faust.types import TP

from schemas.records import Tick
from schemas.settings.file import Settings
from schemas.topics import EVENTS, INVALID, JOIN_GROUP, OUTCOMES, partition_of
from schemas.versions import epoch_of
from schemas.wire import WireError, decode_outcome, encode
from streams.adapters.clickhouse_facts import FactsReader
from streams.adapters.kafka import Log
from streams.adapters.producer import KeyValue, Producer
from streams.adapters.state import Stamp, StateStore
from streams.agents.healing import FAR, Healing, Stretch
from streams.agents.join_gate import DayGate
from streams.agents.join_lookup import Lookups
from streams.join.fold import Folded, Position, fold
from streams.join.state import LAYOUT
from streams.metrics import JoinMetrics

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 5.0
FLUSH_RECORDS = 200_000
TICK_SECONDS = 1.0
_LAST_OUTCOMES = 100
_FAR = (1 << 63) - 1


class JoinRole:
    """One for a worker: the connections that its partitions share."""

    group = JOIN_GROUP
    topics: tuple[str, ...] = (EVENTS,)
    batch_records = 1000  # larger ones take more memory, and no less CPU
    ahead = 1

    def __init__(self, settings: Settings, data: Path, partitions: int, metrics: JoinMetrics) -> None:
        self.folder, self.partitions, self.metrics = data / "state" / "join", partitions, metrics
        self.producer, self.log = Producer(settings.kafka, lanes=2), Log(settings.kafka)
        self.healing = Healing(settings.kafka, "streams.agents.join_healer")
        self._reader = FactsReader(settings.clickhouse.dsn)
        self.lookups = Lookups(self._reader, self.producer, metrics)

    async def start(self) -> None:
        """Connect to Kafka. ClickHouse may be away: only cold postbacks wait for it."""
        await self.producer.start()
        await self.log.start()
        self.topic_id = await self.log.topic_id(EVENTS)
        self._looking = asyncio.create_task(self.lookups.run())

    def partition(self, tp: TP) -> "JoinPartition":
        """A partition of `events` that was assigned just now."""
        return JoinPartition(self, tp.partition)

    async def log_epoch(self, number: int) -> int:
        """The epoch of a partition whose first record is gone: what its last outcomes carry in their versions."""
        end = await self.log.end(OUTCOMES, number)
        begin = max(await self.log.begin(OUTCOMES, number), end - _LAST_OUTCOMES)
        versions = [0]
        async for records in self.log.read(OUTCOMES, number, begin, end):
            for record in records:
                with suppress(WireError):
                    versions.append(decode_outcome(record.value).version)
        return epoch_of(max(versions))

    def may_work_until(self, moment: float) -> None:
        """The join needs no lease: what a worker that lost its partitions still sends are the same outcomes."""

    def use(self, settings: Settings) -> None:
        """The join knows no configuration: policy is on the record."""

    async def stop(self) -> None:
        """Disconnect."""
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        await self._reader.close()
        await self.healing.stop()
        await self.producer.stop()
        await self.log.stop()


class JoinPartition:
    """One partition of `events`: decide, send and wait for the acknowledgement, write state; in this order."""

    def __init__(self, role: JoinRole, number: int) -> None:
        self._role, self._number = role, number
        self._gate = DayGate(role.log, number)
        self._stamp = Stamp(role.partitions, role.topic_id, LAYOUT)
        self._at = role.folder / str(number)
        self._ticking: asyncio.Task[None] | None = None
        self._healed_at = 0  # the offset from which on outputs are ours to send
        self._healed = asyncio.Event()
        self._flushed_at = monotonic()
        self._flushing: asyncio.Task[None] | None = None
        self._waiting = 0  # postbacks that wait; of one click those with the same deadline count once

    async def open(self, committed: int, healed: Callable[[int], None]) -> int:
        """Open the state. It may be older than the committed offset, younger, or gone: the offset in it tells."""
        self._store = StateStore(self._at, self._stamp)
        try:
            await self._stand(committed, healed)
        except BaseException:  # it is somebody else's already, or ours again: RocksDB lets one in at a time
            self._store.close()
            raise
        self._healed_at = committed
        self._ticking = asyncio.create_task(self._live())
        self._note_healing()
        self._role.metrics.show(self._number, self._store.position.next, self._waiting)
        return self._store.position.next

    async def _stand(self, committed: int, healed: Callable[[int], None]) -> None:
        """Bring the state to where the log, and nothing else, goes on from it."""
        end = await self._role.log.end(EVENTS, self._number)
        if self._store.position.next > end:
            log.warning("state_discarded", partition=self._number, at=self._store.position.next, log_ends_at=end)
            self._store.clear()
        begin = await self._role.log.begin(EVENTS, self._number)
        if self._store.position.next < begin:  # what is older than the log is older than what a state remembers
            log.info("state_begins_with_the_log", partition=self._number, begin=begin)
            self._store.clear(Position(begin, 0, await self._role.log_epoch(self._number)))
        if committed - self._store.position.next >= FAR:
            await self._heal(committed, healed)
        self._waiting = await asyncio.to_thread(self._count_waiting)

    async def process(self, records: Sequence[ConsumerRecord], *, silent: bool) -> None:
        """Fold a batch; with silent=True what it causes was sent by somebody else."""
        folded = fold(self._store.position, records, self._store)
        if not silent:
            await self._gate.pass_to(folded.position.time)
            await self._send(folded)
            self._role.metrics.sent(folded.outcomes, folded.invalid)
        self._store.write(folded)
        self._waiting += len(folded.added) - len(folded.removed)
        self._role.metrics.show(self._number, self._store.position.next, self._waiting)
        if not silent:
            self._role.lookups.ask(self._number, folded.asking)
        self._store.purge()
        self._note_healing()
        self._flush_now_and_then()

    async def close(self) -> None:
        """Stop ticking and looking up, and bring the state to disk."""
        if self._ticking is not None:
            self._ticking.cancel()
            self._role.lookups.drop(self._number)
            self._role.metrics.hide(self._number)
            await asyncio.to_thread(self._store.close)

    def _flush_now_and_then(self) -> None:
        """Begin to bring the state to disk, beside what comes next: a slow disk holds up nothing.

        Raises what the flush before it raised.
        """
        if self._flushing is not None:
            if not self._flushing.done():
                return
            self._flushing.result()
        if self._store.unflushed >= FLUSH_RECORDS or monotonic() - self._flushed_at >= FLUSH_SECONDS:
            self._flushed_at = monotonic()
            self._flushing = asyncio.create_task(asyncio.to_thread(self._store.flush))

    async def _send(self, folded: Folded) -> None:
        """Returns when the broker has acknowledged all of it."""
        producer, partitions = self._role.producer, self._role.partitions
        if folded.outcomes:
            keyed = ((_key(one.postback.click_id), encode(one)) for one in folded.outcomes)
            await producer.send(OUTCOMES, self._number, keyed)
        spread: dict[int, list[KeyValue]] = {}
        for one in folded.invalid:
            key = one.invalid_id.encode()
            spread.setdefault(partition_of(key, partitions), []).append((key, encode(one)))
        await asyncio.gather(*(producer.send(INVALID, number, sent) for number, sent in spread.items()))

    async def _heal(self, end: int, healed: Callable[[int], None]) -> None:
        """Let go of the state while another process brings it to `end`. Where that fails it stands before it."""
        begin = self._store.position
        await asyncio.to_thread(self._store.close)
        stretch = Stretch(self._number, self._at, self._stamp, begin.next, end, begin)
        await self._role.healing.fold(stretch, healed)
        self._store = StateStore(self._at, self._stamp)
        if self._store.position.next < begin.next:
            self._store.clear(begin)

    def _count_waiting(self) -> int:
        return sum(1 for _ in self._store.deadlines(self._store.position.time, _FAR))

    def _note_healing(self) -> None:
        if self._store.position.next >= self._healed_at:
            self._healed.set()

    async def _live(self) -> None:
        """Once healed: look up again what still waits for that, and keep time moving."""
        await self._healed.wait()
        self._role.lookups.ask(self._number, list(self._store.asking()))
        while True:
            await asyncio.sleep(TICK_SECONDS)
            await self._tick()

    async def _tick(self) -> None:
        """Move time where something waits whose moment has come, and nothing else does."""
        deadline = self._store.next_deadline()
        if deadline is not None and deadline <= time() * 1000:
            await self._role.producer.send(EVENTS, self._number, [(None, encode(Tick()))])


def _key(click_id: str) -> bytes | None:
    return click_id.encode() or None
