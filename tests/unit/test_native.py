"""How rows are written for ClickHouse, and what no column takes. That the server reads it so: test_sink.py."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from clickhouse_connect.datatypes.registry import get_from_name
from clickhouse_connect.driver.insert import InsertContext
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.native import native

AMOUNT = "Nullable(Decimal(24, 8))"
TEXT = st.text(max_size=150)
VALUES = {
    "String": TEXT,
    "LowCardinality(String)": TEXT,
    "Array(String)": st.lists(TEXT, max_size=3).map(tuple),
    "Map(String, String)": st.dictionaries(TEXT, TEXT, max_size=3),
    "Map(String, Float64)": st.dictionaries(TEXT, st.floats(allow_nan=False), max_size=3),
    "Bool": st.booleans(),
    "UInt16": st.integers(0, 2**16 - 1),
    "UInt32": st.integers(0, 2**32 - 1),
    "UInt64": st.integers(0, 2**64 - 1),
    "Nullable(Float64)": st.none() | st.floats(allow_nan=False),
    AMOUNT: st.none() | st.decimals(-(10**16) + 1, 10**16 - 1, places=8),
}


def of_library(of_type: str, values: list[Any]) -> bytes:
    """The same column as clickhouse-connect writes it."""
    made = get_from_name(of_type)
    column = bytearray([1, len(values), 1]) + b"x" + bytes([len(of_type)]) + of_type.encode()
    made.write_column(values, column, InsertContext("t", ["x"], [get_from_name("UInt8")], [[1]], column_oriented=True))
    return bytes(column)


@pytest.mark.parametrize("of_type", VALUES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_column_is_written_as_the_official_client_writes_it(of_type: str, data: st.DataObject) -> None:
    few = st.sampled_from(data.draw(st.lists(VALUES[of_type], min_size=1, max_size=2)))
    values = data.draw(st.lists(few | VALUES[of_type], min_size=1, max_size=12))
    assert native(["x"], [of_type], [(value,) for value in values]) == of_library(of_type, values)


@pytest.mark.parametrize(
    ("of_type", "value"),
    [
        (AMOUNT, Decimal("1E+16")),
        (AMOUNT, Decimal("-1E+99")),
        (AMOUNT, Decimal("NaN")),
        ("String", None),
        ("String", "\ud800"),
        ("LowCardinality(String)", 7),
        ("UInt16", -1),
        ("UInt64", 1 << 64),
        ("Bool", 256),
        ("DateTime64(3, 'UTC')", "soon"),
        ("Date", "yesterday"),
        ("Map(String, String)", {"a": 1}),
        ("Array(String)", None),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_refused_with_the_name_of_the_column(of_type: str, value: Any) -> None:
    with pytest.raises(ValueError, match="payout: "):
        native(["x", "payout"], ["String", of_type], [("a", value)])
