"""The reports: their numbers equal what one counts by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from clickhouse_connect.driver.client import Client

from sql.connect import connect
from sql.reports import DIMENSIONS, FunnelRow, conversions_per_event, funnel, trace
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
    write(dsn, "events", on_topic("events", [*clicks, tested, *clicks]))
    write(dsn, "outcomes", on_topic("outcomes", outcomes), on_topic("outcomes", outcomes[::2], first=50))
    write(dsn, "deliveries", on_topic("deliveries", steps))


def steps(row: FunnelRow) -> list[tuple[str, int, int, dict[str, Decimal]]]:
    return [(step.event, step.clicks, step.conversions, dict(step.payout)) for step in row.steps]


def test_a_step_counts_each_click_once_without_rejected_ones_refunds_and_tests(told: Client) -> None:
    (whole,) = funnel(told, events=[*EVENTS, "refund"])
    assert (whole.clicks, dict(whole.cost)) == (10, {"USD": Decimal("0.50")})
    assert steps(whole) == [
        ("install", 5, 5, {"USD": Decimal("6.00")}),
        ("trial", 1, 1, {}),
        ("subscribe", 1, 1, {"USD": Decimal("9.99")}),
        ("refund", 0, 0, {"USD": Decimal("-9.99")}),
    ]
    assert [(step.rate, step.step_rate) for step in whole.steps] == [(0.5, 0.5), (0.1, 0.2), (0.1, 1.0), (0.0, 0.0)]


def test_the_funnel_is_grouped_by_a_dimension_of_the_click(told: Client) -> None:
    by_campaign = funnel(told, events=EVENTS, by="campaign")
    assert [(row.group, row.clicks, [step.clicks for step in row.steps]) for row in by_campaign] == [
        ("a", 6, [5, 1, 0]),
        ("b", 4, [0, 0, 1]),
    ]
    assert [row.group for row in funnel(told, events=EVENTS, by="day")] == ["2026-09-21"]


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_dimension_adds_up_to_the_whole(told: Client, dimension: str) -> None:
    (whole,) = funnel(told, events=EVENTS)
    groups = funnel(told, events=EVENTS, by=dimension)
    assert sum(row.clicks for row in groups) == whole.clicks
    for at, step in enumerate(whole.steps):
        assert sum(row.steps[at].conversions for row in groups) == step.conversions


def test_tests_are_counted_where_they_are_asked_for(told: Client) -> None:
    (whole,) = funnel(told, events=EVENTS, tests=True)
    assert (whole.clicks, whole.steps[0].clicks) == (11, 6)


def test_a_time_holds_its_beginning_and_not_its_end(told: Client) -> None:
    since, until = (datetime.fromtimestamp((NOW + minute * 60_000) / 1000, UTC) for minute in (2, 5))
    (part,) = funnel(told, events=EVENTS, since=since, until=until)
    assert (part.clicks, part.steps[0].clicks) == (3, 3)


def test_a_funnel_of_nothing_is_one_row_without_rates(told: Client) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    (nothing,) = funnel(told, events=EVENTS, until=long_ago)
    assert nothing.clicks == 0
    assert [(step.clicks, step.rate) for step in nothing.steps] == [(0, None)] * 3
    assert funnel(told, events=EVENTS, by="source", until=long_ago) == []


def test_an_unknown_dimension_is_an_error_that_lists_those_there_are(told: Client) -> None:
    with pytest.raises(ValueError, match=r"no dimension 'colour': there are campaign, source, .*sub10"):
        funnel(told, events=EVENTS, by="colour")


def test_conversions_per_event_counts_all_of_them_once(told: Client) -> None:
    assert conversions_per_event(told) == {
        "install": 7,
        "refund": 1,
        "renewal": 1,
        "subscribe": 1,
        "trial": 1,
    }


def test_a_trace_tells_the_life_of_a_click_in_the_order_of_time(told: Client) -> None:
    of = click(0)
    life = trace(told, of.click_id)
    assert life.found
    assert life.click is not None
    assert (life.click["campaign"], life.click["clicked_at"]) == ("a", datetime.fromtimestamp(NOW / 1000, UTC))
    assert [row["event"] for row in life.postbacks] == ["install", "trial"]
    assert {row["event"] for row in life.conversions} == {"install", "trial"}
    assert [row["state"] for row in life.deliveries] == ["scheduled", "delivered"]


def test_a_click_that_nobody_knows_has_no_life(told: Client) -> None:
    assert not trace(told, "'; DROP TABLE clicks; --").found
