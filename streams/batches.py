"""Faust delivering one event for each batch of records, and committing only what it is told to.

Faust's own path costs some 90 µs a message, and its bookkeeping of acknowledged offsets lost records in rebalances: it
acknowledges an event whose agent raised or was cancelled. Here a batch is all that one partition yielded in one fetch,
and only offsets that were given to `done` are committed. What Faust delivers is a hint: a batch may come twice, or be
skipped; whoever takes it compares offsets.

Nothing else uses Faust's inside. This file stands on private API of faust-streaming 0.15.3, which is pinned for that
reason; tests/contracts/test_batches.py holds it against Apache Kafka.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from time import CLOCK_BOOTTIME, clock_gettime
from typing import Any

import faust
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError
from aiokafka.structs import OffsetAndMetadata
from faust import Schema
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP

log = structlog.get_logger(__name__)

METADATA_AGE_MS = 10_000
"""A group that was formed while a broker was starting, and did not know its topics yet, has no partitions so long."""
FEW, GATHER_SECONDS = 200, 0.05
"""After a fetch of fewer records the next is asked for so much later: by then it holds more, and each batch costs."""
FETCH_WAIT_MS = 100
"""So long the broker may keep a fetch that finds nothing. One is under way at a time: one that asks only for quiet
partitions, as the others' records lay here unread, keeps those waiting. Faust's own figure is 1,500."""
FETCH_SECONDS, SOME_FULL_SECONDS = 1.0, 0.05
"""A fetch leaves out the partitions of which enough waits to be taken, until it has ended: when the others have
nothing, it may not keep those waiting. Faust's own figure is the first for both."""
COMMIT_TIMEOUT = 3.0
"""Seconds. One that takes longer waits for a rebalance or the broker, and would hold up an orderly stop."""


class BatchSchema(Schema):
    """Leaves the records as they came: the event's value is a list of ConsumerRecord of one partition, ascending."""

    def compile(self, app: Any, **_: Any) -> Any:
        """Faust asks for the function that decodes a message."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return app.create_event(None, message.value, message.headers, message=message)

        return decode


class BatchConsumerThread(AIOKafkaConsumerThread):
    """Faust's thread around aiokafka's consumer, with what Faust has no setting for."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer


