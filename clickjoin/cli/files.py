"""Results that are written as they arrive: to standard output, or to a file that is whole or not there."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from clickjoin.cli.options import WRONG, fail


def print_pieces(pieces: Iterable[bytes]) -> None:
    """Write bytes to standard output. Exits with 1 where nobody takes them."""
    _write(sys.stdout.buffer, pieces, "standard output")


def write_file(pieces: Iterable[bytes], file: Path) -> None:
    """Write bytes to a file, which gets its name once all of them are there.

    Exits with 2 where there can be no such file, with 1 where the disk does not take it.
    """
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        out = beside.open("xb")
    except OSError as error:
        fail(f"{file}: {error.strerror}", WRONG)
    try:
        with out:
            _write(out, pieces, str(file))
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def _write(out: BinaryIO, pieces: Iterable[bytes], name: str) -> None:
    for piece in pieces:
        try:
            out.write(piece)
            out.flush()
        except OSError as error:
            fail(f"{name}: {error.strerror}")
