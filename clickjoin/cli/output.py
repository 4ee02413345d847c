"""Results on standard output: JSON, or a table for people."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import typer

_WIDTH_OF_A_PIPE = 240
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it, line breaks and tabs aside."""


def visible(text: str) -> str:
    """A text from outside as a terminal may get it: what it would obey is written out, like \\x1b."""
    return _COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def print_json(value: Any) -> None:
    """One JSON document on one line. Money stays exact: as text."""
    typer.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: int = 0) -> None:
    """A table; its last `numbers` columns are aligned to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index >= len(columns) - numbers else "left", overflow="fold")
    for row in rows:
        # Text: what came from outside is shown, not taken for rich's own markup.
        table.add_row(*(Text("" if cell is None else visible(_cell(cell))) for cell in row))
    # What is no terminal has no width of its own: there nothing is to be broken.
    Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE).print(table)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds").partition("+")[0]
    if isinstance(value, Decimal):
        return format(value.normalize() if value else Decimal(0), "f")
    return str(value)
