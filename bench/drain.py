"""A worker drains a backlog: how fast, on its own CPU time."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.kafka import BenchError
from clickjoin.embedded.children import Child, Running, last_lines, start

OPEN = "partitions_open"
"""What a worker logs when all that the group gave it is open."""
_POLL = 0.02  # seconds between two looks
_POLL_TOGETHER = 0.2  # where workers have every core between them: a look costs the broker and us what they lack
_FIRST_SAMPLE = (0.05, 0.6)  # measuring begins when such a part of the backlog is done: every partition is open then
_STEADY_UNTIL = 0.95  # of the backlog: what comes then is an end, where one after the other has nothing left to do
_WITHIN = 600.0  # seconds


@dataclass(frozen=True)
class Rates:
    """Records per second, from the first sample to the end of the backlog."""

    per_cpu_second: float
    per_second: float
    steady_per_second: float  # by the clock, until the end begins


class _Sample(NamedTuple):
    done: int
    cpu_seconds: float
    at: float  # monotonic
    all_work: bool


class Worker:
    """A program of bench/workers.py under measurement."""

    def __init__(self, running: Running, output: Path) -> None:
        self.output = output
        self.began = time.monotonic()
        self._running = running
        self._process = psutil.Process(running.pid)

    @property
    def pid(self) -> int:
        """Of its process."""
        return int(self._process.pid)

    def cpu_seconds(self) -> float:
        """User and system time of all its threads, and of the processes that it started and that have ended."""
        times = self._process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)

    def resident_mb(self) -> float:
        """Memory of its own and of the processes that it has started: what is shared (libraries) counts in each."""
        return sum(map(_resident, [self._process, *self._process.children()])) / 1e6

    def check(self) -> None:
        """Raise BenchError where it is dead."""
        if self._running.exit_code is not None:
            raise BenchError(f"{self._running.child.name} ended:\n{last_lines(self.output)}")

    def wait(self, done: Callable[[], bool], what: str, poll: float = _POLL) -> float:
        """Look every `poll` seconds until it is `done`. Returns the seconds since its start.

        Raises BenchError where that takes too long.
        """
        while not done():
            self.check()
            if time.monotonic() - self.began > _WITHIN:
                raise BenchError(f"not within {_WITHIN:g} s: {what}:\n{last_lines(self.output)}")
            time.sleep(poll)
        return time.monotonic() - self.began

    def logged(self, event: str) -> int:
        """How often it has logged an event."""
        return self.output.read_text(errors="replace").count(f'"event": "{event}"')


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss)
    except psutil.NoSuchProcess:  # it has just ended
        return 0.0


@contextmanager
def worker(kind: str, bootstrap: str, folder: Path) -> Iterator[Worker]:
    """Run one; it is ended in any case."""
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / f"{kind}.log"
    argv = [sys.executable, "-m", "bench.workers", kind, bootstrap, str(folder)]
    running = start(Child(name=kind, argv=argv, output=output))
    try:
        yield Worker(running, output)
    finally:
        running.stop()


def drain_together(
    workers: Sequence[Worker], committed: Callable[[], int], total: int, told: Callable[[int], None]
) -> Rates:
    """Measure several workers of a group as `drain` does one, once each of them has its partitions."""
    return _drain(workers, committed, total, told, _POLL_TOGETHER)


def drain(worker: Worker, committed: Callable[[], int], total: int, told: Callable[[int], None]) -> Rates:
    """Measure a worker until `committed` says that all of `total` records are done. `told` hears how far it is."""
    return _drain([worker], committed, total, told, _POLL)


def _drain(
    workers: Sequence[Worker], committed: Callable[[], int], total: int, told: Callable[[int], None], poll: float
) -> Rates:
    """A sample is taken right after the committed count changed: CPU time and count belong together then."""
    samples = [_Sample(0, 0.0, workers[0].began, all_work=False)]

    def look() -> bool:
        count = committed()
        for worker in workers:
            worker.check()
        if count != samples[-1].done:
            cpu_seconds = sum(worker.cpu_seconds() for worker in workers)
            samples.append(_Sample(count, cpu_seconds, time.monotonic(), all_work=_all_work(workers)))
            told(count)
        return count >= total

    workers[0].wait(look, f"{total} records are done", poll)
    return _rates(samples, total)


def _all_work(workers: Sequence[Worker]) -> bool:
    """Whether each of several has been given its partitions. Of one the first commit says so."""
    return len(workers) == 1 or all(worker.logged(OPEN) for worker in workers)


def _rates(samples: Sequence[_Sample], total: int) -> Rates:
    """From the first sample after a twentieth of the backlog in which all work."""
    least, most = (part * total for part in _FIRST_SAMPLE)
    # Of a tiny backlog no sample is early enough; then the start of the process counts in.
    first = next((one for one in samples if one.all_work and least <= one.done <= most), samples[0])
    last = next(one for one in reversed(samples) if one.done <= _STEADY_UNTIL * total)
    steady = last if last.done > first.done else samples[-1]
    return Rates(
        _rate(first, samples[-1], samples[-1].cpu_seconds - first.cpu_seconds),
        _rate(first, samples[-1], samples[-1].at - first.at),
        _rate(first, steady, steady.at - first.at),
    )


def _rate(first: _Sample, last: _Sample, seconds: float) -> float:
    """Of a backlog so small that nothing went by in between, one tick of the CPU's clock did."""
    return (last.done - first.done) / max(seconds, 0.01)
