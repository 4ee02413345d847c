"""How the sink's lines are read into a table."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from streams.adapters.clickhouse import AwayError, ClickHouse, insert_target
from streams.tables import Table

_TABLE = Table("t", ("day", "source", "offers", "named", "at"))
_TYPES = {
    "day": "Date",
    "source": "LowCardinality(String)",
    "offers": "Array(LowCardinality(Nullable(String)))",
    "named": "Map(LowCardinality(String), Nullable(Decimal(24, 8)))",
    "at": "DateTime64(3, 'UTC')",
    "theirs": "LowCardinality(String)",
}


def test_a_column_with_a_dictionary_is_read_as_what_is_in_it_and_every_other_as_what_it_is() -> None:
    read = (
        "day Date, source String, offers Array(Nullable(String)), named Map(String, Nullable(Decimal(24, 8))), "
        "at DateTime64(3, \\'UTC\\')"
    )
    assert insert_target(_TABLE, _TYPES) == f"t (day, source, offers, named, at) SELECT * FROM input('{read}')"


def test_where_a_column_is_missing_the_server_is_left_to_say_so() -> None:
    without = {name: type_ for name, type_ in _TYPES.items() if name != "at"}
    assert insert_target(_TABLE, without) == "t (day, source, offers, named, at)"


class Server:
    """Stands in for a client of a server of one's own, which may not let the sink's user do everything."""

    def __init__(self, *may_not: str) -> None:
        self._may_not = may_not
        self.asked: list[tuple[str, bytes]] = []

    async def query(self, *_: object) -> Any:
        return SimpleNamespace(result_rows=list(_TYPES.items()))

    async def raw_insert(self, target: str, _columns: None, body: bytes, *_: object, **__: object) -> None:
        self.asked.append((target.partition("(")[0] + ("input" if "FROM input(" in target else "columns"), body))
        if any(word in target for word in self._may_not):
            raise DatabaseError("Not enough privileges", code=497)


def sink_of(server: Server) -> ClickHouse:
    sink = ClickHouse("http://127.0.0.1:1/clickjoin")
    sink._client = cast(Any, server)
    return sink


def test_where_input_is_not_allowed_the_same_bytes_are_inserted_by_their_columns_from_then_on() -> None:
    server = Server("FROM input(")

    async def use() -> None:
        sink = sink_of(server)
        await sink.insert(_TABLE, b"first")
        await sink.insert(_TABLE, b"second")

    asyncio.run(use())
    assert server.asked == [("t input", b"first"), ("t columns", b"first"), ("t columns", b"second")]


def test_who_may_not_insert_at_all_waits_and_input_is_tried_again() -> None:
    server = Server("t (")

    async def use() -> None:
        sink = sink_of(server)
        for _ in range(2):
            with pytest.raises(AwayError):
                await sink.insert(_TABLE, b"rows")

    asyncio.run(use())
    assert [target for target, _ in server.asked] == ["t input", "t columns"] * 2
