"""How values are written on the pages and in files."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import cells
from dashboard.csv_file import csv_text


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("clicks", 12345, "12,345"),
        ("weekday", 7, "7"),
        ("rate", 0.1234, "12.3%"),
        ("rate", None, "–"),
        ("money", {"EUR": Decimal("1.005"), "USD": Decimal("-2000")}, "1.01 EUR, -2,000.00 USD"),
        ("money", {}, "–"),
        ("seconds_p50", 90.0, "2 min"),
        ("cost", Decimal("1234.50"), "1,234.50"),
        ("campaign", "spring", "spring"),
    ],
)
def test_a_cell_is_written_by_what_its_column_means(name: str, value: object, written: str) -> None:
    assert cells.cell(name, value) == written


def test_a_moment_is_that_of_the_zone() -> None:
    assert (
        cells.moment(datetime(2026, 11, 21, 23, 5, 7, tzinfo=UTC), ZoneInfo("Europe/Berlin")) == "2026-11-22 00:05:07"
    )


@given(text=st.text(), before=st.sampled_from(["", " ", "\t", "=", "+", "-", "@", "\r", "\u00a0="]))
def test_no_text_in_a_csv_file_is_a_formula_and_none_is_lost(text: str, before: str) -> None:
    hostile = before + text
    ((cell, figure),) = list(csv.reader(io.StringIO(csv_text(["a", "b"], [[hostile, Decimal("-1.50")]]), newline="")))[
        1:
    ]
    assert not cell.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in (hostile, f"'{hostile}")
    assert figure == "-1.50"
