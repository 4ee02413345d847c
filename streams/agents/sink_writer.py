"""The sink's writer: collects rows of all partitions, so that few parts are made, and writes them for good.

While a batch is on its way the next is made, and no more than that: whoever brings rows waits for room.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Protocol

import structlog
from aiokafka import ConsumerRecord

from schemas.unusable import unusable
from schemas.whose import whose
from streams.adapters.clickhouse import AwayError, RefusedError, body_of
from streams.agents.sink_lot import Block, Line, Lot, block_of, joined
from streams.metrics import SinkMetrics
from streams.rows import invalid_row
from streams.tables import INVALID, WRITE_ORDER, Table

log = structlog.get_logger(__name__)

FULL_ROWS = 40_000  # of one table
LINGER = 0.5  # seconds that the first row waits for others
BACKLOG_ROWS = 1_000  # who brings so many rows is behind: a full batch counts for more than a moment
BACKLOG_LINGER = 0.25  # seconds after the last of these, where nobody makes more
LONGEST_LINGER = 1.0
LATE, MOST_PATIENCE = 4.0, 5.0  # rows that are late by so many seconds already may wait longer, at most so many times
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between two tries of the same batch


class Inserts(Protocol):
    """What the writer writes to: streams.adapters.clickhouse.ClickHouse."""

    async def insert(self, table: Table, body: bytes) -> None:
        """Raises RefusedError or AwayError."""


class Writer:
    """One for each topic. Writes one batch after the other; a batch that cannot be written now is tried for ever."""

    def __init__(self, database: Inserts, metrics: SinkMetrics) -> None:
        self._database, self._metrics = database, metrics
        self._waiting: deque[tuple[Lot, asyncio.Future[None]]] = deque()
        self._rows = 0  # that wait
        self._first = self._due = self._latest = 0.0
        self._patience = 1.0
        self._came, self._room, self._turn = asyncio.Event(), asyncio.Event(), asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.inserts = 0
        self.refused = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The right to make a lot and `put` it: one at a time, in the order asked, and while there is room for it."""
        async with self._turn:
            while self._rows >= FULL_ROWS:
                self._room.clear()
                await self._room.wait()
            yield

    def put(self, lot: Lot) -> asyncio.Future[None]:
        """Done when ClickHouse has acknowledged every row, or the row that stands for it in `invalid`."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()
        if not lot.size:
            written.set_result(None)
            return written
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._run())
        now = loop.time()
        if not self._waiting:
            self._first, self._due, self._latest = now, now + LINGER, now + LINGER
        if lot.size >= BACKLOG_ROWS:
            self._patience = patience(lot.age)
            self._due = now + BACKLOG_LINGER * self._patience
            self._latest = self._first + LONGEST_LINGER * self._patience
        self._waiting.append((lot, written))
        self._rows += lot.size
        self._came.set()
        return written

    async def stop(self) -> None:
        """Give up what is not written yet: nobody has been told that it was."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._collect()
            taken = self._take()
            try:
                await self._write_all([lot for lot, _ in taken])
            except BaseException as error:  # whoever waits must learn of it: the worker ends by it
                for _, written in taken:
                    if not written.done():
                        written.set_exception(_ended(error))
                raise
            for _, written in taken:
                if not written.done():  # its partition may have been taken from us meanwhile
                    written.set_result(None)

    async def _collect(self) -> None:
        """Wait until a batch is full, or nobody is about to add to it."""
        loop = asyncio.get_running_loop()
        while self._rows < FULL_ROWS:
            until = (self._latest if self._turn.locked() else min(self._due, self._latest)) if self._rows else None
            if until is not None and loop.time() >= until:
                return
            self._came.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._came.wait()

    def _take(self) -> list[tuple[Lot, asyncio.Future[None]]]:
        """Whole lots, until there are rows for one full insert."""
        taken, rows = [], 0
        while self._waiting and rows < FULL_ROWS:
            taken.append(self._waiting.popleft())
            rows += taken[-1][0].size
        self._rows -= rows
        if self._waiting:  # only who is behind brings so much
            self._first = asyncio.get_running_loop().time()
            self._latest = self._first + LONGEST_LINGER * self._patience
        self._room.set()
        return taken

    async def _write_all(self, lots: Sequence[Lot]) -> None:
        refused: list[Line] = []
        for table in WRITE_ORDER:
            if block := joined(lots, table):
                await self._write_table(table, block, refused)
        if refused:
            await self._write_refused(refused)

    async def _write_table(self, table: Table, block: Block, refused: list[Line]) -> None:
        """Write rows; halve them where they are refused for their data, until the row at fault stands alone."""
        try:
            await self._insert(table, block)
        except RefusedError as refusal:
            if len(block.records) > 1:
                for half in block.halves():
                    await self._write_table(table, half, refused)
            else:
                self._metrics.refused(table.name)
                refused.append(_refused_line(table, block.records[0], refusal))

    async def _write_refused(self, lines: Sequence[Line]) -> None:
        self.refused += len(lines)
        for pause in _pauses():
            try:
                await self._insert(INVALID, block_of(INVALID, lines))
                return
            except RefusedError as refusal:  # not the rows' fault: we made them. Somebody must mend the table.
                log.error("invalid_row_refused", rows=len(lines), error=str(refusal))
                await asyncio.sleep(pause)

    async def _insert(self, table: Table, block: Block) -> None:
        """Try the same bytes until they are acknowledged. Raises RefusedError."""
        body = body_of(block.body)
        for pause in _pauses():
            began = monotonic()
            try:
                await self._database.insert(table, body)
            except AwayError:
                self._metrics.retried(table.name)
                await asyncio.sleep(pause)
            else:
                self.inserts += 1
                self._metrics.written(table.name, len(block.records), monotonic() - began)
                if block.newest:
                    self._metrics.came(table.name, block.newest)
                return


def patience(age: float) -> float:
    """How many times longer a batch may be filled whose newest rows are so many seconds old: by a quarter of that."""
    return min(max(age / LATE, 1.0), MOST_PATIENCE)


def _refused_line(table: Table, record: ConsumerRecord, refusal: RefusedError) -> Line:
    log.warning(
        "row_refused",
        table=table.name,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        error=str(refusal)[:300],
        **whose(record.value),
    )
    where = (f"{record.topic}/{table.name}", record.partition, record.offset)  # an outcome may fail in two tables
    stand_in = unusable("row", f"clickhouse_{refusal.code}", str(refusal), where, record.timestamp, record.value)
    return invalid_row(stand_in, record.offset), record


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)


def _ended(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError("the sink's writer was stopped")
