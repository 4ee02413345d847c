"""The statements: one SQL file each."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of `queries/NAME.sql`."""
    return _text("queries", name)


@cache
def report_statement(name: str) -> str:
    """The text of `reports/NAME.sql`, which still has to be told its dimensions (sql.reports.question)."""
    return _text("reports", name)


def _text(folder: str, name: str) -> str:
    return (files("sql") / folder / f"{name}.sql").read_text(encoding="utf-8")
