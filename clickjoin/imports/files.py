"""Files of rows: CSV or NDJSON, packed with gzip or not, or standard input. What it is, is seen from its beginning."""

import csv
import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from clickjoin.imports.formats import Csv, Format, Objects, Raw
from clickjoin.imports.row import Row
from ingest.parameters import BROKEN

STANDARD_INPUT = Path("-")
_GZIP = b"\x1f\x8b"
_DELIMITERS = ",;\t|"
_PEEK = 1 << 16
_LINE_BYTES = 1 << 20


class WrongFile(Exception):  # noqa: N818 - the name says what happened
    """A file that cannot be read as rows; the text says why, and what would be right."""


class Opened(NamedTuple):
    """A file that is being read. Its rows raise WrongFile where it breaks off."""

    name: str
    size: int  # bytes on the disk; 0: not known
    raw: io.BufferedReader  # its position is how much was read
    cut: Iterator[Raw]  # row after row, to be read by its format
    format: Format

    @property
    def rows(self) -> Iterator[Row]:
        """Row after row, read."""
        return map(self.format.read, self.cut)


@contextmanager
def opened(file: Path) -> Iterator[Opened]:
    """A file's rows. Raises WrongFile."""
    name = "standard input" if file == STANDARD_INPUT else str(file)
    try:
        raw = cast(io.BufferedReader, sys.stdin.buffer) if file == STANDARD_INPUT else file.open("rb")
        size = 0 if file == STANDARD_INPUT else file.stat().st_size
    except OSError as error:
        raise WrongFile(f"{name}: {error.strerror}") from None
    try:
        with _told(name):
            packed = raw.peek(2)[:2] == _GZIP
            buffered = io.BufferedReader(gzip.GzipFile(fileobj=raw) if packed else raw, _PEEK)
            first = buffered.peek(_PEEK).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
            if first == b"[":
                raise WrongFile(f"{name}: this is a JSON array: write one object on each line (jq -c '.[]')")
            cut, format_ = (_objects(buffered), Objects()) if first == b"{" else _csv(name, buffered)
        yield Opened(name, size, raw, _guarded(name, cut), format_)
    finally:
        if file != STANDARD_INPUT:
            raw.close()


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError) as error:  # gzip's are among them
        raise WrongFile(f"{name}: cannot be read: {error}") from None


def _guarded(name: str, cut: Iterator[Raw]) -> Iterator[Raw]:
    with _told(name):
        yield from cut


def _objects(lines: BinaryIO) -> Iterator[Raw]:
    """Line after line; empty ones are skipped, and of one that is too long its beginning is kept."""
    for number, line in enumerate(iter(lambda: lines.readline(_LINE_BYTES), b""), 1):
        if len(line) == _LINE_BYTES and not line.endswith(b"\n"):
            while (rest := lines.readline(_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
        if not line.isspace():
            yield number, line


def _csv(name: str, binary: BinaryIO) -> tuple[Iterator[Raw], Csv]:
    """The rows, and what the first line says of them. Raises WrongFile for a file that has none."""
    text = io.TextIOWrapper(binary, "utf-8-sig", errors="replace", newline="")
    first = text.readline()
    delimiter = max(_DELIMITERS, key=first.count)
    header = tuple(column.strip().lower() for column in next(csv.reader([first], delimiter=delimiter), ()))
    if not any(header):
        raise WrongFile(f"{name}: is empty: the first line of CSV names the columns")
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise WrongFile(f"{name}: two columns are called {', '.join(twice)}: each needs a name of its own")
    return _values(text, delimiter), Csv(header, delimiter)


def _values(text: io.TextIOWrapper, delimiter: str) -> Iterator[Raw]:
    csv.field_size_limit(_LINE_BYTES)  # a value may be as long as a line of JSON
    reader = csv.reader((line.replace("\0", BROKEN) for line in text), delimiter=delimiter)
    line = 2
    while True:
        try:
            for values in reader:
                if values:
                    yield line, values
                line = reader.line_num + 2  # a value in quotes may go over several lines
            return
        except csv.Error as error:
            yield line, str(error)
            line = reader.line_num + 2
