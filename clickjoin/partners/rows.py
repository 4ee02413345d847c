"""A partner as a row of a file, or as it is typed, into an entry of the configuration. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.settings.partners import ANY_EVENT

_SHARE = "share_"
_TEXTS, _LISTS = ("label", "hold", "tracker", "tracker_url"), ("campaigns", "promotes", "accept")
COLUMNS = ("name", *_TEXTS, "paused", *_LISTS, "share", f"{_SHARE}EVENT")
"""What a row may say; `share` is for every event without one of its own. Lists are separated by spaces."""
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


def entry_of(row: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """A partner's name and what is said of them. Raises ValueError for a row that cannot be read."""
    said = {column: value.strip() for column, value in row.items()}
    name = said.pop("name", "")
    if not name:
        raise ValueError("name: is required")
    entry: dict[str, Any] = {}
    shares: dict[str, Any] = {}
    for column, value in said.items():
        if column == "share" or column.startswith(_SHARE):
            shares |= {column.removeprefix(_SHARE) if column != "share" else ANY_EVENT: value} if value else {}
        elif column in _TEXTS:
            entry |= {column: value} if value else {}
        elif column in _LISTS:
            entry |= {column: value.split()} if value else {}
        elif column == "paused":
            entry |= {"paused": True} if _is_true(value) else {}
        else:
            raise ValueError(f"no column {column!r}: there are {', '.join(COLUMNS)}")
    return name, entry | ({"shares": shares} if shares else {})


def shares_of(typed: Iterable[str]) -> dict[str, str]:
    """Of `install=70%` and `50%`. Raises ValueError."""
    found: dict[str, str] = {}
    for text in typed:
        event, equals, share = text.partition("=")
        event, share = (event.strip(), share.strip()) if equals else (ANY_EVENT, text.strip())
        if not share or not event:
            raise ValueError(f'--share {text}: write EVENT=SHARE, like install=70% or "install=1.50 USD"')
        found[event] = share
    return found


def _is_true(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise ValueError(f"paused: {text!r}: write true or false")
    return _WORDS[text.lower()]
