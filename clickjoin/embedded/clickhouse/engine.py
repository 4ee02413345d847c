"""chDB's engine at one data folder: connections, queries, streams, inserts; its errors become ClickHouse's."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import NamedTemporaryFile, mkdtemp
from typing import Any

from chdb import _chdb

from clickjoin.embedded.clickhouse.errors import from_engine
from clickjoin.embedded.clickhouse.statement import insert_from_file


class DataFolderBusyError(Exception):
    """Another process has the data folder open; an engine owns its folder alone."""


@dataclass(slots=True)
class Summary:
    """What a query read and wrote, as counted by the engine."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_ns: int = 0

    def add(self, result: Any) -> None:
        """Count one result, or one block of a stream, in."""
        self.read_rows += result.storage_rows_read()
        self.read_bytes += result.storage_bytes_read()
        self.written_rows += result.rows_written()
        self.written_bytes += result.bytes_written()
        self.result_rows += result.rows_read()
        self.result_bytes += result.bytes_read()
        self.elapsed_ns += int(result.elapsed() * 1e9)


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as problem:
        raise from_engine(str(problem)) from None


class Connection:
    """One conversation with the engine: own settings, database and temporary tables. For one thread at a time."""

    def __init__(self, raw: Any, inbox: Path) -> None:
        """`inbox`: a folder for the data of inserts while they run."""
        self._raw, self._inbox = raw, inbox

    def query(
        self, sql: str | bytes, fmt: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> tuple[bytes, Summary]:
        """Run one statement; all of its result, in format `fmt`. Raises `ClickHouseError`."""
        with _engine_errors():
            result = self._raw.query(sql, fmt, params=dict(params or {}))
        summary = Summary()
        summary.add(result)
        return (result.bytes() if result.size() else b""), summary

    def stream(self, sql: bytes, fmt: str, params: Mapping[str, str], summary: Summary) -> Iterator[bytes]:
        """Run one SELECT; its result block by block, counted into `summary`. Close the iterator to cancel the query.

        Nothing else may be asked of this connection until the iterator is exhausted or closed.
        """
        with _engine_errors():
            result = self._raw.send_query(sql, fmt, params=dict(params))
        ended = False
        try:
            while True:
                try:
                    with _engine_errors():
                        block = self._raw.streaming_fetch_result(result)
                except Exception:
                    ended = True
                    raise
                if block is None or not block.size():
                    ended = True
                    return
                summary.add(block)
                yield block.bytes()
        finally:
            if not ended:
                with suppress(RuntimeError):
                    self._raw.streaming_cancel_query(result)

    def insert(self, statement: bytes, fmt: str, pieces: Iterator[bytes]) -> Summary:
        """Insert the data in `pieces`; returns once it is all stored. Of data that breaks off nothing is.

        Raises `ClickHouseError`, or whatever `pieces` raises. The data takes the way through a file because the
        engine's streaming insert tells nobody of what fails behind the parser (too many parts, a full disk, a
        constraint): rows were gone, and the answer was 200. Behind a statement, on the other hand, text after a
        semicolon may be run as the next statement.
        """
        with NamedTemporaryFile(dir=self._inbox) as body:
            for piece in pieces:
                body.write(piece)
            body.flush()
            with _engine_errors():
                result = self._raw.query(insert_from_file(statement, body.name, fmt))
        summary = Summary()
        summary.add(result)
        summary.read_rows = summary.result_rows = summary.written_rows
        summary.read_bytes = summary.result_bytes = summary.written_bytes
        return summary

    def classify(self, sql: bytes) -> tuple[str, int]:
        """What it would do (READ_ONLY, MUTATING, MUTATING_GLOBAL, CONTROL, UNKNOWN), and how many statements it is."""
        found = self._raw.classify_query(sql.decode("utf-8", "replace"))
        return found["query_class"].name, found["statement_count"]

    def close(self) -> None:
        """Give the connection back; its temporary tables are gone."""
        self._raw.close()


class Engine:
    """The engine itself. It lives from construction to `close()`; one per process and data folder."""

    def __init__(self, path: Path) -> None:
        """Open `path`, making it if need be.

        Raises `DataFolderBusyError`, `ClickHouseError`, and ValueError if the engine cannot use such a path.
        """
        self._path = str(path)
        if "?" in self._path:
            raise ValueError(f"{self._path}: the engine cannot use a folder whose path holds a question mark")
        path.mkdir(parents=True, exist_ok=True)
        if _locked(path / "status"):
            raise DataFolderBusyError(f"{path} is in use by another process: stop it, or use another data folder")
        self._inbox = _empty_inbox(path)
        self._keep = self.connect()
        answer, _ = self._keep.query("SELECT version(), timezone()")
        self.version, self.timezone = answer.decode().split()
        names, _ = self._keep.query("SELECT lower(name) FROM system.table_functions")
        self.table_functions = frozenset(names.decode().split())

    def connect(self) -> Connection:
        """A new connection (about 0.1 ms). The caller closes it."""
        with _engine_errors():
            return Connection(_chdb.connect(self._path), self._inbox)  # type: ignore[attr-defined]  # missing in its stub

    def stop_queries(self) -> None:
        """Ask every running query to end with an error."""
        with suppress(Exception):
            self._keep.query("KILL QUERY WHERE query NOT LIKE 'KILL QUERY%' ASYNC")

    def close(self) -> None:
        """Stop the engine; every other connection must be closed."""
        self._keep.close()


def _empty_inbox(path: Path) -> Path:
    """A folder for the data of inserts, without what a killed process left in it."""
    inbox = path.absolute() / "inbox"
    if set("*?{}") & set(str(inbox)):  # the engine would take it for a pattern
        return Path(mkdtemp(prefix="clickjoin-inbox-"))
    rmtree(inbox, ignore_errors=True)
    inbox.mkdir()
    return inbox


def _locked(file: Path) -> bool:
    """Whether a running engine holds its lock; the engine's own error does not say so."""
    try:
        with file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
