"""Hours of the week in which something holds: "09:00-18:00", "mon-fri 09:00-18:00", "sat,sun 22:00-06:00". Pure."""

import re
from typing import Any, NamedTuple

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 1440
WEEK_MINUTES = 7 * DAY_MINUTES

_DAY = "(?:" + "|".join(DAYS) + ")"
_HOURS = re.compile(
    rf"(?:(?P<days>{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*)\s+)?"
    r"(?P<from>(?:[01]\d|2[0-3]):[0-5]\d)\s*-\s*(?P<to>(?:[01]\d|2[0-3]):[0-5]\d|24:00)",
    re.ASCII,
)


class Hours(NamedTuple):
    """As it was written, and the minutes of the week, Monday first: from the first to before the second."""

    text: str
    spans: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        return self.text


def parse_hours(text: Any) -> Hours:
    """The Hours in a text; without days it holds on every day. Raises ValueError."""
    if isinstance(text, Hours):
        return text
    match = _HOURS.fullmatch(text.strip().lower()) if isinstance(text, str) else None
    if not match or match["from"] == match["to"]:
        raise ValueError(f'{text!r} are no hours: write "09:00-18:00" or "mon-fri 22:00-06:00"')
    begin, end = _minutes(match["from"]), _minutes(match["to"])
    end += DAY_MINUTES if end < begin else 0
    spans: list[tuple[int, int]] = []
    for day in _days(match["days"] or "mon-sun"):
        first, last = day * DAY_MINUTES + begin, day * DAY_MINUTES + end
        spans.append((first, min(last, WEEK_MINUTES)))
        if last > WEEK_MINUTES:  # Sunday's night belongs to Monday
            spans.append((0, last - WEEK_MINUTES))
    return Hours(text.strip(), tuple(sorted(spans)))


def _days(text: str) -> list[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found |= {day % len(DAYS) for day in range(begin, end + 1 + (len(DAYS) if end < begin else 0))}
    return sorted(found)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
