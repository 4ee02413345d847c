from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from clickjoin.period import beginning, end

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)  # a Wednesday
BERLIN = ZoneInfo("Europe/Berlin")


def moments(text: str, now: datetime = NOW) -> tuple[str, str]:
    return tuple(
        datetime.fromtimestamp(edge(text, now) / 1000, UTC).strftime("%Y-%m-%d %H:%M") for edge in (beginning, end)
    )  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "first", "over"),
    [
        ("now", "2026-11-18 15:30", "2026-11-18 15:30"),
        ("today", "2026-11-18 00:00", "2026-11-19 00:00"),
        ("Yesterday", "2026-11-17 00:00", "2026-11-18 00:00"),
        ("week", "2026-11-16 00:00", "2026-11-23 00:00"),
        ("month", "2026-11-01 00:00", "2026-12-01 00:00"),
        ("7d", "2026-11-11 00:00", "2026-11-12 00:00"),
        ("2w", "2026-11-04 00:00", "2026-11-05 00:00"),
        ("36h", "2026-11-17 03:30", "2026-11-17 03:30"),
        ("2026-02", "2026-02-01 00:00", "2026-03-01 00:00"),
        ("2026-11-01", "2026-11-01 00:00", "2026-11-02 00:00"),
        ("2026-11-01T12:30", "2026-11-01 12:30", "2026-11-01 12:30"),
        ("2026-11-01T12:30+02:00", "2026-11-01 10:30", "2026-11-01 10:30"),
    ],
)
def test_a_word_is_a_span_with_a_beginning_and_an_end(text: str, first: str, over: str) -> None:
    assert moments(text) == (first, over)


def test_a_day_is_that_of_the_zone_also_where_the_clock_is_changed() -> None:
    sunday = datetime(2026, 10, 25, 20, tzinfo=BERLIN)
    assert moments("today", sunday) == ("2026-10-24 22:00", "2026-10-25 23:00")
    assert moments("24h", sunday) == ("2026-10-24 19:00", "2026-10-24 19:00")
    assert moments("2026-10-25", sunday) == ("2026-10-24 22:00", "2026-10-25 23:00")


@pytest.mark.parametrize("text", ["", "tomorrow-ish", "7", "d7", "2026-13", "2026-02-30", "999999w", "7٣d"])
def test_what_is_no_time_is_told_what_would_be_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time: write one like .*yesterday.*7d.*2026-11-01"):
        beginning(text, NOW)
