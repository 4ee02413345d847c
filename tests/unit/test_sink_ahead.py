"""The sink makes its next batch while one is on its way; what is promised about order, retries and commits stays."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from aiokafka import ConsumerRecord
from faust.types import TP
from prometheus_client import CollectorRegistry

from schemas.wire import encode
from streams.adapters.clickhouse import AwayError, RefusedError
from streams.agents import sink_writer
from streams.agents.sink import SinkPartition
from streams.agents.sink_lot import Lot, block_of
from streams.agents.sink_writer import Writer
from streams.metrics import SinkMetrics
from streams.runner import Runner
from streams.tables import INVALID, Table
from streams.worker_metrics import WorkerMetrics
from tests.emit_samples import NOW, outcome
from tests.support.batches import soon

TOPIC = "outcomes"


def records(count: int, first: int = 0) -> list[ConsumerRecord]:
    values = [encode(outcome(number)) for number in range(first, first + count)]
    return [ConsumerRecord(TOPIC, 0, first + at, NOW, 1, b"k", one, None, 1, 1, ()) for at, one in enumerate(values)]


class Server:
    """Takes inserts when it is told to; `fails` are the errors of the first ones."""

    def __init__(self, *fails: Exception) -> None:
        self.fails = list(fails)
        self.begun: list[tuple[str, bytes]] = []
        self.gate = asyncio.Event()

    async def insert(self, table: Table, body: bytes) -> None:
        self.begun.append((table.name, body))
        await self.gate.wait()
        if self.fails:
            raise self.fails.pop(0)


def writer_to(server: Server) -> Writer:
    return Writer(server, SinkMetrics(CollectorRegistry()))


def on(writer: Writer) -> SinkPartition:
    return SinkPartition(TOPIC, 0, writer, cast(Any, None))


def test_while_a_batch_is_on_its_way_the_next_is_made_and_no_more_than_that(monkeypatch: Any) -> None:
    monkeypatch.setattr(sink_writer, "FULL_ROWS", 2)

    async def use() -> tuple[int, list[str]]:
        server = Server()
        writer = writer_to(server)
        made: list[int] = []
        put = writer.put

        def counted(lot: Lot) -> asyncio.Future[None]:
            made.append(lot.size)
            return put(lot)

        monkeypatch.setattr(writer, "put", counted)
        work = [asyncio.create_task(on(writer).process(records(2, at), silent=False)) for at in (0, 2, 4)]
        await soon(lambda: server.begun and len(made) == 2, "one is on its way, and the next is made")
        for _ in range(100):
            await asyncio.sleep(0)
        before = len(made)
        assert not any(one.done() for one in work)
        server.gate.set()
        await asyncio.wait_for(asyncio.gather(*work), 60)
        await writer.stop()
        return before, [table for table, _ in server.begun]

    before, tables = asyncio.run(use())
    assert before == 2
    assert tables == ["conversions", "postbacks"] * 3


def test_a_batch_that_could_not_be_written_is_tried_again_unchanged_whatever_came_meanwhile(monkeypatch: Any) -> None:
    monkeypatch.setattr(sink_writer, "FIRST_PAUSE", 0.001)

    async def use() -> list[tuple[str, bytes]]:
        server = Server(AwayError("a time-out"), AwayError("too many parts"))
        writer = writer_to(server)
        first = asyncio.create_task(on(writer).process(records(3), silent=False))
        await soon(lambda: server.begun, "an insert is on its way")
        second = asyncio.create_task(on(writer).process(records(3, 3), silent=False))
        server.gate.set()
        await asyncio.wait_for(asyncio.gather(first, second), 60)
        await writer.stop()
        return server.begun

    begun = asyncio.run(use())
    assert begun[0] == begun[1] == begun[2]
    assert [table for table, _ in begun] == ["conversions"] * 3 + ["postbacks", "conversions", "postbacks"]


def test_of_a_refused_block_each_half_keeps_its_rows_and_their_records() -> None:
    lines = on(cast(Any, None)).lines(records(5))
    for table, some in lines.items():
        if some:
            block = block_of(table, some)
            first, second = block.halves()
            assert (first.body, second.body) == (block_of(table, some[:2]).body, block_of(table, some[2:]).body)
            assert [*first.records, *second.records] == [record for _, record in some]


def test_a_row_that_cannot_be_written_as_json_costs_its_record_alone(monkeypatch: Any) -> None:
    async def use() -> list[int]:
        partition = on(cast(Any, None))
        lines = partition.lines(records(4))
        broken = {
            table: [((object(), *row[1:]) if record.offset == 2 else row, record) for row, record in some]
            for table, some in lines.items()
        }
        monkeypatch.setattr(partition, "lines", lambda _: broken)
        lot = await partition._lot(records(4))
        return sorted(record.offset for block in lot.blocks[INVALID] for record in block.records)

    assert set(asyncio.run(use())) == {2}


class Slow:
    """A Partition whose calls end when the test says so."""

    def __init__(self) -> None:
        self.calls: list[asyncio.Future[None]] = []
        self.ended = 0

    async def open(self, committed: int, healed: Callable[[int], None]) -> int:
        return committed

    async def process(self, records: Sequence[ConsumerRecord], *, silent: bool) -> None:
        self.calls.append(asyncio.get_running_loop().create_future())
        try:
            await self.calls[-1]
        finally:
            self.ended += 1

    async def close(self) -> None:
        """Nothing to close."""


class NewLog:
    """The log of a partition that was never read."""

    async def committed(self, *_: Any) -> None:
        return None

    async def committed_another(self, *_: Any) -> bool:
        return False

    async def begin(self, *_: Any) -> int:
        return 0

    async def read(self, *_: Any, **__: Any) -> Any:
        nothing: tuple[Any, ...] = ()
        for chunk in nothing:
            yield chunk


def test_only_what_is_acknowledged_up_to_the_first_that_is_not_may_be_committed() -> None:
    async def use() -> None:
        slow, done = Slow(), list[int]()
        tp = TP(TOPIC, 0)
        processed = WorkerMetrics("test").processed(tp)
        runner = Runner(tp, "g", slow, cast(Any, NewLog()), lambda _, at: done.append(at), 2, processed, ahead=2)
        task = asyncio.create_task(runner.run())
        await soon(runner.opened.is_set, "it is open")
        for at in (0, 2, 4):
            await runner.hint(records(2, at))
        await soon(lambda: len(slow.calls) == 2, "two are under way")
        slow.calls[1].set_result(None)
        for _ in range(100):
            await asyncio.sleep(0)
        assert (done, len(slow.calls)) == ([0], 2)  # the first is not acknowledged, and a third would be one too many
        slow.calls[0].set_result(None)
        await soon(lambda: len(slow.calls) == 3, "the third is under way")
        assert done == [0, 2, 4]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (slow.ended, done) == (3, [0, 2, 4])  # what was under way ends with it, and is not committed

    asyncio.run(use())


def test_a_partition_that_fails_ahead_ends_its_runner() -> None:
    async def use() -> None:
        slow = Slow()
        tp = TP(TOPIC, 0)
        processed = WorkerMetrics("test").processed(tp)
        runner = Runner(tp, "g", slow, cast(Any, NewLog()), lambda *_: None, 2, processed, ahead=2)
        task = asyncio.create_task(runner.run())
        await soon(runner.opened.is_set, "it is open")
        await runner.hint(records(2))
        await soon(lambda: slow.calls, "one is under way")
        slow.calls[0].set_exception(RefusedError(0, "a bug"))
        await asyncio.wait([task], timeout=60)
        assert isinstance(task.exception(), RefusedError)

    asyncio.run(use())


def test_only_rows_that_are_late_already_wait_longer_for_a_full_batch() -> None:
    assert [sink_writer.patience(age) for age in (-3600, 0, 2, 4)] == [1, 1, 1, 1], "fresh ones, or a clock is wrong"
    assert sink_writer.patience(12) == 3
    assert sink_writer.patience(86_400) == sink_writer.MOST_PATIENCE
