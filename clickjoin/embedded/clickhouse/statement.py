"""Pure. Reading just enough of a statement: where an INSERT's data begins, which format it asks for, its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    rb"""
    \s+ | --[^\n]*(?:\n|$) | \#[ !][^\n]*(?:\n|$) | /\*.*?\*/
    | '(?:\\.|''|[^'\\])*' | "(?:\\.|""|[^"\\])*" | `(?:\\.|``|[^`\\])*` | \$(\w*)\$.*?\$\1\$
    | [A-Za-z_]\w* | [0-9.]+ | .
    """,
    re.DOTALL | re.VERBOSE,
)
_COMMENTS = (b"--", b"/*", b"# ", b"#!")
# The format's name, then blanks, then at most one line break: from there on it is data.
_INSERT_FORMAT = re.compile(rb"\s+(\w+)[ \t\f]*(?:;[ \t\f]*)?(\r?\n)?")
_FORMAT_TAIL = re.compile(r"\bFORMAT\s+(\w+)\s*(?:SETTINGS\s+[^()]*)?(?:;\s*)*$", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class InlineInsert:
    """`INSERT … FORMAT x` or `… VALUES`: the statement before it, the format, the offset of the first byte of data."""

    statement: bytes
    format: str
    offset: int


def _tokens(sql: bytes) -> Iterator[re.Match[bytes]]:
    for match in _TOKEN.finditer(sql):
        token = match.group()
        if not token[:1].isspace() and token[:2] not in _COMMENTS:
            yield match


def words(sql: bytes) -> list[bytes]:
    """The tokens of `sql` without blanks and comments, as they are written."""
    return [match.group() for match in _tokens(sql)]


def first_word(sql: bytes) -> bytes:
    """The first keyword, in capitals; empty if there is none."""
    first = next(_tokens(sql), None)
    return first.group().upper() if first else b""


def inline_insert(buffer: bytes, *, at_end: bool) -> InlineInsert | bool | None:
    """Find the data of an INSERT in the first bytes of a request.

    Returns what it found; False if this is no INSERT that carries data; None if more bytes are needed to tell
    (never so when `at_end`).
    """
    undecided = False if at_end else None
    depth, first = 0, True
    for match in _tokens(buffer):
        if match.end() == len(buffer) and not at_end:
            return undecided
        token = match.group().upper()
        if first and token != b"INSERT":
            return False
        first = False
        depth += (token == b"(") - (token == b")")
        if depth:
            continue
        if token in (b"SELECT", b"WITH", b"WATCH"):
            return False
        if token == b"VALUES":
            return InlineInsert(buffer[: match.start()], "Values", match.end())
        if token == b"FORMAT":
            return _data_after_format(buffer, match, at_end=at_end)
    return undecided


def _data_after_format(buffer: bytes, keyword: re.Match[bytes], *, at_end: bool) -> InlineInsert | bool | None:
    name = _INSERT_FORMAT.match(buffer, keyword.end())
    if name is None:
        return False if at_end else None
    line_may_still_end = name.group(2) is None and buffer[name.end() :] in (b"", b"\r")
    if line_may_still_end and not at_end:
        return None
    return InlineInsert(buffer[: keyword.start()], name.group(1).decode(), name.end())


def insert_from_file(statement: bytes, path: str, fmt: str) -> bytes:
    """`statement` (see `InlineInsert`) so that it reads its data from a file."""
    end, before, depth = len(statement), b"", 0
    for match in _tokens(statement):
        token = match.group().upper()
        depth += (token == b"(") - (token == b")")
        if token == b"SETTINGS" and not depth and before not in (b"INTO", b"TABLE", b"."):  # the clause, not a name
            end = match.start()
        before = token
    quoted = path.replace("\\", "\\\\").replace("'", "\\'")
    source = f"\nFROM INFILE '{quoted}' COMPRESSION 'none' "
    return statement[:end] + source.encode() + statement[end:] + f"\nFORMAT {fmt}".encode()


def output_format(sql: str) -> str | None:
    """The format named at the end of a query, if there is one."""
    found = _FORMAT_TAIL.search(sql[-2000:])
    return found.group(1) if found else None


def names_a_file(sql: bytes) -> str | None:
    """`INTO OUTFILE` or `FROM INFILE` if the statement says so; they name files of the client, which HTTP has not."""
    lowered = sql.lower()
    if b"outfile" not in lowered and b"infile" not in lowered:
        return None
    tokens = [token.lower() for token in words(sql)]
    pairs = set(pairwise(tokens))
    if (b"into", b"outfile") in pairs:
        return "INTO OUTFILE"
    return "FROM INFILE" if (b"from", b"infile") in pairs else None
