"""Where rows are made into what is stored: in processes of their own, as that is most of the work."""

import asyncio
import gc
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from clickjoin.imports.formats import Format, Raw
from clickjoin.imports.row import Bad, BadRow, Columns
from ingest.parameters import Params

_RAW_CHARACTERS = 4096

Begin = Callable[[Format, list[Raw]], Awaitable["Made"]]
"""Begins with some rows; what it returns is awaited for what was made of them."""


class Maker(Protocol):
    """Makes of a row what is stored."""

    def make(self, params: Params, line: int) -> Any:
        """Raises BadRow."""


class Made(NamedTuple):
    """What became of some rows."""

    good: list[Any]
    bad: list[Bad]


class Way(NamedTuple):
    """How rows become what is stored."""

    columns: Columns
    maker: Maker
    finish: Callable[[Any], Any]  # of what was made

    def make(self, format_: Format, cut: list[Raw]) -> Made:
        """All of it."""
        made = Made([], [])
        for row in map(format_.read, cut):
            try:
                if row.problem:
                    raise row.problem
                made.good.append(self.finish(self.maker.make(self.columns.of(row.params), row.line)))
            except BadRow as problem:
                said = row.params or row.raw[:_RAW_CHARACTERS]
                made.bad.append(Bad(row.line, problem.code, problem.detail, said))
        return made


@contextmanager
def alone(way: Way) -> Iterator[Begin]:
    """In this process, for what remembers the rows before."""

    async def begin(format_: Format, cut: list[Raw]) -> Made:
        return way.make(format_, cut)

    yield begin


@contextmanager
def shared(way: Way) -> Iterator[Begin]:
    """In a process for each core."""
    # Forked, so that the configuration with its secrets is handed over in memory.
    with multiprocessing.get_context("fork").Pool(os.cpu_count() or 1, _begin, (way,)) as pool:

        def begin(format_: Format, cut: list[Raw]) -> Awaitable[Made]:
            loop = asyncio.get_running_loop()
            made = loop.create_future()
            pool.apply_async(
                _make,
                (format_, cut),
                callback=lambda result: loop.call_soon_threadsafe(made.set_result, result),
                error_callback=lambda error: loop.call_soon_threadsafe(made.set_exception, error),
            )
            return made

        yield begin


_way: Way


def _begin(way: Way) -> None:
    global _way
    _way = way
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _make(format_: Format, cut: list[Raw]) -> Made:
    return _way.make(format_, cut)
