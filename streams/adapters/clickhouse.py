"""ClickHouse as the sink needs it: an insert that is acknowledged, refused for its data, or not possible now.

Rows travel as JSONCompactEachRow: a quarter of the CPU that building native columns takes here, and the server
checks every value (the native format would take an amount with too many digits as it is). Columns with a dictionary
are read as plain text and put into it as a whole: entering one value after the other was half of an insert's CPU.
"""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence

import lz4.frame
import msgspec
import structlog
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from sql.connect import address, connect_async
from streams.rows import Row
from streams.tables import Table

log = structlog.get_logger(__name__)

DATA_ERRORS = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        25,  # CANNOT_PARSE_ESCAPE_SEQUENCE
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        131,  # TOO_LARGE_STRING_SIZE
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        407,  # DECIMAL_OVERFLOW
        467,  # CANNOT_PARSE_BOOL
        469,  # VIOLATED_CONSTRAINT
        691,  # UNKNOWN_ELEMENT_OF_ENUM
    }
)
"""Codes that say that a row is at fault. Everything else is the server's state, and passes."""
_NOT_MIGRATED = frozenset({16, 60, 81})  # no such column, table, database
_NO_INPUT = frozenset({46, 48, 62, 477, 497})  # before 26.5 the right to CREATE TEMPORARY TABLE is needed for input()

_SETTINGS = {
    "async_insert": 0,  # the answer must mean that the rows are there
    "insert_deduplicate": 0,  # the keys and versions of the rows make a repeat harmless; a dropped block would not be
    "optimize_on_insert": 0,  # a quarter of the insert's CPU: what stands twice in a batch goes when parts are merged
    "max_partitions_per_insert_block": 0,  # an import of many years is one batch too
    "input_format_null_as_default": 0,
    "input_format_parallel_parsing": 0,  # batches are small: threads would only be started for nothing
    "date_time_input_format": "basic",
}
_FORMAT = "JSONCompactEachRow"
_TYPES = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}"
_DICTIONARY = re.compile(r"LowCardinality\(((?:[^()]|\([^()]*\))*)\)")
_encode = msgspec.json.Encoder(decimal_format="string").encode_lines


class RefusedError(Exception):
    """ClickHouse refuses these rows for what is in them, and always will. `code` is its error code, 0 for ours."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class AwayError(Exception):
    """The rows could not be written now, or nobody knows whether they were: try the same again."""


class ClickHouse:
    """One server, for all writers of a worker. Says once that it is away, and once that it is back."""

    def __init__(self, dsn: str, *, timeout: float = 60.0) -> None:
        """`timeout`: seconds for one insert, connecting included."""
        self._dsn, self._timeout = dsn, timeout
        self._client: AsyncClient | None = None
        self._targets: dict[Table, str] = {}
        self._connecting = asyncio.Lock()
        self._trouble = ""
        self._since = 0.0

    async def insert(self, table: Table, body: bytes) -> None:
        """Insert the rows in `body` (see `body_of`). Raises RefusedError or AwayError."""
        try:
            async with asyncio.timeout(self._timeout):
                client = await self._connected()
                await self._insert(client, table, body)
        except (ClickHouseError, OSError) as error:  # a TimeoutError is an OSError
            raise self._judged(table, error) from error
        self._say_back()

    async def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _connected(self) -> AsyncClient:
        async with self._connecting:  # two writers must not connect side by side
            if self._client is None:
                self._client = await connect_async(self._dsn, connect_timeout=10, compress=False)
            return self._client

    async def _insert(self, client: AsyncClient, table: Table, body: bytes) -> None:
        target = self._targets.get(table) or await self._target(client, table)
        try:
            await client.raw_insert(target, None, body, dict(_SETTINGS), _FORMAT, compression="lz4")
        except DatabaseError as error:
            if error.code not in _NO_INPUT or target == columns_of(table):
                raise
            self._targets[table] = columns_of(table)
            await client.raw_insert(columns_of(table), None, body, dict(_SETTINGS), _FORMAT, compression="lz4")
            hint = "the sink costs ClickHouse less with: GRANT CREATE TEMPORARY TABLE ON *.*"
            log.info("inserts_without_input", table=table.name, error=_first_line(error), hint=hint)

    async def _target(self, client: AsyncClient, table: Table) -> str:
        answer = await client.query(_TYPES, {"table": table.name})
        types = {str(name): str(type_) for name, type_ in answer.result_rows}
        target = insert_target(table, types)
        if types.keys() >= set(table.columns):
            self._targets[table] = target
        return target

    def _judged(self, table: Table, error: Exception) -> RefusedError | AwayError:
        code = error.code if isinstance(error, DatabaseError) else None
        words = _first_line(error)
        if code in DATA_ERRORS:
            return RefusedError(code, words)
        self._targets.clear()  # nobody knows what is done to the server meanwhile
        self._say_away(table, code, words)
        return AwayError(words)

    def _say_away(self, table: Table, code: int | None, words: str) -> None:
        trouble = "not migrated" if code in _NOT_MIGRATED else f"code {code}" if code else "no answer"
        if trouble == self._trouble:
            return
        self._since = self._since or time.monotonic()
        self._trouble = trouble
        hint = {"hint": "run: clickjoin migrate"} if code in _NOT_MIGRATED else {}
        log.warning("clickhouse_away", address=address(self._dsn), table=table.name, error=words, **hint)

    def _say_back(self) -> None:
        if self._trouble:
            seconds = round(time.monotonic() - self._since, 1)
            log.info("clickhouse_back", address=address(self._dsn), away_seconds=seconds)
            self._trouble, self._since = "", 0.0


def insert_target(table: Table, types: Mapping[str, str]) -> str:
    """What lines are inserted into, given the types of the table's columns as the server tells them.

    Where it does not tell one, it shall say itself what is wrong with that column.
    """
    target = columns_of(table)
    if not types.keys() >= set(table.columns):
        return target
    structure = ", ".join(f"{name} {_plain(types[name])}" for name in table.columns)
    quoted = structure.replace("\\", "\\\\").replace("'", "\\'")
    return f"{target} SELECT * FROM input('{quoted}')"  # noqa: S608  # the server's own types


def lines_of(rows: Sequence[Row]) -> bytes:
    """Rows as ClickHouse reads them, a line each. Raises RefusedError where a value has no JSON."""
    try:
        return _encode(rows)
    except (TypeError, ValueError, OverflowError) as error:
        raise RefusedError(0, f"not to be written as JSON: {error}") from None


def columns_of(table: Table) -> str:
    """A table with the columns that the sink gives it."""
    return f"{table.name} ({', '.join(table.columns)})"


def _plain(type_: str) -> str:
    return _DICTIONARY.sub(r"\1", type_)


def body_of(lines: bytes) -> bytes:
    """Lines as the body of an insert: compressed."""
    compressed: bytes = lz4.frame.compress(lines)
    return compressed


def _first_line(error: Exception) -> str:
    text = str(error) or type(error).__name__
    # the message goes on with the row itself, over many lines
    return text.splitlines()[0].partition("server response: ")[2] or text.splitlines()[0]
