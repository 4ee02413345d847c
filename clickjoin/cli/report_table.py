"""A report as a table, with bars where there is a terminal."""

import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import typer

from clickjoin.cli.output import print_table

if TYPE_CHECKING:
    from sql.reports.ask import Answer
    from sql.reports.catalogue import Report

_SHARES = frozenset({"rate", "step_rate", "approval_rate", "share", "roi", "loss_probability"})
_BAR = {"rate": 20, "approval_rate": 20, "share": 20}
_EIGHTHS = " ▏▎▍▌▋▊▉"


def print_report(report: "Report", answer: "Answer") -> None:
    """Print the rows, numbers to the right."""
    if not answer.rows:
        typer.echo(f"{report.name}: there is nothing in this time")
        return
    with_bars = sys.stdout.isatty()
    words = next((at for at, name in enumerate(answer.columns) if _is_number(answer, at)), len(answer.columns))
    columns: list[str] = []
    for name in answer.columns:
        columns += [name, ""] if with_bars and name in _BAR else [name]
    rows = [cells(answer.columns, row, with_bars=with_bars) for row in answer.rows]
    print_table(f"{report.name}: {report.question}", columns, rows, numbers=len(columns) - words)


def cells(columns: Sequence[str], row: Sequence[Any], *, with_bars: bool) -> list[str]:
    """The cells of a row as people read them."""
    line = []
    for name, value in zip(columns, row, strict=True):
        line.append(_cell(name, value))
        if with_bars and name in _BAR:
            line.append(bar(value or 0.0, _BAR[name]))
    return line


def bar(share: float, length: int) -> str:
    """A bar that is full at a share of 1, exact to an eighth of a character."""
    eighths = round(min(max(share, 0.0), 1.0) * length * 8)
    return f"{'█' * (eighths // 8)}{_EIGHTHS[eighths % 8].strip()}".ljust(length)


def _is_number(answer: "Answer", at: int) -> bool:
    """Whether a column is one of figures: the words that say what they are of stand before it."""
    return answer.columns[at] in _FIRST_FIGURES


_FIRST_FIGURES = frozenset({"clicks", "conversions", "subscribers", "times", "postbacks"})


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "steps":
        return ", ".join(f"{event} {clicks:,d}" for event, clicks in value.items())
    if isinstance(value, Mapping):
        return ", ".join(f"{amount:,f} {currency}".rstrip() for currency, amount in value.items())
    if name in _SHARES:
        return f"{value:.1%}"
    if name.startswith("seconds_"):
        return str(timedelta(seconds=round(value)))
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,d}" if name in _COUNTS else str(value)
    return str(value)


_COUNTS = frozenset({"clicks", "could", "conversions", "subscribers", "retained", "times", "postbacks", "before_click"})
