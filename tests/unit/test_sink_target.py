"""How the sink's lines are read into a table."""

from __future__ import annotations

from streams.adapters.clickhouse import insert_target
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
