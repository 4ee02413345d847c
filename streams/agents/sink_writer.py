"""The sink's writer: collects rows of all partitions, so that few parts are made, and writes them for good."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Protocol

import structlog
from aiokafka import ConsumerRecord

from schemas.unusable import unusable
from schemas.whose import whose
from streams.adapters.clickhouse import AwayError, RefusedError, body_of
from streams.metrics import SinkMetrics
from streams.rows import Row, invalid_row
from streams.tables import CLICKS, INVALID, POSTBACKS, WRITE_ORDER, Table

log = structlog.get_logger(__name__)

Line = tuple[Row, ConsumerRecord]
"""A row, and the record that it was made of."""
Lines = Mapping[Table, Sequence[Line]]

FULL_ROWS = 40_000
LINGER = 0.5  # seconds that the first row waits for others
BACKLOG_ROWS = 1_000
BACKLOG_LINGER = 0.05  # who brings so many rows is behind, and does not wait for stragglers
_RECEIVED_AT = {table: table.columns.index("received_at") for table in (CLICKS, POSTBACKS)}
"""Where it stands in the rows of what comes from outside."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between two tries of the same batch


class Inserts(Protocol):
    """What the writer writes to: streams.adapters.clickhouse.ClickHouse."""

    async def insert(self, table: Table, body: bytes) -> None:
        """Raises RefusedError or AwayError."""


class Writer:
    """One for each topic. Writes one batch after the other; a batch that cannot be written now is tried for ever."""

    def __init__(self, database: Inserts, metrics: SinkMetrics) -> None:
        self._database, self._metrics = database, metrics
        self._waiting: deque[tuple[Lines, asyncio.Future[None]]] = deque()
        self._rows = 0
        self._due = 0.0
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.inserts = 0
        self.refused = 0

    async def write(self, lines: Lines) -> None:
        """Returns when ClickHouse has acknowledged every row, or the row that stands for it in `invalid`."""
        count = sum(map(len, lines.values()))
        if not count:
            return
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._run())
        if not self._rows:
            self._due = loop.time() + LINGER
        if count >= BACKLOG_ROWS:
            self._due = min(self._due, loop.time() + BACKLOG_LINGER)
        written: asyncio.Future[None] = loop.create_future()
        self._waiting.append((lines, written))
        self._rows += count
        self._came.set()
        await written

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
                await self._write_all([lines for lines, _ in taken])
            except BaseException as error:  # whoever waits must learn of it: the worker ends by it
                for _, written in taken:
                    if not written.done():
                        written.set_exception(_ended(error))
                raise
            for _, written in taken:
                if not written.done():  # its partition may have been taken from us meanwhile
                    written.set_result(None)

    async def _collect(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._rows or (self._rows < FULL_ROWS and loop.time() < self._due):
            self._came.clear()
            try:
                async with asyncio.timeout_at(self._due if self._rows else None):
                    await self._came.wait()
            except TimeoutError:
                return

    def _take(self) -> list[tuple[Lines, asyncio.Future[None]]]:
        """Whole submissions, until there are rows for one full insert; what is left is due at once."""
        taken, rows = [], 0
        while self._waiting and rows < FULL_ROWS:
            taken.append(self._waiting.popleft())
            rows += sum(map(len, taken[-1][0].values()))
        self._rows -= rows
        self._due = 0.0
        return taken

    async def _write_all(self, submissions: Sequence[Lines]) -> None:
        refused: list[Line] = []
        for table in WRITE_ORDER:
            lines = [line for submission in submissions for line in submission.get(table, ())]
            if lines:
                await self._write_table(table, lines, refused)
        if refused:
            await self._write_refused(refused)

    async def _write_table(self, table: Table, lines: Sequence[Line], refused: list[Line]) -> None:
        """Write rows; halve them where they are refused for their data, until the row at fault stands alone."""
        try:
            await self._insert(table, lines)
        except RefusedError as refusal:
            if len(lines) > 1:
                middle = len(lines) // 2
                await self._write_table(table, lines[:middle], refused)
                await self._write_table(table, lines[middle:], refused)
            else:
                self._metrics.refused(table.name)
                refused.append(_refused_line(table, lines[0][1], refusal))

    async def _write_refused(self, lines: Sequence[Line]) -> None:
        self.refused += len(lines)
        for pause in _pauses():
            try:
                await self._insert(INVALID, lines)
                return
            except RefusedError as refusal:  # not the rows' fault: we made them. Somebody must mend the table.
                log.error("invalid_row_refused", rows=len(lines), error=str(refusal))
                await asyncio.sleep(pause)

    async def _insert(self, table: Table, lines: Sequence[Line]) -> None:
        """Try the same bytes until they are acknowledged. Raises RefusedError."""
        body = body_of([row for row, _ in lines])
        for pause in _pauses():
            began = monotonic()
            try:
                await self._database.insert(table, body)
            except AwayError:
                self._metrics.retried(table.name)
                await asyncio.sleep(pause)
            else:
                self.inserts += 1
                self._metrics.written(table.name, len(lines), monotonic() - began)
                if (received_at := _RECEIVED_AT.get(table)) is not None:
                    self._metrics.came(table.name, max(row[received_at] for row, _ in lines))
                return


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
