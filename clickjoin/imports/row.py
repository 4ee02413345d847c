"""A row of a file, and why one cannot be used. Pure."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.parameters import Params


class BadRow(Exception):  # noqa: N818 - it is told, and the import goes on
    """A row that cannot be used: a closed word, and what would be right."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Row(NamedTuple):
    """One row: its line in the file, and what it says by lower-cased names; or what is wrong with it."""

    line: int
    params: Params
    problem: BadRow | None = None
    raw: str = ""  # what stands there, where it could not be read


class Bad(NamedTuple):
    """A row that could not be used, as the errors file tells of it."""

    line: int
    code: str
    detail: str
    said: Params | str  # what stands there, as it is called there


@dataclass(frozen=True)
class Columns:
    """How columns are called, and what every row says."""

    renamed: dict[str, str] = field(default_factory=dict)  # their name, lower-cased = our word
    said: dict[str, str] = field(default_factory=dict)  # our word = the value of every row that says nothing else

    def of(self, params: Params) -> Params:
        """A row in our words. A column that was mapped wins over one that is called so anyway."""
        if not self.renamed:
            return {**self.said, **params} if self.said else params
        found = {**self.said, **params}
        for theirs in self.renamed:
            found.pop(theirs, None)
        for theirs, ours in self.renamed.items():
            if theirs in params:
                found[ours] = params[theirs]
        return found


def columns(mapped: tuple[str, ...], said: tuple[str, ...], known: tuple[str, ...]) -> Columns:
    """Of `--map OURS=THEIRS` and `--set OURS=VALUE`. Raises ValueError for what is neither, or no word of ours."""
    renamed = {theirs.strip().lower(): ours for ours, theirs in (_pair("--map", text, known) for text in mapped)}
    return Columns(renamed, dict(_pair("--set", text, known) for text in said))


def _pair(option: str, text: str, known: tuple[str, ...]) -> tuple[str, str]:
    ours, is_there, theirs = text.partition("=")
    ours = ours.strip().lower()
    if not (ours and is_there and theirs.strip()):
        raise ValueError(f"{option} {text}: write OURS={'VALUE' if option == '--set' else 'THEIRS'}")
    if ours not in known:
        raise ValueError(f"{option} {text}: no word {ours!r}: there are {', '.join(known)}")
    return ours, theirs
