"""The entries of file and catalogue, as a list shows them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from schemas.catalogue import Catalogue, Held
from schemas.settings.errors import Path
from schemas.settings.masks import shown

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "campaigns": ("source", "offers", "cost", "cpm"),
    "offers": ("network", "url"),
    "landers": ("url",),
    "networks": ("preset", "click_ids"),
    "sources": ("preset", "click_id_param"),
    "partners": ("label", "shares", "hold", "campaigns"),
}
"""The kinds in the order of the pages, and of each the keys that a list shows."""


class Listed(NamedTuple):
    """One entry."""

    name: str
    entry: Mapping[str, Any]
    held: Held | None  # None: the file holds it

    @property
    def is_paused(self) -> bool:
        """Of a campaign or a partner."""
        return self.entry.get("paused") is True

    def cells(self, kind: str) -> list[str]:
        """What stands in the columns."""
        return [_cell(self.entry.get(key)) for key in COLUMNS[kind]]


def listed(kind: str, file: Mapping[str, Any], catalogue: Catalogue, *, masks: bool) -> list[Listed]:
    """All entries of a kind by name; the file's without secrets, and with `masks` the catalogue's too."""
    found = [Listed(name, masked(kind, name, entry), None) for name, entry in file.get(kind, {}).items()]
    found += [
        Listed(name, masked(kind, name, held.entry) if masks else held.entry, held)
        for name, held in catalogue.named(kind).items()
        if name not in file.get(kind, {})
    ]
    return sorted(found, key=lambda one: one.name)


def masked(kind: str, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as anybody may see it."""
    clean = _masked((kind, name), dict(entry))
    return dict(clean)


def matching(entries: Sequence[Listed], text: str) -> list[Listed]:
    """Those in whose name or cells a text stands."""
    wanted = text.casefold()
    return [one for one in entries if wanted in f"{one.name} {one.entry}".casefold()] if wanted else list(entries)


def _masked(place: Path, node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _masked((*place, key), value) for key, value in node.items()}
    if isinstance(node, list):
        return [_masked((*place, index), value) for index, value in enumerate(node)]
    return shown(place, node)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_cell(one) for one in value)
    if isinstance(value, dict):
        return (
            str(value["offer"])
            if "offer" in value
            else ", ".join(f"{key} {_cell(each)}" for key, each in value.items())
        )
    return "" if value is None else str(value)
