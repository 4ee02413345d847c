"""One assigned partition: open it, read what Faust does not deliver from the log, process, and say how far it is."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import structlog
from aiokafka import ConsumerRecord
from faust.types import TP

from streams.adapters.kafka import Log
from streams.role import Partition
from streams.worker_metrics import Processed

log = structlog.get_logger(__name__)


CANCEL_AGAIN = 2.0
"""Seconds after which a task that was cancelled and goes on is cancelled again."""


class TruncatedLogError(Exception):
    """The log starts after the offset at which to resume: records are gone that nobody has processed."""


class Runner:
    """Runs a Partition in a task of its own from its assignment to its revocation.

    What Faust delivers is a hint. While the partition is being opened the hints are dropped when there are too many;
    whatever was dropped or skipped is read from the log, by offset.
    """

    queue_batches = 4

    def __init__(
        self,
        tp: TP,
        group: str,
        partition: Partition,
        log_: Log,
        done: Callable[[TP, int], None],
        most: int,
        processed: Processed,
        ahead: int = 1,
    ) -> None:
        """`most`: records in one call of the Partition's `process`; `ahead`: such calls that may run at once."""
        self.tp = tp
        self._processed = processed
        self._group, self._partition, self._log, self._done, self._most = group, partition, log_, done, most
        self._ahead = ahead
        # with the end of the records of each, and how many they are
        self._under_way: deque[tuple[asyncio.Task[None], int, int]] = deque()
        self._hints: deque[Sequence[ConsumerRecord]] = deque()
        self._came = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self.opened = asyncio.Event()
        self._live = False  # opened, and reading what Faust delivers
        self._closed = False
        self._seen = 0  # the end of what Faust has delivered, taken or dropped
        self.next = 0  # the offset of the next record to process
        self.committed = 0  # where the group resumed when it was opened
        self.read_again = 0  # records that were read from the log instead

    async def hint(self, batch: Sequence[ConsumerRecord]) -> None:
        """Take a batch from Faust; wait while there are too many, or drop it while the partition is being opened."""
        while len(self._hints) >= self.queue_batches and not self._closed:
            if not self._live:
                self._seen = max(self._seen, batch[-1].offset + 1)
                return
            self._room.clear()
            await self._room.wait()
        self._seen = max(self._seen, batch[-1].offset + 1)
        self._hints.append(batch)
        self._came.set()

    async def run(self) -> None:
        """Until cancelled. Raises what the Partition raises, and TruncatedLogError."""
        try:
            await self._open()
            self._live = True
            await self._run()
        finally:
            for work, _, _ in self._under_way:
                work.cancel()
            await asyncio.gather(*[work for work, _, _ in self._under_way], return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._settle()
            batch = self._take()
            if batch:
                await self._process_live(batch)
            elif self._seen > self.next:
                await self._read(self.next, self._seen, silent=False)  # it was dropped
            else:
                self._came.clear()
                await self._came.wait()

    async def close(self) -> None:
        """Let go: whatever waits for room goes on, and the Partition writes its state."""
        self._closed = True
        self._room.set()
        await self._partition.close()

    async def _open(self) -> None:
        topic, number = self.tp
        committed = await self._log.committed(self._group, topic, number)
        begin = await self._log.begin(topic, number)
        start = begin if committed is None else committed
        if start < begin:
            gone = f"{topic}-{number} starts at {begin}, resume at {start}: {begin - start} are gone"
            raise TruncatedLogError(f"{gone} (clickjoin skip-removed goes on behind them)")
        if committed is None and await self._log.committed_another(self._group, topic, number):
            log.warning("committed_of_another_topic", topic=topic, partition=number)
            self._seen = await self._log.end(topic, number)  # Faust resumes where the group was in that one
        self.committed = start
        self.next = await self._partition.open(start, self._healed)
        await self._read(self.next, start, silent=True)
        self._done(self.tp, self.next)
        if self.read_again:
            log.info("partition_healed", topic=topic, partition=number, at=self.next, records=self.read_again)
        self.opened.set()

    def _take(self) -> list[ConsumerRecord]:
        """What lies in the queue, up to the size of a batch."""
        batch: list[ConsumerRecord] = []
        while self._hints and len(batch) < self._most:
            batch.extend(self._hints.popleft())
        self._room.set()
        return batch

    async def _process_live(self, batch: Sequence[ConsumerRecord]) -> None:
        first = batch[0].offset
        if first > self.next:
            await self._read(self.next, first, silent=False)
        position = self.next
        new = [record for record in batch if record.offset >= position]
        if not _ascending(new, position):  # a hole inside: the log has all of it
            await self._read(self.next, new[-1].offset + 1, silent=False)
        elif new:
            await self._process(new, silent=False)

    async def _read(self, begin: int, end: int, *, silent: bool) -> None:
        async for chunk in self._log.read(self.tp.topic, self.tp.partition, begin, end, most=self._most):
            self._count_again(len(chunk))
            await self._process(chunk, silent=silent)
            await asyncio.sleep(0)
        self.next = max(self.next, end)  # offsets without a record: compaction, transaction markers

    def _healed(self, count: int) -> None:
        self._count_again(count)
        self._processed.healed.inc(count)

    def _count_again(self, count: int) -> None:
        self.read_again += count
        self._processed.read_again.inc(count)

    async def _process(self, records: Sequence[ConsumerRecord], *, silent: bool) -> None:
        end = records[-1].offset + 1
        if silent:
            await self._partition.process(records, silent=True)
            self._processed.healed.inc(len(records))
        elif self._ahead == 1:
            await self._partition.process(records, silent=False)
            self._finished(end, len(records))
        else:
            await self._begin(records, end)
        self.next = end

    async def _begin(self, records: Sequence[ConsumerRecord], end: int) -> None:
        """Begin to process as soon as few enough are under way."""
        while len(self._under_way) >= self._ahead:
            await asyncio.wait([self._under_way[0][0]])
            self._settle()
        work = asyncio.create_task(self._partition.process(records, silent=False))
        work.add_done_callback(lambda _: self._came.set())
        self._under_way.append((work, end, len(records)))

    def _settle(self) -> None:
        """Say how far it is: up to the first that is still under way. Raises what the Partition raised."""
        while self._under_way and self._under_way[0][0].done():
            work, end, count = self._under_way[0]
            work.result()
            self._under_way.popleft()
            self._finished(end, count)

    def _finished(self, end: int, count: int) -> None:
        self._processed.live.inc(count)
        self._done(self.tp, end)


async def end_all(tasks: Iterable[asyncio.Task[None]], *, again: float = CANCEL_AGAIN) -> None:
    """Cancel tasks until they have ended.

    A library may swallow a cancellation that comes while it tidies up, and whoever waits for the task waits for ever.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again)
        if left:
            log.warning("cancelled_again", partitions=sorted(task.get_name() for task in left))


def _ascending(records: Sequence[ConsumerRecord], begin: int) -> bool:
    return all(record.offset == begin + index for index, record in enumerate(records))
