"""One entry of the catalogue, as the commands of its kind add, pause and remove it: `campaign …`, `partners …`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from clickjoin.cli.catalogue_options import name_of, tell, writer
from schemas.catalogue import NONE, Change, key_of


class Asked(NamedTuple):
    """What every such command is called with."""

    config: Path
    data: Path
    author: str
    note: str
    as_json: bool


def add(kind: str, name: str, entry: dict[str, Any], asked: Asked) -> None:
    """Put a new entry into the catalogue; one of that name must not be there."""
    _change(Change(kind, name, entry), {key_of(kind, name): NONE}, asked)


def remove(kind: str, name: str, asked: Asked) -> None:
    """Take an entry out, whoever changed it last."""
    _change(Change(kind, name), {}, asked)


def set_paused(kind: str, name: str, paused: bool, asked: Asked, absent: Callable[[bool], None]) -> None:
    """Pause an entry, or end its pause. `absent` is asked where it is not there: whether it stands in the file."""
    set_key(kind, name, "paused", True if paused else None, asked, absent)


def set_key(kind: str, name: str, key: str, value: Any, asked: Asked, absent: Callable[[bool], None]) -> None:
    """Set a key of an entry; None takes it out."""
    with writer(asked.config, asked.data) as catalogue:
        held = catalogue.read().named(kind).get(name)
        if held is None:
            absent(name in catalogue.file().get(kind, {}))
        rest = {word: each for word, each in held.entry.items() if word != key} if held else {}
        change = Change(kind, name, rest if value is None else {**rest, key: value})
        expected = {change.key: held.version} if held else {}
        tell(catalogue.change(name_of(asked.author), [change], expected, asked.note), as_json=asked.as_json)


def _change(change: Change, expected: dict[str, int], asked: Asked) -> None:
    with writer(asked.config, asked.data) as catalogue:
        tell(catalogue.change(name_of(asked.author), [change], expected, asked.note), as_json=asked.as_json)
