"""Files of rows: CSV or NDJSON, packed with gzip or not, or standard input. What it is, is seen from its beginning."""

import csv
import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import msgspec

from clickjoin.imports.row import BadRow, Row
from ingest.parameters import BROKEN, Params, parse_body
from ingest.refusal import Refusal

STANDARD_INPUT = Path("-")
_GZIP = b"\x1f\x8b"
_DELIMITERS = ",;\t|"
_PEEK = 1 << 16
_LINE_BYTES = 1 << 20
_NDJSON = "application/x-ndjson"
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=str).decode  # an amount stays as it was written


class WrongFile(Exception):  # noqa: N818 - the name says what happened
    """A file that cannot be read as rows; the text says why, and what would be right."""


class Opened(NamedTuple):
    """A file that is being read. Its rows raise WrongFile where it breaks off."""

    name: str
    size: int  # bytes on the disk; 0: not known
    raw: io.BufferedReader  # its position is how much was read
    rows: Iterator[Row]
    header: tuple[str, ...]  # of CSV the names of the columns, lower-cased; else nothing


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
            rows, header = (_objects(buffered), ()) if first == b"{" else _csv(name, buffered)
        yield Opened(name, size, raw, _guarded(name, rows), header)
    finally:
        if file != STANDARD_INPUT:
            raw.close()


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError) as error:  # gzip's are among them
        raise WrongFile(f"{name}: cannot be read: {error}") from None


def _guarded(name: str, rows: Iterator[Row]) -> Iterator[Row]:
    with _told(name):
        yield from rows


def _objects(lines: BinaryIO) -> Iterator[Row]:
    """A JSON object on each line; empty lines are skipped."""
    for number, line in enumerate(iter(lambda: lines.readline(_LINE_BYTES), b""), 1):
        if not line.strip():
            continue
        if len(line) == _LINE_BYTES and not line.endswith(b"\n"):
            while (rest := lines.readline(_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
        params = _flat(line)
        if params is None:
            try:
                (params,) = parse_body(line.removeprefix(b"\xef\xbb\xbf"), _NDJSON, {})
            except (Refusal, ValueError):
                raw = line.decode("utf-8", "replace").rstrip("\r\n")
                yield Row(number, {}, BadRow("not_an_object", "this line is no JSON object"), raw)
                continue
        yield Row(number, params)


def _flat(line: bytes) -> Params | None:
    """What parse_body would read, several times as fast; None where the object is not as simple as most are."""
    if b"\\u" in line:
        return None
    try:
        found = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    params: Params = {}
    for name, value in found.items():
        if value.__class__ is int:
            value = str(value)
        elif value.__class__ is not str:
            return None
        params.setdefault(name.lower(), value)
    return params if "" not in params else None


def _csv(name: str, binary: BinaryIO) -> tuple[Iterator[Row], tuple[str, ...]]:
    """The rows, and the names in the first line. Raises WrongFile for a file that has none."""
    text = io.TextIOWrapper(binary, "utf-8-sig", errors="replace", newline="")
    first = text.readline()
    delimiter = max(_DELIMITERS, key=first.count)
    header = tuple(column.strip().lower() for column in next(csv.reader([first], delimiter=delimiter), ()))
    if not any(header):
        raise WrongFile(f"{name}: is empty: the first line of CSV names the columns")
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise WrongFile(f"{name}: two columns are called {', '.join(twice)}: each needs a name of its own")
    return _lines(text, delimiter, header), header


def _lines(text: io.TextIOWrapper, delimiter: str, header: tuple[str, ...]) -> Iterator[Row]:
    csv.field_size_limit(_LINE_BYTES)  # a value may be as long as a line of JSON
    reader = csv.reader((line.replace("\0", BROKEN) for line in text), delimiter=delimiter)
    width, last = len(header), 1
    while True:
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield Row(last + 1, {}, BadRow("not_csv", str(error)))
            last = reader.line_num + 1
            continue
        if values is None:
            return
        line, last = last + 1, reader.line_num + 1  # a value in quotes may go over several lines
        if len(values) == width:
            yield Row(line, dict(zip(header, values, strict=True)))
        elif values:
            wanted = f"{len(values)} values, but the first line names {width} columns"
            yield Row(line, {}, BadRow("not_csv", wanted), delimiter.join(values))
