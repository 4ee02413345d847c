"""kill -9 is a normal way to stop: of any one process under load, and of all of them at once."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from clickjoin.demo.story import visits
from clickjoin.demo.system import System, start_again
from clickjoin.demo.traffic import Traffic
from tests.e2e.whole_system import processes_of, until_exact, until_ready, whole_system

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]

CLICKS = 3_000
SEED = int(os.environ.get("CLICKJOIN_SEED", "911"))
PROCESSES: dict[str, Callable[[str], bool]] = {
    "ingest": lambda command: " ingest " in command,
    "join": lambda command: " join " in command,
    "sink": lambda command: " sink " in command,
    "emit": lambda command: " emit " in command,
    "clickhouse": lambda command: "clickjoin.embedded.clickhouse" in command,
    "kafka": lambda command: "kafka.Kafka" in command,
}


def _kill(system: System, name: str) -> None:
    """kill -9 to one process of the system, by its ID."""
    pids = [pid for pid, command in processes_of(system.running.pid).items() if PROCESSES[name](command)]
    assert pids, f"no process {name}"
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


async def _until_sent(traffic: Traffic, clicks: int) -> None:
    while traffic.sent.requests["clicks"] < clicks:
        await asyncio.sleep(0.02)


async def _blows(systems: list[System], traffic: Traffic) -> None:
    """One after the other, spread over the traffic; the last takes everything."""
    share = CLICKS // (len(PROCESSES) + 2)
    for number, name in enumerate(PROCESSES, 1):
        await _until_sent(traffic, number * share)
        _kill(systems[-1], name)
    await _until_sent(traffic, (len(PROCESSES) + 1) * share)
    supervisor = systems[-1].running.pid
    everything = [*processes_of(supervisor), supervisor]
    for pid in everything:
        os.kill(pid, signal.SIGKILL)
    systems[-1].running.kill()  # and take its exit code
    systems.append(start_again(systems[-1]))
    await until_ready(systems[-1])


async def _nothing_is_lost_and_nothing_counts_twice(folder: Path) -> None:
    story = list(visits(CLICKS, SEED))
    print(f"seed {SEED}")
    async with whole_system(folder) as (systems, source):
        traffic = Traffic(systems[-1].ingest, systems[-1].keys, at_once=16)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(traffic.send(story))
            tasks.create_task(_blows(systems, traffic))
        rows, told = await until_exact(systems[-1], source, traffic, story)
        twice = sum(count - 1 for count in source.deliveries.values())
        print(f"sent {dict(traffic.sent.requests)}, told {source.received.total()}, twice {twice}")
        assert rows.count == 0, rows.examples
        assert told.count == 0, told.examples


def test_kill_9_of_every_process_and_then_of_all_loses_nothing(tmp_path: Path) -> None:
    asyncio.run(_nothing_is_lost_and_nothing_counts_twice(tmp_path))
