"""What may not stand in the catalogue, though a file may hold it: secrets, and variables of our servers. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from schemas.catalogue import KINDS, Change, hidden_by
from schemas.settings.errors import Path, Problem, path_text, value_text
from schemas.settings.masks import HIDDEN, is_secret_place
from schemas.settings.secrets import is_hash

_OF_ENTRY = 3  # steps to a key of an entry
_OWN = ("kafka", "clickhouse", "ingest", "dashboard")
_VARIABLE = re.compile(r"(?<![A-Za-z0-9_])env:([A-Za-z_][A-Za-z0-9_]*)")


def catalogue_problems(tree: Mapping[str, Any], changes: Iterable[Change]) -> list[Problem]:
    """All that is wrong with changes before the whole is looked at. tree: the file."""
    return [problem for change in changes for problem in _of(dict(tree), change)]


def _of(tree: dict[str, Any], change: Change) -> Iterator[Problem]:
    place, entry = path_text((change.kind, change.name)), cast(object, change.entry)  # what was sent may be anything
    if change.kind not in KINDS:
        yield Problem(place, "", f"cannot stand in the catalogue: there are {', '.join(KINDS)}")
    elif hidden_by(tree, [change.key]):
        yield Problem(place, "", "stands in the file, which is not changed from here: change it there")
    elif isinstance(entry, dict):
        yield from _secrets(entry, (change.kind, change.name), variables_of(tree))
    elif entry is not None:
        yield Problem(place, value_text(entry), "write a table here")


def variables_of(tree: Mapping[str, Any]) -> frozenset[str]:
    """The environment variables that hold the secrets of the pipeline's own servers."""
    return frozenset(name for section in _OWN for text in _texts(tree.get(section)) for name in _VARIABLE.findall(text))


def _secrets(node: Any, place: Path, own: frozenset[str]) -> Iterator[Problem]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _secrets(value, (*place, key), own)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _secrets(value, (*place, index), own)
    elif isinstance(node, str):
        is_password = len(place) == _OF_ENTRY and (place[0], place[-1]) == ("partners", "password")
        if is_password and not is_hash(node):
            message = "write the hash of a password, as `clickjoin partners password NAME` makes it"
            yield Problem(path_text(place), HIDDEN, message)
        elif is_secret_place(place) and not is_password and not node.startswith("env:"):
            message = 'the catalogue holds no secrets: write "env:NAME", the name of an environment variable'
            yield Problem(path_text(place), HIDDEN, message)
        elif node.startswith("env:") and node.removeprefix("env:") in own:
            yield Problem(path_text(place), node, "this variable is a secret of the pipeline's own: take another")


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
