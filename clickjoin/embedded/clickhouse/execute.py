"""One query from request to answer: who asks, on which connection, what kind of statement, how its result travels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain

from clickjoin.embedded.clickhouse.access import User, authenticate, check_reader, reader_database
from clickjoin.embedded.clickhouse.engine import Connection, Engine, Summary
from clickjoin.embedded.clickhouse.errors import (
    INTO_OUTFILE_NOT_ALLOWED,
    QUERY_IS_TOO_LARGE,
    READONLY,
    SYNTAX_ERROR,
    UNKNOWN_TYPE_OF_QUERY,
    error,
)
from clickjoin.embedded.clickhouse.gate import Gate
from clickjoin.embedded.clickhouse.request import Request
from clickjoin.embedded.clickhouse.response import HELD_IF_ASKED_TO_WAIT, Response
from clickjoin.embedded.clickhouse.sessions import Session, Sessions
from clickjoin.embedded.clickhouse.settings import quote_identifier, set_statement
from clickjoin.embedded.clickhouse.statement import (
    InlineInsert,
    first_word,
    inline_insert,
    names_a_file,
    output_format,
)

LONGEST_STATEMENT = 1 << 24  # bytes of SQL, data of inserts not counted
# Formats without header, footer or file structure: the engine's blocks, one after another, are one valid result.
_STREAMED = frozenset(
    {
        "Native",
        "RowBinary",
        "TabSeparated",
        "TSV",
        "TabSeparatedRaw",
        "TSVRaw",
        "CSV",
        "LineAsString",
        "JSONEachRow",
        "JSONCompactEachRow",
    }
)


@dataclass(slots=True)
class Front:
    """What all requests share."""

    engine: Engine
    users: Mapping[str, User]
    sessions: Sessions
    gate: Gate = field(default_factory=Gate)


@dataclass(frozen=True, slots=True)
class _Query:
    """One statement on its way: where it runs, for whom, and whether it may change anything."""

    request: Request
    user: User
    connection: Connection
    session: Session | None
    may_write: bool
    response: Response


def answer(front: Front, request: Request, pieces: Iterator[bytes], response: Response, *, may_write: bool) -> None:
    """Run what the request asks for and write the answer. Raises `ClickHouseError`, or what `pieces` raises."""
    user = authenticate(front.users, request.user, request.password)
    response.encoding = request.encoding
    if request.wait_for_end:
        response.hold = max(response.hold, HELD_IF_ASKED_TO_WAIT)
    with _prepared(front, request, user) as (connection, session):
        query = _Query(request, user, connection, session, may_write and not user.readonly, response)
        head = request.query + b"\n" if request.query else b""
        found, start = _read_statement(chain((head,), pieces))
        if isinstance(found, InlineInsert):
            summary = _run_insert(query, found, chain((start[found.offset :],), pieces))
        else:
            summary = _run_statement(front, query, start)
    response.finish(summary)  # the session is free by now: the client may use it as soon as it has this


@contextmanager
def _prepared(front: Front, request: Request, user: User) -> Iterator[tuple[Connection, Session | None]]:
    """A connection with the query's database and settings. Readers have none to keep: each query gets its own."""
    settings = {**user.settings, **request.settings, **user.limits}
    if request.session_id and not user.readonly and "readonly" not in settings:
        with front.sessions.borrow(
            request.user,
            request.session_id,
            seconds=request.session_seconds,
            must_exist=request.session_must_exist,
            then_close=request.session_ends,
        ) as session:
            session.prepare(request.database, settings)
            yield session.connection, session
        return
    with closing(front.engine.connect()) as connection:
        database = reader_database(request.database, user) if user.readonly else request.database
        if database or user.database:
            connection.query(f"USE {quote_identifier(database or user.database)}")
        if user.readonly:
            settings.pop("readonly", None)
            settings["readonly"] = "1"  # last: nothing can be set after it
        if settings:
            connection.query(set_statement(settings))
        yield connection, None


def _read_statement(pieces: Iterator[bytes]) -> tuple[InlineInsert | None, bytes]:
    """Read until the statement is known: an INSERT up to its data (and what came with it), all else to its end."""
    buffer = bytearray()
    found: InlineInsert | bool | None = None
    for piece in pieces:
        buffer += piece
        if len(buffer) > LONGEST_STATEMENT:
            raise error(
                QUERY_IS_TOO_LARGE,
                "QUERY_IS_TOO_LARGE",
                f"The statement is longer than {LONGEST_STATEMENT} bytes (the data of an INSERT is not counted)",
            )
        if found is None:
            found = inline_insert(bytes(buffer), at_end=False)
        if isinstance(found, InlineInsert):
            return found, bytes(buffer)
    if found is None:
        found = inline_insert(bytes(buffer), at_end=True)
    return (found if isinstance(found, InlineInsert) else None), bytes(buffer)


def _run_insert(query: _Query, insert: InlineInsert, pieces: Iterator[bytes]) -> Summary:
    _check_write(query)
    _check_files(insert.statement)
    if query.request.params:  # an insert takes no parameters, the connection does
        named = {f"param_{name}": value for name, value in query.request.params.items()}
        query.connection.query(set_statement(named))
    data = (piece for piece in pieces if piece)
    return query.connection.insert(insert.statement, insert.format, data)


def _run_statement(front: Front, query: _Query, sql: bytes) -> Summary:
    kind, statements = query.connection.classify(sql)
    if not sql.strip():
        raise error(SYNTAX_ERROR, "SYNTAX_ERROR", "Empty query")
    if statements > 1:
        raise error(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)")
    _check_files(sql)
    word = first_word(sql)
    if query.user.readonly:
        check_reader(sql, query.request.params, front.engine.table_functions)
    changes_connection_only = word in (b"SET", b"USE") and not query.user.readonly
    if kind not in ("READ_ONLY", "UNKNOWN") and not changes_connection_only:
        _check_write(query)
    if query.session and changes_connection_only:
        query.session.own_state()
    summary = _write_result(query, sql, reads=kind == "READ_ONLY", streams=word in (b"SELECT", b"WITH", b"("))
    if query.session and word == b"USE":
        query.session.remember_database()
    return summary


def _write_result(query: _Query, sql: bytes, *, reads: bool, streams: bool) -> Summary:
    request, response = query.request, query.response
    named = output_format(sql.decode("utf-8", "replace")) or request.default_format
    if reads:
        response.format = named
    if reads and streams and named in _STREAMED:
        summary = Summary()
        with closing(query.connection.stream(sql, named, request.params, summary)) as blocks:  # type: ignore[type-var]
            for block in blocks:
                response.write(block)
        return summary
    data, summary = query.connection.query(sql, named, request.params)
    if data:
        response.format = named
        response.write(data)
    return summary


def _check_write(query: _Query) -> None:
    if query.may_write:
        return
    why = "Cannot execute query in readonly mode"
    if not query.user.readonly:
        why += ". For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries"
    raise error(READONLY, "READONLY", f"{query.request.user}: {why}")


def _check_files(sql: bytes) -> None:
    clause = names_a_file(sql)
    if clause == "INTO OUTFILE":
        raise error(INTO_OUTFILE_NOT_ALLOWED, "INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE is not allowed over HTTP")
    if clause:
        raise error(
            UNKNOWN_TYPE_OF_QUERY,
            "UNKNOWN_TYPE_OF_QUERY",
            f"{clause} is not possible over HTTP; send the file as the body of an INSERT … FORMAT",
        )
