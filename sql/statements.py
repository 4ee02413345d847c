"""The statements: one SQL file each."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from textwrap import indent

_WORDS = "CLICK_COSTS|CLICK_CELLS|OWN_CELLS|READ_DAYS|REACHED|RATES|STRICT"
_PART = re.compile(rf"^( *)\$\{{({_WORDS})\}}\n", re.MULTILINE)


@cache
def statement(name: str) -> str:
    """The text of `queries/NAME.sql`."""
    return _text("queries", name)


def report_statement(name: str, parts: Mapping[str, str]) -> str:
    """The text of `reports/NAME.sql`, which still has to be told its dimensions (sql.reports.question).

    What several reports share, or not every question needs, stands in a file of its own, and in their text as
    ${CLICK_COSTS} alone on its line. parts: by such a word the name of the file that counts, empty where none does.
    """
    return _composed(name, tuple(parts.items()))


def has_part(name: str, word: str) -> bool:
    """Whether `reports/NAME.sql` has that word, or a part of it does."""
    words = {found[2] for found in _PART.finditer(_text("reports", name))}
    return word in words or any(has_part(each.lower(), word) for each in words)


@cache
def _composed(name: str, parts: tuple[tuple[str, str], ...]) -> str:
    chosen = dict(parts)

    def part(found: re.Match[str]) -> str:
        word = found[2]
        file = chosen.get(word, word.lower())
        inner = _composed(file, tuple(one for one in parts if one[1] != file)) if file else ""
        return indent(inner, found[1])

    return _PART.sub(part, _text("reports", name))


def _text(folder: str, name: str) -> str:
    return (files("sql") / folder / f"{name}.sql").read_text(encoding="utf-8")
