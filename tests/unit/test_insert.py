"""Rows into a table as text."""

import json
from datetime import date
from decimal import Decimal
from typing import Any, cast

from clickhouse_connect.driver.client import Client

from sql.insert import insert


class Taken:
    """Stands for a client: keeps what it was to insert."""

    def raw_insert(self, table: str, columns: list[str], body: str, fmt: str) -> None:
        self.said = table, list(columns), [json.loads(line) for line in body.splitlines()], fmt


def test_money_goes_as_exact_text_and_a_line_end_in_a_value_stays_in_its_row() -> None:
    taken = Taken()
    rows: list[tuple[Any, ...]] = [
        (date(2026, 11, 21), Decimal("1E-8"), {"sub1": "ü\n\u2028"}),
        (date(2026, 11, 22), Decimal("123456789.00000001"), {}),
    ]
    insert(cast(Client, taken), "costs", ("day", "cost", "dimensions"), rows)
    assert taken.said == (
        "costs",
        ["day", "cost", "dimensions"],
        [
            {"day": "2026-11-21", "cost": "0.00000001", "dimensions": {"sub1": "ü\n\u2028"}},
            {"day": "2026-11-22", "cost": "123456789.00000001", "dimensions": {}},
        ],
        "JSONEachRow",
    )
