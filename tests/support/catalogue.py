"""The catalogue's log in memory: what Kafka's is to Writer, without a broker."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clickjoin.catalogue.change import Writer
from presets.load import Tree
from schemas.catalogue import EMPTY, Catalogue, Revision, fold


class MemoryReading:
    def __init__(self, log: "MemoryLog") -> None:
        self._log = log
        self.catalogue: Catalogue = EMPTY
        self.revisions: list[tuple[int, Revision]] = []
        self.catch_up()

    def catch_up(self, end: int = 0) -> None:
        for offset, revision in enumerate(self._log.revisions[len(self.revisions) :], len(self.revisions)):
            self.revisions.append((offset, revision))
            self.catalogue = fold(self.catalogue, offset, revision)


class MemoryLog:
    """`before_append` is called once, before the next revision is appended: somebody else may be faster there."""

    def __init__(self) -> None:
        self.revisions: list[Revision] = []
        self.before_append: Callable[[], object] | None = None

    @contextmanager
    def opened(self) -> Iterator[MemoryReading]:
        yield MemoryReading(self)

    def append(self, revision: Revision) -> int:
        hook, self.before_append = self.before_append, None
        if hook:
            hook()
        self.revisions.append(revision)
        return len(self.revisions) - 1


def memory_writer(tree: Tree, log: MemoryLog | None = None) -> Writer:
    """A Writer over a log in memory; `read()` says how the catalogue stands."""
    return Writer(lambda: tree, log or MemoryLog(), lambda catalogue: None)
