"""The statements: one SQL file each."""

import re
from functools import cache
from importlib.resources import files
from textwrap import indent

_SHARED = re.compile(r"^( *)\$\{(CLICK_COSTS|CLICK_CELLS|RATES)\}$", re.MULTILINE)


@cache
def statement(name: str) -> str:
    """The text of `queries/NAME.sql`."""
    return _text("queries", name)


@cache
def report_statement(name: str, *, by_day: bool = False) -> str:
    """The text of `reports/NAME.sql`, which still has to be told its dimensions (sql.reports.question).

    What several reports share stands in a file of its own, and in their text as ${CLICK_COSTS} alone on its line.
    by_day: it takes from `click_days` what that still knows of clicks.
    """
    return _with_shared(_text("reports", name), by_day)


def _with_shared(text: str, by_day: bool) -> str:
    def shared(found: re.Match[str]) -> str:
        rolled = by_day and found[2] == "CLICK_CELLS"
        inner = _with_shared(_text("reports", found[2].lower() + "_by_day" * rolled).rstrip(), by_day and not rolled)
        return indent(inner, found[1])

    return _SHARED.sub(shared, text)


def _text(folder: str, name: str) -> str:
    return (files("sql") / folder / f"{name}.sql").read_text(encoding="utf-8")
