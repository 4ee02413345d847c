"""The whole system in a folder of its own: `clickjoin up`, a stand-in source, traffic, and what has come of it."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic

from clickhouse_connect.driver.exceptions import Error as ClickHouseError

from clickjoin.demo import question
from clickjoin.demo.compare import Differences, Row, differences, expected_rows, expected_told
from clickjoin.demo.stand_in import StandIn
from clickjoin.demo.story import Visit
from clickjoin.demo.system import System, start_system
from clickjoin.demo.traffic import Traffic
from sql.connect import connect


@asynccontextmanager
async def whole_system(folder: Path) -> AsyncIterator[tuple[list[System], StandIn]]:
    """A running system on free ports, and the source it tells. Whoever starts another appends it to the list."""
    source = StandIn()
    systems = [start_system(folder, folder / "data", await source.start(), usual_ports=False)]
    try:
        await until_ready(systems[-1])
        yield systems, source
    finally:
        await asyncio.to_thread(systems[-1].stop)
        await source.stop()


async def until_ready(system: System, seconds: float = 120) -> None:
    """Until ingest takes requests. AssertionError with the end of the log where it does not."""
    deadline = monotonic() + seconds
    while not await asyncio.to_thread(system.ready):
        assert system.failure() is None, system.failure()
        assert monotonic() < deadline, f"not ready within {seconds:g} s:\n{system.log.read_text()[-5000:]}"
        await asyncio.sleep(0.1)


async def until_exact(
    system: System, source: StandIn, traffic: Traffic, story: list[Visit], seconds: float = 120
) -> tuple[Differences, Differences]:
    """Poll until conversions and source postbacks equal the account. Returns what still differs."""
    rows, told = expected_rows(story, traffic.sent.click_ids), expected_told(story)
    deadline = monotonic() + seconds
    differ = Differences(-1, ()), Differences(-1, ())
    while monotonic() < deadline and any(one.count for one in differ):
        with suppress(ClickHouseError, OSError):  # it may be down right now
            found = await asyncio.to_thread(_conversions, system, traffic)
            differ = differences(rows, found), differences(told, Counter(source.received))
        await asyncio.sleep(0.3)
    return differ


def _conversions(system: System, traffic: Traffic) -> Counter[Row]:
    client = connect(system.dsn)
    try:
        return question.conversions(client, traffic.sent.click_ids.values())
    finally:
        client.close()


def processes_of(pid: int) -> dict[int, str]:
    """Every descendant of a process, with its command line."""
    found: dict[int, str] = {}
    for child in _children(pid):
        with suppress(OSError):
            found[child] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            found |= processes_of(child)
    return found


def _children(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            yield from map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
