"""Today against yesterday, and what is called out as needing attention."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dashboard import attention
from dashboard.overview import Figures, by_hour, figures_of, tiles

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


def money(**amounts: str) -> dict[str, Decimal]:
    return {currency: Decimal(amount) for currency, amount in amounts.items()}


def test_a_figure_is_compared_with_the_one_of_yesterday_where_there_was_one() -> None:
    now, before = Figures(12, {"install": 3}, money(USD="2"), money(USD="5")), Figures(10, {}, {}, money(USD="4"))
    by_word = {tile.word: tile for tile in tiles(now, before)}
    assert (by_word["clicks"].now, by_word["clicks"].change) == ("12", 0.2)
    assert by_word["install"].change is None
    assert (by_word["revenue"].now, by_word["revenue"].unit, by_word["revenue"].change) == ("5.00", "USD", 0.25)
    assert (by_word["profit"].now, by_word["ROI"].now, by_word["ROI"].before) == ("3.00", "150.0%", "–")


def test_two_currencies_stand_side_by_side_and_are_not_compared() -> None:
    both = Figures(1, {}, money(EUR="1", USD="2"), money(USD="5"))
    by_word = {tile.word: tile for tile in tiles(both, both)}
    assert (by_word["cost"].now, by_word["cost"].change) == ("1.00 EUR, 2.00 USD", None)
    assert by_word["ROI"].now == "-100.0% EUR, 150.0% USD"


def test_money_is_rounded_once_after_the_hours_are_added_up() -> None:
    rows = [{"currency": "USD", "cost": Decimal("0.004"), "payout": Decimal(0)}] * 3
    assert next(tile for tile in tiles(figures_of([], rows), figures_of([], [])) if tile.word == "cost").now == "0.01"


def test_hours_are_those_of_the_zone_and_those_to_come_are_empty() -> None:
    zone = ZoneInfo("Europe/Berlin")
    midnight = datetime(2026, 11, 21, tzinfo=zone)
    rows = [{"step": 0, "clicks": 7, "hour": datetime(2026, 11, 20, 23, tzinfo=UTC)}]  # midnight in Berlin
    rows.append({"step": 0, "clicks": 5, "hour": datetime(2026, 11, 21, 1, tzinfo=UTC)})
    today, yesterday = by_hour(rows, [], midnight)["clicks"]
    assert today == [7, 0.0, 5, *[None] * 21]
    assert yesterday == [None] * 24


def a_network(postbacks: int, hours_silent: float) -> dict[str, Any]:
    last = NOW - timedelta(hours=hours_silent)
    return {"network": "acme", "postbacks": postbacks, "first_at": last - timedelta(days=1), "last_at": last}


def test_a_network_is_quiet_after_ten_of_its_usual_pauses_and_an_hour() -> None:
    assert attention.of_networks([a_network(241, 0.9)], NOW) == []
    (found,) = attention.of_networks([a_network(241, 1.1)], NOW)
    assert found.what == "acme has been quiet for 1 h; usually it sends one every 6 min."
    assert attention.of_networks([a_network(25, 9)], NOW) == []
    assert attention.of_networks([a_network(3, 200)], NOW) == []


def test_a_source_that_refuses_most_is_worse_than_one_that_refuses_some() -> None:
    row = {"destination": "source/pops", "attempts": 100, "refused": 9, "example": "HTTP 500"}
    assert attention.of_destinations([row]) == []
    assert [one.weight for one in attention.of_destinations([{**row, "refused": 30}])] == ["warn"]
    (bad,) = attention.of_destinations([{**row, "refused": 60}])
    assert (bad.weight, bad.page) == ("bad", "/deliveries?destination=source%2Fpops")
    assert bad.what == "source/pops refused 60.0% of 100 attempts of the last hour: HTTP 500."


def test_who_is_behind_away_or_not_running_is_told_worst_first() -> None:
    roles = {"join": {"workers": 1, "lag": 6000}, "sink": {"workers": 0, "lag": 0}, "emit": {"workers": 1, "lag": 10}}
    status = {"away": {"clickhouse": "nobody answers"}, "ingest_ready": False, "spooled": 5, "roles": roles}
    found = attention.worst_first(attention.of_status(status))
    assert [one.weight for one in found] == ["bad", "bad", "bad", "warn", "warn"]
    assert "join is 6,000 records behind." in [one.what for one in found]


def test_a_destination_that_is_left_alone_is_told_with_its_deliveries() -> None:
    (found,) = attention.of_breakers({"breakers_open": ("source/pops",)})
    assert (found.weight, found.page) == ("bad", "/deliveries?destination=source%2Fpops")
    assert found.what.startswith("source/pops does not answer")
    assert attention.of_breakers({"breakers_open": None}) == attention.of_breakers({}) == []


def test_that_nothing_is_wrong_is_said() -> None:
    assert [one.weight for one in attention.worst_first([])] == ["good"]
