"""The catalogue: networks, sources, offers, campaigns and more that no file holds, as a fold over its topic. Pure.

The topic holds revisions, one after the other, for ever. Each names the version of the whole that it was made on, and
counts only there: of two who change it at once, the later one in the log changed nothing, and knows.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from schemas.record import Record
from schemas.settings.errors import path_text, value_text
from schemas.values import Millis, Text

KINDS = ("networks", "sources", "offers", "landers", "campaigns", "partners")
"""The sections of the configuration that may stand in the catalogue."""
NONE = -1
"""The version of what there is not."""

Tree = dict[str, Any]


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What becomes of one entry."""

    kind: str
    name: str
    entry: Tree | None = None  # as the file would have it; None: it is removed

    @property
    def key(self) -> str:
        """`campaigns/spring`."""
        return key_of(self.kind, self.name)


class Revision(Record, frozen=True):
    """What somebody changed at once. Its version is its offset."""

    base: int  # the version of the whole that it was made on, and that alone it counts on
    at: Millis
    author: Text
    changes: tuple[Change, ...]
    note: Text = ""


class Held(msgspec.Struct, frozen=True):
    """An entry as it stands."""

    entry: Tree
    version: int  # of the revision that made it so
    author: str
    at: Millis


class Catalogue(msgspec.Struct, frozen=True):
    """All entries, by `kind/name`."""

    version: int = NONE
    entries: Mapping[str, Held] = {}

    def version_of(self, key: str) -> int:
        """The version of an entry; NONE where there is none of that name."""
        return self.entries[key].version if key in self.entries else NONE

    def named(self, kind: str) -> dict[str, Held]:
        """The entries of a kind by their names, in order."""
        found = {key.partition("/")[2]: held for key, held in self.entries.items() if key.startswith(f"{kind}/")}
        return dict(sorted(found.items()))

    @property
    def tree(self) -> Tree:
        """As a file would have it."""
        found = {kind: {name: held.entry for name, held in self.named(kind).items()} for kind in KINDS}
        return {kind: entries for kind, entries in found.items() if entries}


EMPTY = Catalogue()


class ChangedMeanwhileError(Exception):
    """Somebody else changed an entry since it was read. The text says what is the case; `version`: NONE, it is gone."""

    def __init__(self, key: str, version: int, expected: int) -> None:
        self.key, self.version = key, version
        now = "it is not in the catalogue" if version == NONE else f"it has version {version}"
        was = f"{key} was expected to have version {expected}: {now}"
        super().__init__(f"{key} is in the catalogue already, with version {version}" if expected == NONE else was)


class Past(msgspec.Struct, frozen=True):
    """A revision, and how each entry stood before it."""

    version: int
    revision: Revision
    before: Mapping[str, Tree | None]


def key_of(kind: str, name: str) -> str:
    """`campaigns/spring`."""
    return f"{kind}/{name}"


def fold(catalogue: Catalogue, version: int, revision: Revision) -> Catalogue:
    """The catalogue after a revision; the very same where the revision was made on another one, and changes nothing."""
    if revision.base != catalogue.version:
        return catalogue
    entries = dict(catalogue.entries)
    for change in revision.changes:
        if change.entry is None:
            entries.pop(change.key, None)
        else:
            entries[change.key] = Held(change.entry, version, revision.author, revision.at)
    return Catalogue(version, entries)


def history(revisions: Iterable[tuple[int, Revision]]) -> list[Past]:
    """The revisions that counted, the first first."""
    catalogue, found = EMPTY, []
    for version, revision in revisions:
        after = fold(catalogue, version, revision)
        if after is not catalogue:
            before = {
                change.key: catalogue.entries[change.key].entry if change.key in catalogue.entries else None
                for change in revision.changes
            }
            found.append(Past(version, revision, before))
        catalogue = after
    return found


def taken_back(past: Past) -> tuple[Change, ...]:
    """The changes that make of each entry what it was before a revision."""
    return tuple(Change(change.kind, change.name, past.before[change.key]) for change in past.revision.changes)


def versions_after(past: Past) -> dict[str, int]:
    """Which version each entry has as long as nobody has changed it since a revision."""
    return {change.key: NONE if change.entry is None else past.version for change in past.revision.changes}


def needed(catalogue: Catalogue, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Those of the changes that change anything."""
    return tuple(
        change
        for change in changes
        if change.entry != (catalogue.entries[change.key].entry if change.key in catalogue.entries else None)
    )


def changes_of(tree: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes that a fragment of a file asks for: each of its entries. Other sections are not looked at."""
    return tuple(Change(kind, name, plain(entry)) for kind in KINDS for name, entry in dict(tree.get(kind, {})).items())


def plain(entry: Any) -> Any:
    """An entry as JSON holds it: TOML's own moments as text, which the settings read alike."""
    return msgspec.to_builtins(entry)


def merged(tree: Tree, catalogue: Catalogue) -> Tree:
    """The file with the catalogue: what the file holds stands."""
    found = dict(tree)
    for kind, entries in catalogue.tree.items():
        found[kind] = {**entries, **tree.get(kind, {})}
    return found


def hidden_by(tree: Tree, keys: Iterable[str]) -> list[str]:
    """Those of the entries that the file holds too."""
    return [key for key in keys if key.partition("/")[2] in tree.get(key.partition("/")[0], {})]


def differences(change: Change, before: Tree | None) -> list[str]:
    """What a change changed, a line each, as people read it: `campaigns/spring paused: false → true`."""
    if before is None or change.entry is None:
        return [f"{change.key} {'removed' if change.entry is None else 'made'}"]
    old, new = _leaves(before, ()), _leaves(change.entry, ())
    return [
        f"{change.key} {path_text(place)}: {_shown(old, place)} → {_shown(new, place)}"
        for place in sorted(old.keys() | new.keys())
        if old.get(place) != new.get(place)
    ]


def _leaves(node: Tree, place: tuple[str, ...]) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {}
    for key, value in node.items():
        if isinstance(value, dict) and value:
            found |= _leaves(value, (*place, key))
        else:
            found[(*place, key)] = value
    return found


def _shown(leaves: Mapping[tuple[str, ...], Any], place: tuple[str, ...]) -> str:
    return value_text(leaves[place]) if place in leaves else "–"
