"""The sink: what lies on the four topics becomes rows of ClickHouse, each once however often it is read."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog
from aiokafka import ConsumerRecord
from faust.types import TP

from schemas.records import Click, Epoch, Forget, Outcome
from schemas.settings.file import Settings
from schemas.topics import DELIVERIES, EVENTS, INVALID, OUTCOMES, SINK_GROUP, TOPICS
from schemas.unusable import unusable
from schemas.whose import whose
from schemas.wire import WireError, decode_delivery, decode_event, decode_invalid, decode_outcome_or_request
from streams import rows, tables
from streams.adapters.clickhouse import ClickHouse, RefusedError
from streams.adapters.kafka import Log
from streams.agents.sink_lot import Line, Lines, Lot
from streams.agents.sink_sweep import sweep_for_ever
from streams.agents.sink_writer import Writer
from streams.metrics import SinkMetrics
from streams.tables import Table

log = structlog.get_logger(__name__)

AT_ONCE = 500
"""Records that become rows, and bytes, at once: in between the loop serves the inserts."""

FindEpoch = Callable[[str, int], Awaitable[int]]
"""The epoch of a partition (topic, number), as its first record says."""


class SinkRole:
    """Reads everything, holds no state: ClickHouse's keys and versions make a repeat harmless."""

    group = SINK_GROUP
    topics: tuple[str, ...] = TOPICS
    batch_records = 2_500
    ahead = 16  # a full batch is made of what few partitions bring, in pieces as small as Kafka hands out large records

    def __init__(self, settings: Settings, data: Path, partitions: int, metrics: SinkMetrics) -> None:
        """`data` and `partitions` are the roles' common arguments; the sink needs neither."""
        self._dsn = settings.clickhouse.dsn
        self._log, self._metrics = Log(settings.kafka), metrics

    async def start(self) -> None:
        """Connect to Kafka. ClickHouse may be away: the writers wait for it."""
        await self._log.start()
        self._database = ClickHouse(self._dsn)
        self._writers = {topic: Writer(self._database, self._metrics) for topic in TOPICS}
        self._sweeping = asyncio.get_running_loop().create_task(sweep_for_ever(self._dsn))

    def partition(self, tp: TP) -> "SinkPartition":
        """All partitions of a topic share its writer."""
        return SinkPartition(tp.topic, tp.partition, self._writers[tp.topic], self._find_epoch)

    def may_work_until(self, monotonic: float) -> None:
        """A row written by a worker that lost its partition is the same row: no lease is needed."""

    def use(self, settings: Settings) -> None:
        """Nothing that is configured is decided here."""

    async def stop(self) -> None:
        """Disconnect."""
        self._sweeping.cancel()
        await asyncio.gather(self._sweeping, return_exceptions=True)
        for writer in self._writers.values():
            await writer.stop()
        await self._database.close()
        await self._log.stop()

    async def _find_epoch(self, topic: str, partition: int) -> int:
        begin = await self._log.begin(topic, partition)
        end = min(begin + 1, await self._log.end(topic, partition))
        async for chunk in self._log.read(topic, partition, begin, end):
            if (epoch := epoch_of(chunk[0])) is not None:
                return epoch
        if begin:  # retention took it; later epochs than 0 are rare, and only clicks recorded in both would differ
            log.warning("epoch_unknown", topic=topic, partition=partition, begin=begin)
        return 0


