"""From what is typed after `clickjoin report` to a question, and from its answer to what people read."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clickjoin.cli.report_options import Choices, question
from clickjoin.cli.report_table import bar, cells, print_report
from schemas.settings.file import Settings
from sql.reports.ask import Answer, shown, told_in_zone
from sql.reports.catalogue import REPORTS
from sql.reports.question import DAY_MS, Question
from sql.reports.rates import Factor, Into

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
SETTINGS = Settings.model_validate(
    {"events": {"install": {"step": 1}, "subscribe": {"step": 3, "repeat": "new"}, "trial": {"step": 2}}}
)


def asked(name: str, **typed: Any) -> Question:
    return question(name, Choices(**typed), SETTINGS, NOW)


def test_what_is_not_said_is_all_time_and_the_configured_steps() -> None:
    funnel = asked("funnel")
    assert (funnel.events, funnel.group_by, funnel.counted) == (
        ("install", "trial", "subscribe"),
        (),
        ("pending", "approved"),
    )
    assert (funnel.since, funnel.until > round(NOW.timestamp() * 1000)) == (0, True)


def test_cohorts_begin_with_the_last_event_that_repeats() -> None:
    assert asked("cohorts").events == ("subscribe",)
    assert asked("cohorts", event="trial,subscribe", period="7d").period_ms == 7 * DAY_MS


def test_money_is_told_in_the_currency_that_is_typed_else_in_the_configured_one() -> None:
    tree = {"reports": {"currency": "EUR"}, "rates": {"EUR": {"USD": {"2026-11-01": "1.25"}}}}
    settings = Settings.model_validate(tree)
    told = question("revenue", Choices(), settings, NOW).into
    assert told == Into("EUR", (Factor("USD", 20758, Decimal("0.8")),))
    told = question("revenue", Choices(currency="USD"), settings, NOW).into
    assert told == Into("USD", (Factor("EUR", 20758, Decimal("1.25")),))
    assert asked("revenue").into is None


def test_days_are_those_of_the_zone_and_the_last_one_is_whole() -> None:
    one = asked("revenue", since="yesterday", until="yesterday", zone="America/New_York")
    assert one.until - one.since == DAY_MS
    assert datetime.fromtimestamp(one.since / 1000, UTC) == datetime(2026, 11, 17, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("sales", {}, "no report 'sales': there are funnel, time, revenue"),
        ("sales", {}, "optimise, reconcile, settlement"),
        ("revenue", {"group_by": "day,colour"}, "revenue has no dimension 'colour': there are campaign"),
        ("revenue", {"group_by": "day,day"}, "one of them is there twice"),
        ("revenue", {"status": "good"}, "no status 'good': there are pending, approved, rejected"),
        ("revenue", {"event": "lead"}, "no event 'lead': there are install, trial, subscribe"),
        ("revenue", {"zone": "Europe/Belin"}, "no time zone 'Europe/Belin': did you mean Europe/Berlin"),
        ("revenue", {"zone": "../etc/passwd"}, "no time zone"),
        ("revenue", {"by": "day"}, "revenue is dated by click or conversion"),
        ("revenue", {"strict": True}, "only the funnel"),
        ("revenue", {"since": "today", "until": "yesterday"}, "--from today is not before --to yesterday"),
        ("cohorts", {"period": "0d"}, "--period 0d"),
        ("cohorts", {"period": "a month"}, "--period: 'a month' is no duration"),
        ("revenue", {"currency": "euro"}, '--currency euro: write the ISO 4217 code, like "USD"'),
        ("latency", {"by": "click"}, "latency is dated neither by click nor by conversion"),
        ("quality", {"status": "approved"}, "quality goes by no status"),
    ],
)
def test_a_word_that_nothing_is_known_of_is_told_with_those_there_are(
    name: str, typed: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        asked(name, **typed)
    assert told in str(raised.value)


def test_a_statement_is_shown_with_its_parameters_and_nothing_left_to_fill() -> None:
    for report in REPORTS.values():
        text = shown(Question(report, events=("a'b",), group_by=report.dimensions[:2]))
        assert "${" not in text
        assert " \n" not in text
        assert text.startswith("SET param_")
        # Whoever cuts it at the ends of lines, as simple clients do, gets each SET and then the statement as a whole.
        *settings, statement = text.split(";\n")
        assert all(one.startswith("SET param_") for one in settings)
        assert not statement.startswith("SET ")


def test_the_hour_that_comes_twice_where_clocks_are_set_back_is_two() -> None:
    first, second = (datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1))
    told = {told_in_zone(moment, ZoneInfo("Europe/Berlin")): moment for moment in (first, second)}
    assert [str(hour) for hour in told] == ["2026-10-25 02:00:00+02:00", "2026-10-25 02:00:00+01:00"]
    assert told == {first: first, second: second}


def test_a_bar_is_as_long_as_the_share() -> None:
    assert [bar(share, 4).rstrip() for share in (0, 0.5, 0.53, 1, 1.4)] == ["", "██", "██▏", "████", "████"]


def test_figures_are_written_as_people_read_them() -> None:
    columns = ("step", "clicks", "rate", "seconds_p50", "profit", "money")
    row = (1, 12345, 0.125, 93784.2, Decimal("-1234.50"), {"EUR": Decimal("1.00"), "USD": Decimal("2.50")})
    assert cells(columns, row, with_bars=False) == [
        *("1", "12,345", "12.5%", "1 day, 2:03:04", "-1,234.50"),
        "1.00 EUR, 2.50 USD",
    ]
    assert cells(("rate",), (None,), with_bars=True) == ["", " " * 20]


def test_a_report_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(REPORTS["revenue"], Answer((), ()))
    assert capsys.readouterr().out == "revenue: there is nothing in this time\n"
