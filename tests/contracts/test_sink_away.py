"""ClickHouse away, killed, or not migrated: the sink waits, says so once, and loses and doubles nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from sql.migrate import migrate
from streams.adapters.clickhouse import ClickHouse as Database
from streams.agents.sink_writer import Writer
from streams.metrics import SinkMetrics
from tests.contracts.clickhouse_front import FrontProcess, free_port
from tests.contracts.sink_records import click, on_topic, partition_on, rows

pytestmark = pytest.mark.chaos
TOTAL, BATCH, KILLS = 6_000, 300, 3


async def started(path: Path, port: int) -> FrontProcess:
    return await asyncio.to_thread(FrontProcess(path, port=port).wait_until_ready)


def killed(front: FrontProcess) -> None:
    os.kill(front.process.pid, signal.SIGKILL)
    front.process.wait(timeout=20)
    assert front.process.stdout is not None
    front.process.stdout.close()


async def wait_for_log(logs: list[Any], event: str, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not any(line["event"] == event for line in logs):
            await asyncio.sleep(0.02)


def test_clickhouse_killed_while_the_sink_writes_costs_and_doubles_nothing(tmp_path: Path) -> None:
    port = free_port()
    dsn = f"http://default@127.0.0.1:{port}/clickjoin"
    records = on_topic("events", [click(number) for number in range(TOTAL)])

    async def feed(writer: Writer) -> None:
        partition = partition_on(writer, "events")
        for begin in range(0, TOTAL, BATCH):
            await partition.process(records[begin : begin + BATCH], silent=False)

    async def use(logs: list[Any]) -> FrontProcess:
        front = await started(tmp_path / "data", port)
        await asyncio.to_thread(migrate, dsn)
        database = Database(dsn, timeout=10)
        writer = Writer(database, SinkMetrics())
        writing = asyncio.create_task(feed(writer))
        for _ in range(KILLS):
            before = writer.inserts
            async with asyncio.timeout(20):
                while writer.inserts < before + 3:  # in the midst of its work
                    await asyncio.sleep(0.005)
            killed(front)
            logs.clear()
            await wait_for_log(logs, "clickhouse_away")
            assert not writing.done(), "the sink said that it was done while ClickHouse was dead"
            front = await started(tmp_path / "data", port)
        await asyncio.wait_for(writing, 60)
        await writer.stop()
        await database.close()
        return front

    with capture_logs() as logs:
        front = asyncio.run(use(logs))
    try:
        found = rows(dsn, "SELECT count(), uniqExact(click_id) FROM clicks FINAL")
        assert found == [(TOTAL, TOTAL)]
        assert rows(dsn, "SELECT count() FROM invalid") == [(0,)]
    finally:
        killed(front)


def test_a_sink_that_starts_first_waits_and_says_so_once_without_the_password(tmp_path: Path) -> None:
    port = free_port()
    dsn = f"http://default:s3cret@127.0.0.1:{port}/clickjoin"

    async def use(logs: list[Any]) -> FrontProcess:
        database = Database(dsn, timeout=10)
        writers = [Writer(database, SinkMetrics()), Writer(database, SinkMetrics())]
        lots = [on_topic("events", [click(number)], first=number) for number in range(2)]
        writing = [
            asyncio.create_task(partition_on(writer, "events").process(lot, silent=False))
            for writer, lot in zip(writers, lots, strict=True)
        ]
        await wait_for_log(logs, "clickhouse_away")
        front = await started_with_password(tmp_path, port)
        await wait_for_log(logs, "clickhouse_away")
        async with asyncio.timeout(20):
            while not any("hint" in line for line in logs):  # it is there now, but has no tables
                await asyncio.sleep(0.02)
        await asyncio.to_thread(migrate, dsn)
        await asyncio.wait_for(asyncio.gather(*writing), 30)
        for writer in writers:
            await writer.stop()
        await database.close()
        return front

    with capture_logs() as logs:
        front = asyncio.run(use(logs))
    try:
        assert rows(dsn, "SELECT count() FROM clicks FINAL") == [(2,)]
    finally:
        killed(front)
    assert [line["event"] for line in logs] == ["clickhouse_away", "clickhouse_away", "clickhouse_back"]
    assert logs[0]["address"] == f"127.0.0.1:{port}"
    assert logs[1]["hint"] == "run: clickjoin migrate"
    assert "s3cret" not in str(logs)


async def started_with_password(path: Path, port: int) -> FrontProcess:
    users = path / "users.toml"
    users.write_text('[default]\npassword = "s3cret"\n')
    front = FrontProcess(path / "data", "--users", str(users), port=port)
    return await asyncio.to_thread(front.wait_until_ready)
