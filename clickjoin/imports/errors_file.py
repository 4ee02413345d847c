"""The file that gets the rows which could not be used: an object on each line, with the line and the reason."""

from pathlib import Path
from typing import Self

import msgspec

from clickjoin.imports.row import Bad


class ErrorsFile:
    """Written from `size` on: what an earlier run wrote after its last place is written again."""

    def __init__(self, file: Path, size: int) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        self._out = file.open("r+b" if size and file.exists() else "wb")
        self._out.truncate(size)
        self._out.seek(0, 2)

    def write(self, name: str, bad: Bad) -> None:
        """One row of the file `name`, and what is wrong with it."""
        told = {"file": name, "line": bad.line, "error": bad.code, "detail": bad.detail, "row": bad.said}
        self._out.write(msgspec.json.encode(told) + b"\n")

    def flush(self) -> int:
        """Write it to the disk's cache. Returns its size."""
        self._out.flush()
        return self._out.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """An empty one is removed."""
        is_empty = not self.flush()
        self._out.close()
        if is_empty:
            self._file.unlink()
