"""What a bench is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from bench.results import Results


@dataclass(frozen=True)
class Plan:
    """How to run a bench."""

    records: int
    runs: int
    folder: Path  # for everything that it writes while it runs
    progress: Progress

    @property
    def is_quick(self) -> bool:
        """Whether it only has to run: once, so that it measures nothing."""
        return self.runs == 1

    def step(self, says: str, total: int) -> Callable[[int], None]:
        """A line with a bar for the next piece of work. To be called with how much of `total` is done."""
        task = self.progress.add_task(says, total=total)
        return lambda count: self.progress.update(task, completed=count)

    def growing_step(self, says: str) -> Callable[[int, int], None]:
        """The same for work that becomes more while it is done. To be called with how much of how much is done."""
        task = self.progress.add_task(says, total=None)
        return lambda count, total: self.progress.update(task, completed=count, total=total)


@dataclass(frozen=True)
class Figure:
    """A figure worth a line in docs/benchmarks.md."""

    name: str  # its key in the results
    says: str
    bar: str = ""  # what it should be


@dataclass(frozen=True)
class Bench:
    """A measurement, by the name that `make bench-NAME` calls it by."""

    name: str
    title: str
    how: str  # it was measured; may name results in braces
    figures: tuple[Figure, ...]
    records: int
    run: Callable[[Plan], Results]
