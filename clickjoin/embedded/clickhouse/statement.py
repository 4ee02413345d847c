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
_FROM_INPUT = (b"FROM", b"INPUT", b"(")
_FORMAT_TAIL = re.compile(r"\bFORMAT\s+(\w+)\s*(?:SETTINGS\s+[^()]*)?(?:;\s*)*$", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class InlineInsert:
    """`INSERT … FORMAT x` or `… VALUES`: the statement before it, the format, the offset of the first byte of data.

    So is `INSERT … SELECT … FROM input('…') FORMAT x`.
    """

    statement: bytes
    format: str
    offset: int


def _tokens(sql: bytes, begin: int = 0) -> Iterator[re.Match[bytes]]:
    for match in _TOKEN.finditer(sql, begin):
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
        if token == b"WATCH":
            return False
        if token in (b"SELECT", b"WITH"):
            return _data_for_input(buffer, match.start(), at_end=at_end)
        if token == b"VALUES":
            return InlineInsert(buffer[: match.start()], "Values", match.end())
        if token == b"FORMAT":
            return _data_after_format(buffer, match, at_end=at_end)
    return undecided


def _data_for_input(buffer: bytes, begin: int, *, at_end: bool) -> InlineInsert | bool | None:
    """The same for what an INSERT selects, from `begin` on: it carries data where that is read from `input`."""
    depth, given = 0, False
    before: tuple[bytes, ...] = (b"", b"")
    for match in _tokens(buffer, begin):
        if match.end() == len(buffer) and not at_end:
            return None
        token = match.group().upper()
        given = given or (*before, token) == _FROM_INPUT
        before = (before[1], token)
        depth += (token == b"(") - (token == b")")
        if token == b"FORMAT" and given and not depth:
            return _data_after_format(buffer, match, at_end=at_end)
    return False if at_end else None


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
    quoted = path.replace("\\", "\\\\").replace("'", "\\'")
    if found := _input_call(statement):
        begin, arguments, rest = found
        comma = b", " if arguments.strip() else b""
        return statement[:begin] + f"file('{quoted}', '{fmt}'".encode() + comma + arguments + statement[rest:]
    end, before, depth = len(statement), b"", 0
    for match in _tokens(statement):
        token = match.group().upper()
        depth += (token == b"(") - (token == b")")
        if token == b"SETTINGS" and not depth and before not in (b"INTO", b"TABLE", b"."):  # the clause, not a name
            end = match.start()
        before = token
    source = f"\nFROM INFILE '{quoted}' COMPRESSION 'none' "
    return statement[:end] + source.encode() + statement[end:] + f"\nFORMAT {fmt}".encode()


def _input_call(statement: bytes) -> tuple[int, bytes, int] | None:
    """Where a SELECT reads from `input(…)`: its beginning, its arguments, and its closing parenthesis."""
    matches = list(_tokens(statement))
    tokens = [match.group().upper() for match in matches]
    if b"SELECT" not in tokens:
        return None
    for number in range(2, len(tokens)):
        if tuple(tokens[number - 2 : number + 1]) != _FROM_INPUT:
            continue
        depth, begin = 1, matches[number].end()
        for match in matches[number + 1 :]:
            depth += (match.group() == b"(") - (match.group() == b")")
            if not depth:
                return matches[number - 1].start(), statement[begin : match.start()], match.start()
    return None


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
