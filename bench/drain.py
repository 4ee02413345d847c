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
_POLL_TOGETHER = 0.1  # where workers have every core between them: a look costs the broker and us what they lack
_FIRST_SAMPLE = (0.05, 0.6)  # measuring begins when such a part of the backlog is done: every partition is open then
_WITHIN = 600.0  # seconds


@dataclass(frozen=True)
class Rates:
    """Records per second, from the first sample to the end of the backlog."""

    per_cpu_second: float
    per_second: float


class _Sample(NamedTuple):
    done: int
    cpu_seconds: float
    at: float  # monotonic


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
) -> float:
    """Records per second by the clock that several workers of a group drain, from when each has its partitions."""
    began: list[tuple[int, float]] = []

    def look() -> bool:
        count = committed()
        told(count)
        for worker in workers:
            worker.check()
        if not began and all(worker.logged(OPEN) for worker in workers):
            began.append((count, time.monotonic()))
        return count >= total and bool(began)

    workers[0].wait(look, f"{total} records are done", _POLL_TOGETHER)
    (done, at), ended = began[0], time.monotonic()
    if done >= total:  # a tiny backlog was gone before the last of them had begun
        done, at = 0, workers[0].began
    return (total - done) / max(ended - at, 0.01)


def drain(worker: Worker, committed: Callable[[], int], total: int, told: Callable[[int], None]) -> Rates:
    """Measure a worker until `committed` says that all of `total` records are done. `told` hears how far it is.

    A sample is taken right after the committed count changed: CPU time and count belong together then.
    """
    samples = [_Sample(0, 0.0, worker.began)]

    def look() -> bool:
        count = committed()
        if count != samples[-1].done:
            samples.append(_Sample(count, worker.cpu_seconds(), time.monotonic()))
            told(count)
        return count >= total

    worker.wait(look, f"{total} records are done")
    end = samples[-1]
    least, most = (part * total for part in _FIRST_SAMPLE)
    # Of a tiny backlog no sample is early enough; then the start of the process counts in.
    first = next((sample for sample in samples if least <= sample.done <= most), samples[0])
    records = end.done - first.done
    # So does one tick of the CPU's clock, where less went by between two samples.
    cpu, clock = max(end.cpu_seconds - first.cpu_seconds, 0.01), max(end.at - first.at, 0.01)
    return Rates(records / cpu, records / clock)
