"""Traffic in over HTTP, conversions in ClickHouse and postbacks at the source: everything between is real.

The same system serves both: a day on which nothing happens, and after it one on which everything is killed.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest
import uvloop

from clickjoin.demo.stand_in import StandIn
from clickjoin.demo.story import Visit, visits
from clickjoin.demo.system import System, start_again
from clickjoin.demo.traffic import Traffic
from sql.connect import connect
from tests.e2e.whole_system import processes_of, until_exact, until_ready, whole_system

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]

CLICKS, CLICKS_UNDER_BLOWS = 20_000, 2_000
SEED = int(os.environ.get("CLICKJOIN_SEED", "20261"))
CROWD = 96  # visitors at a time; the source that is told shares their thread, and must not starve
_PATIENCE = 300  # seconds
PROCESSES: dict[str, Callable[[str], bool]] = {
    "ingest": lambda command: " ingest " in command,
    "join": lambda command: " join " in command,
    "sink": lambda command: " sink " in command,
    "emit": lambda command: " emit " in command,
    "clickhouse": lambda command: "clickjoin.embedded.clickhouse" in command,
    "kafka": lambda command: "kafka.Kafka" in command,
}


STALLED = "sending_paused", "emit_left_in_flight"
"""What emit says where the machine stood still for so long that the group, or emit itself, took it for dead."""


class Whole:
    """The running system, the source that it tells, and the story that was sent so far."""

    def __init__(self, runner: asyncio.Runner, systems: list[System], source: StandIn) -> None:
        self.runner, self.systems, self.source = runner, systems, source
        self.traffic = Traffic(systems[-1].ingest, systems[-1].keys)
        self.sent: list[Visit] = []
        self.left = list(visits(CLICKS + CLICKS_UNDER_BLOWS, SEED))
        Random(SEED).shuffle(self.left)
        print(f"seed {SEED}")

    def take(self, count: int) -> list[Visit]:
        """The next visits of the story, which are about to be sent."""
        taken, self.left = self.left[:count], self.left[count:]
        self.sent += taken
        return taken

    async def is_exact(self) -> None:
        """What ClickHouse and the source have equals the account of all that was sent."""
        rows, told = await until_exact(self.systems[-1], self.source, self.traffic, self.sent)
        print(f"sent {dict(self.traffic.sent.requests)}, told {self.source.received.total()}, twice {self.twice}")
        assert rows.count == 0, rows.examples
        assert told.count == 0, told.examples

    @property
    def twice(self) -> int:
        """Deliveries beyond the first of each."""
        return sum(count - 1 for count in self.source.deliveries.values())

    def reasons(self) -> list[str]:
        """Why a source was perhaps told twice: nobody answered in time, or a stalled worker lost its partitions."""
        client = connect(self.systems[-1].dsn)
        try:
            found = client.query("SELECT DISTINCT reason FROM deliveries FINAL WHERE state = 'retry'").result_columns
        finally:
            client.close()
        lines = self.systems[-1].log.read_text(errors="replace").splitlines()
        return [*(found[0] if found else ()), *[line for line in lines if any(word in line for word in STALLED)]]

    @property
    def complaints(self) -> list[str]:
        """What the system logged as a warning, or worse; the first hundred."""
        lines = self.systems[-1].log.read_text(errors="replace").splitlines()
        return [line[:300] for line in lines if '"level": "info"' not in line][:100]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        running = whole_system(tmp_path_factory.mktemp("whole"))
        systems, source = runner.run(running.__aenter__())
        try:
            yield Whole(runner, systems, source)
        finally:
            runner.run(running.__aexit__(None, None, None))


def test_twenty_thousand_clicks_and_their_postbacks_come_out_exactly(whole: Whole) -> None:
    async def day() -> None:
        await whole.traffic.send(whole.take(CLICKS), at_once=CROWD)
        await whole.is_exact()

    whole.runner.run(day())
    assert whole.traffic.sent.requests["clicks"] >= CLICKS * 0.99
    assert whole.twice == 0, (whole.reasons(), whole.complaints)


def test_kill_9_of_every_process_and_then_of_all_loses_nothing(whole: Whole) -> None:
    async def day() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(whole.traffic.send(whole.take(CLICKS_UNDER_BLOWS), at_once=16))
            tasks.create_task(_blows(whole.systems, whole.traffic))
        await whole.is_exact()

    whole.runner.run(day())


async def _blows(systems: list[System], traffic: Traffic) -> None:
    """One after the other, spread over the traffic; the last takes everything."""
    share = CLICKS_UNDER_BLOWS // (len(PROCESSES) + 2)
    for name in PROCESSES:
        await _until_more(traffic, share)
        _kill(systems[-1], name)
    await _until_more(traffic, share)
    supervisor = systems[-1].running.pid
    everything = [*processes_of(supervisor), supervisor]
    for pid in everything:
        os.kill(pid, signal.SIGKILL)
    systems[-1].running.kill()  # and take its exit code
    systems.append(start_again(systems[-1]))
    await until_ready(systems[-1])


def _kill(system: System, name: str) -> None:
    """kill -9 to one process of the system, by its ID."""
    pids = [pid for pid, command in processes_of(system.running.pid).items() if PROCESSES[name](command)]
    assert pids, f"no process {name}"
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


async def _until_more(traffic: Traffic, clicks: int) -> None:
    """Until so many more were sent. Raises TimeoutError where that takes minutes."""
    wanted = traffic.sent.requests["clicks"] + clicks
    async with asyncio.timeout(_PATIENCE):
        while traffic.sent.requests["clicks"] < wanted:
            await asyncio.sleep(0.02)


def test_the_account_of_the_story_is_not_empty() -> None:
    """The comparisons above could not fail if the story asked for nothing."""
    story = list(visits(CLICKS, SEED))
    kinds = Counter(
        kind
        for visit in story
        for kind, there in {
            "early": any(report.before_click for report in visit.reports),
            "late": visit.age_ms > 0,
            "never clicked": visit.clicks == 0,
            "clicked twice": visit.clicks == 2,
            "refused": bool(visit.refused),
            "repeated": len(visit.reports) != len({str(report) for report in visit.reports}),
            "rejected": any(one.status == "rejected" for one in visit.conversions),
        }.items()
        if there
    )
    assert len(kinds) == 7
    assert min(kinds.values()) > 20, kinds
    assert sum(len(visit.conversions) for visit in story) > 8_000
    assert sum(len(visit.told) for visit in story) > 7_000
