"""One call of `clickjoin import`: its files one after the other, into one target."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from clickjoin.imports.files import STANDARD_INPUT, Opened, WrongFile, opened
from clickjoin.imports.place import NoPlace, Place
from clickjoin.imports.row import Columns
from clickjoin.imports.run import Counts, Put, Told, import_file
from clickjoin.imports.workshop import Begin, Way

Target = AbstractAsyncContextManager[Put]
Progress = Callable[[str, int], AbstractContextManager[Told]]
"""Shows how far a file is, of its name and its bytes (0: not known)."""


@dataclass(frozen=True)
class Session:
    """What is imported, and how its rows are read."""

    files: list[Path]
    way: Way
    workshop: Callable[[Way], AbstractContextManager[Begin]]
    errors: Path  # the folder for files of bad rows
    places: Path | None  # the folder for places; None: always from the beginning
    how: tuple[str, ...]  # whatever makes other records of the same rows


async def import_all(session: Session, target: Target, progress: Progress) -> list[Counts]:
    """Import every file. Raises WrongFile, and what the target raises: what was done then is not done again."""
    # The processes begin first: what is forked has neither threads nor connections.
    with session.workshop(session.way) as begin:
        async with target as put:
            return [await _import(session, path, begin, put, progress) for path in session.files]


async def _import(session: Session, path: Path, begin: Begin, put: Put, progress: Progress) -> Counts:
    with opened(path) as file, progress(file.name, file.size) as told:
        _check_columns(file, session.way.columns)
        errors, place = session.errors / f"{_name(path)}.errors.ndjson", _place(session, path)
        return await import_file(file, begin, put, errors=errors, place=place, told=told)


def _name(path: Path) -> str:
    return "stdin" if path == STANDARD_INPUT else path.name


def _place(session: Session, path: Path) -> Place | NoPlace:
    if session.places is None or not path.is_file():
        return NoPlace()
    return Place(session.places, path, *session.how)


def _check_columns(file: Opened, columns: Columns) -> None:
    """A column that is mapped and not there is a mistake in the call, not in every row."""
    header = file.format.header
    missing = [theirs for theirs in columns.renamed if header and theirs not in header]
    if missing:
        raise WrongFile(f"{file.name}: no column {', '.join(missing)}: there are {', '.join(header)}")
