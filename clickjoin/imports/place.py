"""How far the import of a file is, on the disk: so that one that was killed goes on where it was."""

import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from schemas.ids import imported_id


class At(NamedTuple):
    """What is done for good."""

    rows: int = 0  # of the file, the bad ones among them
    bad: int = 0
    errors: int = 0  # bytes of the errors file


class Place:
    """The place of one file, imported in one way. It is forgotten when the file changes, or is called otherwise."""

    def __init__(self, folder: Path, file: Path, *how: str) -> None:
        """how: kind of rows, columns and whatever else makes other records of the same file."""
        stat = file.stat()
        id_ = imported_id(str(file.resolve()), str(stat.st_size), str(stat.st_mtime_ns), *how)
        self._file = folder / f"{id_}.json"

    def read(self) -> At:
        """Where to go on."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=At)
        except (OSError, msgspec.DecodeError):
            return At()

    def write(self, at: At) -> None:
        """Remember it. What is lost with the machine is only done again."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(f".{os.getpid()}")
        part.write_bytes(msgspec.json.encode(at))
        part.replace(self._file)

    def forget(self) -> None:
        """The file is done."""
        self._file.unlink(missing_ok=True)


class NoPlace:
    """Of what is always begun anew."""

    def read(self) -> At:
        """The beginning."""
        return At()

    def write(self, at: At) -> None:
        """Nothing."""

    def forget(self) -> None:
        """Nothing."""
