"""Moments as networks write them. Pure."""

import re
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache

from schemas.values import END_MS

_NUMBER = re.compile(r"\d{1,16}(?:\.\d{1,9})?", re.ASCII)
_SECONDS_END = 100_000_000_000  # as seconds the year 5138, as milliseconds 1973

WANTED = "write a moment as seconds or milliseconds since 1970, or as ISO 8601 like 2026-11-21T10:00:00Z"


@lru_cache(maxsize=4096)
def parse_moment(text: str, zone: tzinfo = UTC) -> int:
    """Milliseconds since 1970 of seconds, milliseconds or ISO 8601 (in `zone` if it names none). Raises ValueError."""
    text = text.strip()
    at_ms = _of_number(text) if _NUMBER.fullmatch(text) else _of_iso(text, zone)
    if not 0 < at_ms < END_MS:
        raise ValueError(f"{WANTED}, between 1970 and 2100")
    return at_ms


def _of_number(text: str) -> int:
    number = int(text) if text.isdecimal() else Decimal(text)
    return int(number * 1000) if number < _SECONDS_END else int(number)


def _of_iso(text: str, zone: tzinfo) -> int:
    try:
        # A "+" of a zone that nobody encoded arrives as a space.
        at = datetime.fromisoformat(
            re.sub(r" (\d\d:?\d\d)$", r"+\1", text) if text.count(" ") + ("T" in text) > 1 else text
        )
    except ValueError:
        raise ValueError(WANTED) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone)
    try:
        return int(at.timestamp() * 1000)
    except (OverflowError, OSError):
        raise ValueError(WANTED) from None
