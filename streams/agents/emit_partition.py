"""Emit on one partition: decide once, append to `deliveries`, fold it, send, record.

Everything that is written to the own partition of `deliveries` is acknowledged before it is folded, and folded in
the order of its offsets. Where an acknowledged offset is not the next one, somebody else wrote there: that first.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog
from aiokafka import ConsumerRecord

from schemas.records import Cancel, Delivery, Retemplate
from schemas.topics import DELIVERIES
from schemas.wire import encode
from streams.adapters.kafka import Log
from streams.adapters.pending_store import Entry, PendingStore
from streams.adapters.producer import Producer
from streams.adapters.state import Stamp
from streams.agents.crash import background
from streams.agents.emit_decide import Decider
from streams.agents.emit_fold import end_of, fold_log
from streams.agents.emit_outbox import Outbox
from streams.agents.emit_queue import Queue
from streams.agents.emit_review import EVERY, LOOK_EVERY, reviewed, superseding
from streams.agents.emit_sender import Sender, now_ms
from streams.agents.healing import FAR, Healing, Stretch
from streams.emit.pending import Standing, Step, WithId, id_of, with_ids
from streams.emit.retemplate import caught_up
from streams.emit.wishes import cancelled
from streams.metrics import EmitMetrics

log = structlog.get_logger(__name__)

LINGER = 0.04
"""Seconds for which results are collected into one batch."""
RESULTS_PER_BATCH = 5000
CLOSING = 1.0
"""Seconds for which a partition that goes away waits for what is in flight."""
FLUSH_EVERY = 5.0


class EmitPartition:
    """A Partition (streams.role) of `outcomes`, with the pending deliveries of the same number."""

    def __init__(
        self,
        number: int,
        folder: Path,
        stamp: Stamp,
        *,
        decider: Decider,
        producer: Producer,
        log_: Log,
        sender: Sender,
        metrics: EmitMetrics,
        healing: Healing,
    ) -> None:
        self._metrics, self._healing = metrics, healing
        self._number, self._folder, self._stamp = number, folder, stamp
        self._decider, self._producer, self._log, self._sender = decider, producer, log_, sender
        self._store: PendingStore | None = None
        self._outbox: Outbox | None = None
        self._recorder: asyncio.Task[None] | None = None
        self._reviewer: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()  # one writer at a time, so that the own offsets follow each other
        self._flushed_at = time.monotonic()

    async def open(self, committed: int, healed: Callable[[int], None]) -> int:
        """Fold what every earlier owner recorded, then begin to send."""
        began = time.monotonic()
        self._store = store = PendingStore(self._folder, self._stamp)
        end = await end_of(store, self._log, self._number)
        folded = end - store.offset
        if folded >= FAR:
            self._store = store = await self._heal(store, end)
        await self._fold_log(store, end)
        self._outbox = Outbox(Queue(store))
        self._recorder = background(self._record_results(store, self._outbox), f"emit recorder {self._number}")
        self._reviewer = background(self._look_again(store, self._outbox), f"emit review {self._number}")
        self._sender.refresh(self._outbox)
        seconds = round(time.monotonic() - began, 3)
        self._metrics.show(self._number, store.pending_by_destination)
        if folded or store.pending:
            log.info("pending_folded", partition=self._number, folded=folded, pending=store.pending, seconds=seconds)
        return committed

    async def process(self, records: Sequence[ConsumerRecord], *, silent: bool) -> None:
        """Decide once: every delivery that the records cause is in the log when this returns."""
        if silent:
            return
        assert self._store is not None
        assert self._outbox is not None
        decided = self._decider.decide(records, now_ms())
        await self._decider.send_invalid(decided.invalid)
        if not (decided.deliveries or decided.cancels or decided.retemplates):
            return
        by_id: dict[bytes, Delivery] = {}
        for delivery in decided.deliveries:
            by_id.setdefault(id_of(delivery), delivery)
        async with self._writing:
            known = self._store.known(list(by_id))
            new = [(id_, delivery) for id_, delivery in by_id.items() if id_ not in known]
            over = superseding(self._store, [delivery for _, delivery in new], decided.updates, now_ms())
            entries, alone = await self._append(self._store, new + with_ids(over), None if over else known)
            self._take_up(self._outbox, entries, alone and not over)
            if decided.cancels:
                await self._cancel(self._store, self._outbox, decided.cancels)
            if decided.retemplates:
                await self._retemplate(self._store, self._outbox, decided.retemplates)

    async def _cancel(self, store: PendingStore, outbox: Outbox, cancels: Sequence[Cancel]) -> None:
        """End what still waits; what was read ahead of it is forgotten."""
        known = store.known([id_of(cancel.delivery) for cancel in cancels])
        ended = cancelled(cancels, known, now_ms())
        if ended:
            await self._append(store, with_ids(ended), None)
            self._take_up(outbox, [], alone=False)
        log.info("deliveries_cancelled", partition=self._number, asked=len(cancels), cancelled=len(ended))

    async def _retemplate(self, store: PendingStore, outbox: Outbox, asked: Sequence[Retemplate]) -> None:
        """Give what still waits the request of the present template; what was read ahead of it is forgotten."""
        waiting = store.waiting(store.known([id_of(one.delivery) for one in asked]))
        made = self._decider.retemplated(asked, waiting, now_ms())
        if made:
            await self._append(store, with_ids(made), None)
            self._take_up(outbox, [], alone=False)
        log.info("deliveries_retemplated", partition=self._number, asked=len(asked), changed=len(made))

    async def close(self) -> None:
        """Stop sending, give what is in flight a moment, record it."""
        store, outbox = self._store, self._outbox
        self._store = self._outbox = None
        if self._reviewer:
            self._reviewer.cancel()
        try:
            if store and outbox:
                self._sender.detach(outbox)
                await self._wind_down(store, outbox)
        finally:
            if outbox:
                self._sender.abandon(outbox)
            if self._recorder:
                self._recorder.cancel()
            self._metrics.hide(self._number)
            if store:
                store.close()

    async def _look_again(self, store: PendingStore, outbox: Outbox) -> None:
        """Review what waits for something else than its time: now, after every change of configuration, at times."""
        review, again_at = None, 0.0
        while True:
            if review is not self._decider.review or time.monotonic() >= again_at:
                review, again_at = self._decider.review, time.monotonic() + EVERY
                async with self._writing:
                    for records in reviewed(store, review, now_ms()):
                        await self._append(store, with_ids(records), None)
                        self._take_up(outbox, [], alone=False)
            await asyncio.sleep(LOOK_EVERY)

    async def _wind_down(self, store: PendingStore, outbox: Outbox) -> None:
        try:
            await asyncio.wait_for(outbox.quiet.wait(), CLOSING)
        except TimeoutError:
            log.info("emit_left_in_flight", partition=self._number, deliveries=outbox.in_flight)
        while outbox.results:
            await self._record(store, outbox)

    async def _record_results(self, store: PendingStore, outbox: Outbox) -> None:
        """Collect results for a moment, record them, and so on."""
        while True:
            await outbox.came.wait()
            await asyncio.sleep(LINGER - asyncio.get_running_loop().time() % LINGER)  # all at once: one request then
            await self._record(store, outbox)
            if not outbox.results:
                outbox.came.clear()

    async def _record(self, store: PendingStore, outbox: Outbox) -> None:
        """One producer batch of results; when it is on the broker, and only then, the state follows."""
        async with self._writing:
            mine = outbox.results[:RESULTS_PER_BATCH]
            known = {entry.id: entry.standing for entry, _ in mine if entry.standing}
            stale = len(known) < len(mine)
            results = [(entry.id, result) for entry, result in mine]
            if stale:
                waiting = store.waiting(store.known([id_ for id_, _ in results]))
                results = [(id_, caught_up(one, waiting.get(id_, one))) for id_, one in results]
            entries, alone = await self._append(store, results, None if stale else known)
            del outbox.results[: len(mine)]
            outbox.queue.release(entry for entry, _ in mine)
            self._metrics.attempted([result for _, result in results])
            self._take_up(outbox, entries, alone and not stale)
        self._sender.recorded(len(mine))

    def _take_up(self, outbox: Outbox, entries: list[Entry], alone: bool) -> None:
        if alone:
            outbox.queue.add(entries, now_ms())
        else:
            outbox.queue.reset()
        self._sender.refresh(outbox)

    async def _append(
        self, store: PendingStore, told: Sequence[WithId], known: Mapping[bytes, Standing] | None
    ) -> tuple[list[Entry], bool]:
        """Append to `deliveries` and fold. Returns what entered the queue, and whether nobody else wrote in between.

        `known`: the standings of all their IDs, where they are at hand.
        """
        values = [encode(delivery) for _, delivery in told]
        keyed = [(delivery.click_id.encode(), value) for (_, delivery), value in zip(told, values, strict=True)]
        acknowledged = await self._producer.send(DELIVERIES, self._number, keyed)
        entries: list[Entry] = []
        alone, at = True, 0
        for base, count in acknowledged:
            if base < store.offset:  # the broker had the batch already and says no offset: it is in the log
                alone = False
                await self._fold_log(store, await self._log.end(DELIVERIES, self._number))
            else:
                if base > store.offset:
                    alone = False
                    await self._fold_log(store, base)
                numbers = range(at, at + count)
                steps = [Step(base + n - at, *told[n], values[n]) for n in numbers]
                entries += store.fold(steps, base + count, known if alone else None)
            at += count
        self._metrics.show(self._number, store.pending_by_destination)
        self._flush(store)
        return entries, alone

    async def _fold_log(self, store: PendingStore, end: int) -> None:
        await fold_log(store, self._log, self._number, end)

    async def _heal(self, store: PendingStore, end: int) -> PendingStore:
        """Let go of the state while another process brings it to `end`. Where that fails it stands before it."""
        begin, self._store = store.offset, None
        store.close()
        stretch = Stretch(self._number, self._folder, self._stamp, begin, end)
        await self._healing.fold(stretch, lambda count: None)
        return PendingStore(self._folder, self._stamp)

    def _flush(self, store: PendingStore) -> None:
        if time.monotonic() - self._flushed_at > FLUSH_EVERY:
            self._flushed_at = time.monotonic()
            store.flush()
