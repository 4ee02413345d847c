"""What an answer says. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from schemas.settings.postbacks import Success, Told

NOT_JSON = object()
_MISSING = object()
_SHOWN_CHARS = 40
_KEPT_CHARS = 200


def beginning(body: bytes, hide: Callable[[str], str]) -> str:
    """The first words of an answer on one line, as `deliveries` keeps them. `hide` takes our secrets out."""
    return " ".join(hide(body.decode(errors="replace")).split())[:_KEPT_CHARS] if body else ""


def read_json(body: bytes) -> Any:
    """The document in an answer; NOT_JSON where it is none, or was cut off."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return NOT_JSON


def why_again(document: Any, success: Success) -> str:
    """Why it is to be tried again, by what the answer says; empty: it does not say so."""
    for place, told in success.json_again.items():
        found = _at(document, place)
        if _is_told(found, told):
            return f"refused_for_now: {place} is {_shown(found)}"
    return ""


def why_refused(document: Any, success: Success) -> str:
    """Why it was refused, by what the answer says; empty: it does not say so."""
    for place in success.json_lacks:
        if _at(document, place) not in (_MISSING, None, "", [], {}):
            return f"refused: the answer holds {place}"
    for place, told in success.json_is.items():
        found = _at(document, place)
        if not _is_told(found, told):
            return f"refused: {place} is {_shown(found)}"
    return ""


def _at(document: Any, place: str) -> Any:
    """What stands at a place: keys of tables and numbers of array elements, with dots between."""
    found = document
    for step in place.split("."):
        if isinstance(found, Mapping):
            found = found.get(step, _MISSING)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return _MISSING
    return found


def _is_told(found: Any, told: Told) -> bool:
    values = told if isinstance(told, tuple) else (told,)
    return any(type(found) is type(value) and found == value for value in values)


def _shown(found: Any) -> str:
    """Numbers and short words: a text may hold anything, even what we sent."""
    if found is _MISSING:
        return "not there"
    if isinstance(found, str):
        is_word = len(found) <= _SHOWN_CHARS and found.replace("_", "").isalnum()
        return found if is_word else "a text"
    return str(found) if found is None or isinstance(found, (bool, int, float)) else "no plain value"