class SinkPartition:
    """One partition of one topic."""

    def __init__(self, topic: str, partition: int, writer: Writer, find_epoch: FindEpoch) -> None:
        self._topic, self._partition, self._writer, self._find_epoch = topic, partition, writer, find_epoch
        self._epoch = 0

    async def open(self, committed: int, healed: Callable[[int], None]) -> int:
        """Resume where the group is."""
        if self._topic == EVENTS and committed:
            self._epoch = await self._find_epoch(self._topic, self._partition)
        return committed

    async def process(self, records: Sequence[ConsumerRecord], *, silent: bool) -> None:
        """Write what the records say. Returns when ClickHouse has acknowledged it."""
        if silent:
            return
        async with self._writer.turn():  # whoever began first goes first: an epoch begins with a record
            written = self._writer.put(await self._lot(records))
        await written

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def _lot(self, records: Sequence[ConsumerRecord]) -> Lot:
        lot = Lot(time.time() - records[-1].timestamp / 1000 if records else 0.0)
        for begin in range(0, len(records), AT_ONCE):
            lines = self.lines(records[begin : begin + AT_ONCE])
            try:
                lot.add(lines)
            except RefusedError:
                _add_singly(lot, lines)
            await asyncio.sleep(0)  # the next insert may begin
        return lot

    def lines(self, records: Sequence[ConsumerRecord]) -> Lines:
        """The rows of records, by table. A record that cannot be used is a row of `invalid`."""
        found: dict[Table, list[Line]] = {table: [] for table in tables.WRITE_ORDER}
        add = _ADD[self._topic]
        for record in records:
            try:
                self._epoch = add(found, record, self._epoch)
            except WireError as error:
                found[tables.INVALID].append(_unusable(record, error.code, str(error)))
            except Exception as error:  # a bug of ours must cost one record, not the partition
                where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                log.exception("record_failed", **where, **whose(record.value))
                found[tables.INVALID].append(_unusable(record, "failed", f"{type(error).__name__}: {error}"))
        return found


def _add_singly(lot: Lot, lines: Lines) -> None:
    """Add rows of which one cannot be written as JSON: it becomes a row of `invalid`."""
    for table, some in lines.items():
        for line in some:
            try:
                lot.add({table: [line]})
            except RefusedError as refusal:
                lot.add({tables.INVALID: [_unusable(line[1], "failed", f"{table.name}: {refusal}")]})


def epoch_of(record: ConsumerRecord) -> int | None:
    """The epoch that a record begins; None where it is another record, or none."""
    try:
        event = decode_event(record.value)
    except WireError:
        return None
    return event.epoch if isinstance(event, Epoch) else None


Add = Callable[[dict[Table, list[Line]], ConsumerRecord, int], int]
"""Adds the rows of a record in an epoch. Returns the epoch of the next record. Raises WireError."""


def _add_event(found: dict[Table, list[Line]], record: ConsumerRecord, epoch: int) -> int:
    event = decode_event(record.value)
    if isinstance(event, Click):
        found[tables.CLICKS].append((rows.click_row(event, epoch, record.offset), record))
    elif isinstance(event, Forget):
        found[tables.FORGOTTEN].append((rows.forgotten_row(event, epoch, record.offset, record.timestamp), record))
    return event.epoch if isinstance(event, Epoch) else epoch


def _add_outcome(found: dict[Table, list[Line]], record: ConsumerRecord, epoch: int) -> int:
    outcome = decode_outcome_or_request(record.value)
    if not isinstance(outcome, Outcome):
        return epoch  # emit's to do, and what it does is on `deliveries`
    conversion, postback = rows.conversion_row(outcome), rows.postback_row(outcome)
    if conversion:
        found[tables.CONVERSIONS].append((conversion, record))
    found[tables.POSTBACKS].append((postback, record))
    return epoch


def _add_delivery(found: dict[Table, list[Line]], record: ConsumerRecord, epoch: int) -> int:
    delivery = decode_delivery(record.value)
    found[tables.DELIVERIES].append((rows.delivery_row(delivery, record.offset), record))
    return epoch


def _add_invalid(found: dict[Table, list[Line]], record: ConsumerRecord, epoch: int) -> int:
    invalid = decode_invalid(record.value)
    found[tables.INVALID].append((rows.invalid_row(invalid, record.offset), record))
    return epoch


_ADD: dict[str, Add] = {
    EVENTS: _add_event,
    OUTCOMES: _add_outcome,
    DELIVERIES: _add_delivery,
    INVALID: _add_invalid,
}


def _unusable(record: ConsumerRecord, code: str, detail: str) -> Line:
    where = (record.topic, record.partition, record.offset)
    stand_in = unusable("record", code, detail, where, record.timestamp, record.value)
    return rows.invalid_row(stand_in, record.offset), record