class BatchConsumer(Consumer):
    """Faust's consumer with both ends replaced: how records reach the agent, and what is committed."""

    batch_records = 2000
    topic_ids: Mapping[str, str] = {}
    """Kafka's own IDs of topics by name, committed with each offset: of another topic of that name it means nothing."""
    committed_at: Callable[[float], None] = staticmethod(lambda began: None)
    """Called after each successful commit with the moment (CLOCK_BOOTTIME, seconds) at which it began."""
    commit_failed: Callable[[], None] = staticmethod(lambda: None)
    """Called after each other one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._done: dict[TP, int] = {}
        self.offsets_committed: dict[TP, int] = {}  # of what is ours
        self._committing = asyncio.Lock()
        self._room = asyncio.Event()

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def done(self, tp: TP, resume_at: int) -> None:
        """Everything of `tp` below `resume_at` is decided, sent and stored: it may be committed."""
        self._done[tp] = max(resume_at, self._done.get(tp, 0))

    def forget(self, tps: Iterable[TP]) -> None:
        """These partitions are no longer ours: commit nothing of them any more."""
        for tp in tps:
            self._done.pop(tp, None)
            self.offsets_committed.pop(tp, None)

    def ack(self, message: Any) -> bool:
        """Faust calls this even where an agent raised, so it means nothing here."""
        self._unacked_messages.discard(message)
        message.acked = True
        return True

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what is done, also where nothing advanced: success says that the partitions are still ours."""
        async with self._committing:
            done = dict(self._done)
            ids = self.topic_ids
            offsets = {TopicPartition(*tp): OffsetAndMetadata(at, ids.get(tp.topic, "")) for tp, at in done.items()}
            if not offsets:
                return False
            began = clock_gettime(CLOCK_BOOTTIME)
            try:
                consumer = self._thread._consumer
                await asyncio.wait_for(self._thread.call_thread(consumer.commit, offsets), COMMIT_TIMEOUT)
            except Exception as error:  # in a rebalance, or the broker is away: the next commit says the same again
                log.info("commit_failed", error=type(error).__name__)
                self.commit_failed()
                return False
            self.offsets_committed.update((tp, at) for tp, at in done.items() if tp in self._done)
            self.committed_at(began)
            return True

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Faust's other door to the same thing."""
        return await self.commit()

    def on_buffer_drop(self, tp: TP) -> None:
        """Of a partition of which enough waited to be taken, little does now."""
        super().on_buffer_drop(tp)
        self._room.set()

    async def _wait_for_room(self) -> None:
        """While enough waits to be taken of every partition. Faust would look again after a second."""
        if self._buffered_partitions and not self._get_active_partitions():
            self._room.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._room.wait(), FETCH_SECONDS)  # a rebalance says nothing

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's loop from fetch to agent, a batch at a time; after a small fetch the next may gather for a moment."""
        drained = 0
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                await asyncio.sleep(0 if drained >= FEW else GATHER_SECONDS)
                drained = 0 if self.should_stop else await self._drain_once()
        except (asyncio.CancelledError, *self.consumer_stopped_errors):
            if not self.transport.app.should_stop:
                raise

    async def _drain_once(self) -> int:
        """Hand on one fetch. Returns how many records it had."""
        await self._wait_for_room()
        patience = SOME_FULL_SECONDS if self._buffered_partitions else FETCH_SECONDS
        fetched, active = await self._wait_next_records(patience)
        generation = self.app.consumer_generation_id
        if fetched is None or self.should_stop:
            return 0
        if not self.flow_active:
            await self._seek_again()
            return 0
        for tp, records in fetched.items():
            if active is not None and tp not in active:
                continue
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            for batch in _batches(records, self.batch_records):
                if self.app.consumer_generation_id != generation or not self.flow_active:
                    return 0
                # Faust's guard against a dead-lock in rebalances, once a batch instead of once a message.
                await self.wait_first(self.callback(self._message(tp, batch)), self.suspend_flow.wait())
                self._read_offset[tp] = batch[-1].offset
        return sum(map(len, fetched.values()))

    async def _seek_again(self) -> None:
        try:
            await self.perform_seek()
        except IllegalStateError:
            log.info("seek_failed_in_rebalance")  # revoked meanwhile; Faust would let the worker die of it

    def _message(self, tp: TP, batch: Sequence[ConsumerRecord]) -> Any:
        message = self._to_message(tp, batch[-1])
        message.key, message.value = None, batch
        return message


class BatchTransport(Transport):
    """Faust's Kafka transport with the consumer above."""

    Consumer = BatchConsumer


class BatchApp(faust.App):
    """A Faust app on that transport, with the settings that this way of working needs."""

    def __init__(self, group: str, bootstrap: str, *, session_timeout: float, **options: Any) -> None:
        super().__init__(
            group,
            broker=[f"kafka://{server}" for server in bootstrap.split(",")],
            store="memory://",
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            stream_wait_empty=False,
            stream_buffer_maxsize=16,  # counts batches
            consumer_auto_offset_reset="earliest",
            broker_session_timeout=session_timeout,
            broker_heartbeat_interval=session_timeout / 5,
            broker_commit_interval=0.5,
            consumer_metadata_max_age_ms=METADATA_AGE_MS,
            **options,
        )

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)


def _batches(records: Sequence[ConsumerRecord], size: int) -> Iterable[Sequence[ConsumerRecord]]:
    return (records[i : i + size] for i in range(0, len(records), size))


def batches_of(app: BatchApp, topics: Sequence[str], take: Callable[[Sequence[ConsumerRecord]], Any]) -> None:
    """Let `take` (async) have every batch that Faust delivers of `topics`. It must not raise."""

    async def agent(stream: Any) -> None:
        async for batch in stream:
            await take(batch)

    app.agent(app.topic(*topics, schema=BatchSchema()), name="batches")(agent)
