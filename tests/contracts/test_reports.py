"""The reports: their numbers equal what one counts by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from dashboard.overview import rows_of
from sql.connect import connect
from sql.reports.ask import ask, shown, stream
from sql.reports.catalogue import OVERVIEW, REPORTS, report_named
from sql.reports.dimensions import DIMENSIONS
from sql.reports.question import Question, filterable
from sql.trace import clicks_of, trace
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import NOW, click, delivery, dsn_of, on_topic, outcome, write

EVENTS = ("install", "trial", "subscribe")


@pytest.fixture(scope="module")
def told(clickhouse: ClickHouse) -> Iterator[Client]:
    """Ten clicks of two campaigns: six installs, one of them rejected; a trial; a subscription, renewed, refunded."""
    dsn = dsn_of(clickhouse, f"told_{os.getpid()}")
    tell(dsn)
    client = connect(dsn)
    yield client
    client.command(f"DROP DATABASE told_{os.getpid()}")
    client.close()


def tell(dsn: str) -> None:
    clicks = [click(n, campaign="a" if n < 6 else "b", cost=Decimal("0.05"), currency="USD") for n in range(10)]
    tested = click(10, campaign="a", is_test=True)
    outcomes = [outcome(of, at=at) for at, of in enumerate(clicks[:5])]
    outcomes += [outcome(clicks[5], at=10, status="rejected"), outcome(clicks[0], "trial", at=11, payout=None)]
    outcomes += [
        outcome(clicks[7], event, at=20 + at, payout=Decimal(amount), is_refund=amount.startswith("-"))
        for at, (event, amount) in enumerate([("subscribe", "9.99"), ("renewal", "9.99"), ("refund", "-9.99")])
    ]
    outcomes.append(outcome(tested, at=30))
    steps = [delivery(clicks[0], 1, "delivered", code=200), delivery(clicks[0], 0, "scheduled")]
    steps += [delivery(clicks[1], 0, "held"), delivery(clicks[1], 0, "scheduled", at=NOW + 2000)]
    steps.append(delivery(clicks[1], 1, "delivered", at=NOW + 3000, code=200))
    write(dsn, "events", on_topic("events", [*clicks, tested, *clicks]))
    write(dsn, "outcomes", on_topic("outcomes", outcomes), on_topic("outcomes", outcomes[::2], first=50))
    write(dsn, "deliveries", on_topic("deliveries", steps))


def asked(told: Client, name: str, **choices: Any) -> list[dict[str, Any]]:
    """The rows of a report about these events."""
    return ask(told, Question(REPORTS[name], **{"events": EVENTS, **choices})).named()


def reached(rows: list[dict[str, Any]]) -> list[int]:
    return [row["clicks"] for row in rows]


def test_a_step_counts_each_click_once_without_rejected_ones_refunds_and_tests(told: Client) -> None:
    rows = asked(told, "funnel", events=[*EVENTS, "refund"])
    assert [(row["event"], row["clicks"], row["conversions"], row["money"]) for row in rows] == [
        ("click", 10, 10, {"USD": Decimal("0.50")}),
        ("install", 5, 5, {"USD": Decimal("6.00")}),
        ("trial", 1, 1, {}),
        ("subscribe", 1, 1, {"USD": Decimal("9.99")}),
        ("refund", 0, 0, {"USD": Decimal("-9.99")}),
    ]
    assert [(row["rate"], row["step_rate"]) for row in rows[1:]] == [(0.5, 0.5), (0.1, 0.2), (0.1, 1.0), (0.0, 0.0)]


def test_in_strict_order_a_step_counts_only_after_the_one_before(told: Client) -> None:
    # All conversions are at the moment of the first click: those of later clicks are before them.
    assert reached(asked(told, "funnel", strict=True)) == [10, 1, 1, 0]


def test_the_funnel_is_grouped_by_dimensions_most_clicks_first(told: Client) -> None:
    rows = asked(told, "funnel", group_by=("campaign", "day"))
    assert [(row["campaign"], str(row["day"]), row["clicks"]) for row in rows] == [
        *(("a", "2026-09-21", clicks) for clicks in (6, 5, 1, 0)),
        *(("b", "2026-09-21", clicks) for clicks in (4, 0, 0, 1)),
    ]


def test_a_wanted_status_decides_what_counts(told: Client) -> None:
    assert reached(asked(told, "funnel", statuses=("rejected",))) == [10, 1, 0, 0]


def test_tests_are_counted_where_they_are_asked_for(told: Client) -> None:
    assert reached(asked(told, "funnel", tests=True))[:2] == [11, 6]


def test_a_time_holds_its_beginning_and_not_its_end(told: Client) -> None:
    rows = asked(told, "funnel", since=NOW + 2 * 60_000, until=NOW + 5 * 60_000)
    assert reached(rows)[:2] == [3, 3]


def test_a_day_is_that_of_the_time_zone(told: Client) -> None:
    zones = ("UTC", "Pacific/Kiritimati", "Pacific/Marquesas")
    days = {zone: str(asked(told, "funnel", group_by=("day",), zone=zone)[0]["day"]) for zone in zones}
    assert days == {"UTC": "2026-09-21", "Pacific/Kiritimati": "2026-09-22", "Pacific/Marquesas": "2026-09-21"}


def test_an_hour_is_told_in_the_time_zone(told: Client) -> None:
    hours = {str(row["hour"]) for row in asked(told, "funnel", group_by=("hour",), zone="Asia/Kolkata")}
    assert hours == {"2026-09-21 19:00:00+05:30"}
    assert hours == {str(row["hour"]) for row in asked(told, "revenue", group_by=("hour",), zone="Asia/Kolkata")}


def test_a_funnel_of_nothing_has_every_step_without_rates(told: Client) -> None:
    nothing = asked(told, "funnel", until=1)
    assert [(row["clicks"], row["rate"]) for row in nothing] == [(0, None)] * 4
    assert asked(told, "funnel", group_by=("source",), until=1) == []


def test_amounts_of_two_currencies_are_never_added_up(told: Client) -> None:
    (dollars,) = asked(told, "revenue", events=())
    assert (dollars["currency"], dollars["clicks"], dollars["conversions"]) == ("USD", 10, 8)
    assert (dollars["cost"], dollars["payout"], dollars["rejected"]) == tuple(map(Decimal, ("0.50", "15.99", "1.20")))
    assert (dollars["profit"], dollars["roi"], dollars["epc"]) == tuple(map(Decimal, ("15.49", "30.98", "1.599")))


def test_a_question_about_something_that_does_not_exist_lists_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"no report 'fnnel': there are funnel, time, .*quality"):
        report_named("fnnel")
    with pytest.raises(ValueError, match=r"no dimension 'colour': there are campaign, source, .*hour_of_day"):
        Question(REPORTS["funnel"], events=EVENTS, group_by=("colour",))
    with pytest.raises(ValueError, match=r"no status 'good': there are pending, approved, rejected"):
        Question(REPORTS["revenue"], statuses=("good",))
    with pytest.raises(ValueError, match="latency cannot be filtered by 'campaign': there are source"):
        Question(REPORTS["latency"], filters=(("campaign", "spring"),))
    with pytest.raises(ValueError, match="quality is dated neither by click nor by conversion"):
        Question(REPORTS["quality"], by="click")


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_no_value_ever_stands_in_a_statement(dimension: str) -> None:
    values: dict[str, Any] = {"events": ("'; DROP TABLE clicks; --",), "zone": "no'where", "group_by": (dimension,)}
    for report in REPORTS.values():
        if dimension in report.dimensions:
            if dimension in filterable(report):
                values["filters"] = ((dimension, "'; DROP TABLE clicks; --"),)
            settings, text = shown(Question(report, **values)).split("\n--", 1)
            assert "DROP" not in text
            assert "no'where" not in text
            assert r"\'; DROP" in settings


def test_the_pages_of_a_funnel_are_its_groups_in_their_order_and_say_how_many_and_what_all_come_to(
    told: Client,
) -> None:
    question = Question(REPORTS["funnel"], events=EVENTS, group_by=("campaign", "sub1"), tests=True)
    groups, whole = ask(told, question).named(), ask(told, replace(question, group_by=())).named()
    pages = [ask(told, replace(question, most=1, skip=skip)).named() for skip in range(3)]
    assert {row["among"] for page in pages for row in page if not row["whole"]} == {2}
    shown = [[row for row in page if not row["whole"]] for page in pages]
    assert shown[2] == []
    assert [_without(row, "whole", "among") for page in shown for row in page] == groups
    for page in pages:
        of_all = [_without(row, "whole", "among", *question.group_by) for row in page if row["whole"]]
        assert of_all == whole


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def test_what_was_before_a_moment_is_told_apart_from_the_rest(told: Client) -> None:
    for name in ("funnel", "revenue"):
        question = Question(REPORTS[name], events=EVENTS)
        for split, earlier in ((NOW - 1, False), (NOW + 10**8, True)):
            rows = ask(told, replace(question, split=split)).named()
            assert {row.pop("earlier") for row in rows} == {earlier}
            assert rows == ask(told, question).named()


def test_the_first_page_reads_at_once_what_funnel_and_revenue_say(told: Client) -> None:
    of: dict[str, Any] = {"events": EVENTS, "group_by": ("hour",), "by": "conversion", "decimals": 8, "split": NOW + 1}
    found = ask(told, Question(OVERVIEW, **of)).named()
    funnel, revenue = rows_of(found, EVENTS)
    for rows, name in ((funnel, "funnel"), (revenue, "revenue")):
        reported = ask(told, Question(REPORTS[name], **of)).named()
        assert len(rows) == len(reported) > 1
        if name == "funnel":  # without the distinct clicks of a step
            of_click = [row | {"clicks": row["clicks"] if row["step"] == 0 else row["conversions"]} for row in reported]
            reported = of_click
            rows = [row | {"event": row["event"] or "click"} for row in rows]
        expected = [{word: row[word] for word in rows[0]} for row in reported]
        assert sorted(rows, key=str) == sorted(expected, key=str)


def test_what_was_held_before_a_time_began_then_and_not_when_it_was_let_go(told: Client) -> None:
    for since, many in ((NOW, 2), (NOW + 1500, 0)):
        found = [row for row in asked(told, "latency", since=since, until=NOW + 10_000) if row["stage"] == "told"]
        assert [(row["times"], row["ms_p50"], row["ms_max"]) for row in found] == [(many, 3000, 3000)][:many]


def test_an_answer_is_had_in_a_form_of_clickhouse(told: Client) -> None:
    question = Question(REPORTS["funnel"], events=EVENTS)
    lines = b"".join(stream(told, question, "CSVWithNames")).decode().splitlines()
    assert lines[:3] == [
        '"step","event","clicks","conversions","rate","step_rate","money"',
        '0,"click",10,10,1,,"{\'USD\':0.5}"',
        '1,"install",5,5,0.5,0.5,"{\'USD\':6}"',
    ]


def test_a_trace_tells_the_life_of_a_click_in_the_order_of_time(told: Client) -> None:
    of = click(0)
    life = trace(told, of.click_id)
    assert life.found
    assert life.click is not None
    assert (life.click["campaign"], life.click["clicked_at"]) == ("a", datetime.fromtimestamp(NOW / 1000, UTC))
    assert [row["event"] for row in life.postbacks] == ["install", "trial"]
    assert {row["event"] for row in life.conversions} == {"install", "trial"}
    assert [row["state"] for row in life.deliveries] == ["scheduled", "delivered"]


def test_any_id_leads_to_the_click_it_is_of(told: Client) -> None:
    of = click(0)
    life = trace(told, of.click_id)
    postback, conversion, delivery = life.postbacks[0], life.conversions[0], life.deliveries[0]
    for id_ in (postback["postback_id"], conversion["conversion_id"], delivery["delivery_id"], of.click_id):
        assert clicks_of(told, id_, 5) == [of.click_id]
    assert clicks_of(told, "nobody's", 5) == []


def test_a_click_that_nobody_knows_has_no_life(told: Client) -> None:
    assert not trace(told, "'; DROP TABLE clicks; --").found
