"""Imports the rows of one file: what can be used goes to its target in batches, what cannot into the errors file."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from clickjoin.imports.errors_file import ErrorsFile
from clickjoin.imports.files import Opened
from clickjoin.imports.place import At, NoPlace, Place
from clickjoin.imports.workshop import Begin, Made

BATCH = 2_500
_AHEAD = 6
"""Batches that are being made while the oldest of them is stored."""


class Counts(NamedTuple):
    """What became of the rows of a file."""

    file: str
    rows: int  # all of them
    skipped: int  # which an earlier run had done
    bad: int  # of all


Put = Callable[[list[Any]], Awaitable[None]]
"""Stores a batch, and returns when it is safe."""
Told = Callable[[int, int], None]
"""Is told how many rows were done now, and how many bytes of the file were read in all."""


async def import_file(
    file: Opened, begin: Begin, put: Put, *, errors: Path, place: Place | NoPlace, told: Told
) -> Counts:
    """Import all rows of a file, from the place where an earlier run ended. Raises what `put` raises, and WrongFile."""
    at = begun = place.read()
    for _ in range(begun.rows):
        next(file.cut, None)
    with ErrorsFile(errors, begun.errors) as out:
        async for made in _made(file, begin):
            for bad in made.bad:
                out.write(file.name, bad)
            if made.good:
                await put(made.good)
            count = len(made.good) + len(made.bad)
            at = At(at.rows + count, at.bad + len(made.bad), out.flush())
            place.write(at)
            told(count, _position(file))
    place.forget()
    return Counts(file.name, at.rows, begun.rows, at.bad)


async def _made(file: Opened, begin: Begin) -> AsyncIterator[Made]:
    """Batch after batch in the order of the file, some of them made ahead."""
    waiting: deque[Awaitable[Made]] = deque()
    while (batch := list(islice(file.cut, BATCH))) or waiting:
        if batch:
            waiting.append(begin(file.format, batch))
        if len(waiting) > _AHEAD or not batch:
            yield await waiting.popleft()
        await asyncio.sleep(0)


def _position(file: Opened) -> int:
    # A reader that came to the end closes what it reads.
    return file.size if file.raw.closed or not file.size else file.raw.tell()
