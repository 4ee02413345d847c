"""The statements: one SQL file each."""

import re
from functools import cache
from importlib.resources import files
from textwrap import indent

_SHARED = re.compile(r"^( *)\$\{(CLICK_COSTS|RATES)\}$", re.MULTILINE)


@cache
def statement(name: str) -> str:
    """The text of `queries/NAME.sql`."""
    return _text("queries", name)


@cache
def report_statement(name: str) -> str:
    """The text of `reports/NAME.sql`, which still has to be told its dimensions (sql.reports.question).

    What several reports share stands in a file of its own, and in their text as ${CLICK_COSTS} alone on its line.
    """

    def shared(found: re.Match[str]) -> str:
        return indent(_text("reports", found[2].lower()).rstrip(), found[1])

    return _SHARED.sub(shared, _text("reports", name))


def _text(folder: str, name: str) -> str:
    return (files("sql") / folder / f"{name}.sql").read_text(encoding="utf-8")
