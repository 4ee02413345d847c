"""Black and white lists: the values to cut or to keep, in the forms that sources take. Pure."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

VERDICTS = {"black": "cut", "white": "keep"}
"""Which verdict stands on which list."""


class Listed(NamedTuple):
    """The list as text, and the values that its form cannot hold."""

    text: str
    left_out: tuple[str, ...]


class _Form(NamedTuple):
    breaks: tuple[str, ...]  # what would end a value
    write: Callable[[Sequence[str]], str]


_FORMS = {
    "lines": _Form(("\n", "\r"), "\n".join),
    "comma": _Form(("\n", "\r", ","), ",".join),
    "json": _Form((), lambda values: json.dumps(list(values), ensure_ascii=False)),
}
FORMS = tuple(_FORMS)


def values_of(rows: Iterable[Mapping[str, Any]], dimension: str, which: str) -> list[str]:
    """The values with the list's verdict, once each, in the order of the rows. What names nothing is on no list."""
    wanted = VERDICTS[which]
    return list(dict.fromkeys(str(row[dimension]) for row in rows if row["verdict"] == wanted and row[dimension]))


def written(values: Sequence[str], form: str) -> Listed:
    """The list. What its form cannot hold is left out."""
    breaks, write = _FORMS[form]
    kept = [value for value in values if not any(mark in value for mark in breaks)]
    return Listed(write(kept), tuple(value for value in values if value not in kept))
