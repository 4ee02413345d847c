"""The day in a click ID: tables are sorted and partitioned by it. Pure."""

from datetime import date
from functools import lru_cache

from schemas import ids

_DAY_MS = 86_400_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MAX_DAY = 65_535  # what a Date can hold


def id_day(click_id: str) -> str:
    """The day in a click ID (UTC), as YYYY-MM-DD; 1970-01-01 where the ID is not of ours and says none."""
    try:
        day = ids.clicked_at_of(click_id) // _DAY_MS
    except ValueError:
        day = 0
    return _iso_day(day if day <= _MAX_DAY else 0)


@lru_cache(maxsize=1024)
def _iso_day(day: int) -> str:
    return date.fromordinal(_EPOCH_DAY + day).isoformat()
