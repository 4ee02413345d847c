"""Times in the words that people use: `7d`, `yesterday`, `2026-11-01`. Pure.

Each word is a span of time: `--from` takes its beginning and `--to` its end, so `--to yesterday` has all of yesterday.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

WORDS = "now, today, yesterday, week, month, 24h, 7d, 4w, 2026-11, 2026-11-01, 2026-11-01T12:30"
"""What can be written, for an error."""

Span = tuple[datetime, datetime]
_AGO = re.compile(r"(\d{1,5})([hdw])", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAYS = {"d": 1, "w": 7}


def beginning(text: str, now: datetime) -> int:
    """The milliseconds at which the span begins. `now` knows the time zone. Raises ValueError."""
    return _milliseconds(_span(text, now)[0])


def end(text: str, now: datetime) -> int:
    """The milliseconds at which the span is over. Raises ValueError."""
    return _milliseconds(_span(text, now)[1])


def _span(text: str, now: datetime) -> Span:
    word = text.strip().lower()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    named: dict[str, Callable[[], Span]] = {
        "now": lambda: (now, now),
        "today": lambda: _whole_day(today),
        "yesterday": lambda: _whole_day(_later(today, -1)),
        "week": lambda: (_later(today, -today.weekday()), _later(today, 7 - today.weekday())),
        "month": lambda: _whole_month(today),
    }
    try:
        if word in named:
            return named[word]()
        if ago := _AGO.fullmatch(word):
            return _ago(int(ago[1]), ago[2], now, today)
        return _written(text.strip(), now.tzinfo)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time: write one like {WORDS}") from None


def _ago(count: int, unit: str, now: datetime, today: datetime) -> Span:
    """So many hours ago is a moment; so many days ago is a day."""
    if unit == "h":
        moment = datetime.fromtimestamp(now.timestamp() - count * 3600, now.tzinfo)
        return moment, moment
    return _whole_day(_later(today, -count * _DAYS[unit]))


def _written(text: str, zone: tzinfo | None) -> Span:
    if _MONTH.fullmatch(text):
        return _whole_month(datetime.fromisoformat(f"{text}-01").replace(tzinfo=zone))
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return _whole_day(moment) if _DAY.fullmatch(text) else (moment, moment)


def _whole_day(day: datetime) -> Span:
    return day, _later(day, 1)


def _whole_month(day: datetime) -> Span:
    first = day.replace(day=1)
    return first, _later(first, 32).replace(day=1)


def _later(day: datetime, days: int) -> datetime:
    """The same time of another day: by the calendar, which is not 24 hours where the clock is changed."""
    return day + timedelta(days=days)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
