"""A table as a CSV file that a spreadsheet may open: what others wrote never becomes a formula. Pure."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The whole file: UTF-8, CRLF, a first line of names."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([harmless(name) for name in columns])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def harmless(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would calculate."""
    return f"'{text}" if text.lstrip(" \u00a0\ufeff\u3000").startswith(_BEGINS_A_FORMULA) else text


def _cell(value: Any) -> str:
    """Figures stay figures, also negative ones: nobody writes them but we."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return harmless(" ".join(_part(name, each) for name, each in value.items())) if value else ""
    if isinstance(value, datetime):
        return value.isoformat()
    return harmless(value) if isinstance(value, str) else str(value)


def _part(name: str, value: Any) -> str:
    """An amount of a currency, or how many reached a step."""
    return f"{value:f} {name}" if isinstance(value, Decimal) else f"{name} {value}"
