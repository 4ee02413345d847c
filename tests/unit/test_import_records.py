"""Rows of files become the records that ingest would have made of them."""

from datetime import date
from decimal import Decimal

import pytest

from clickjoin.imports.costs import Costs
from clickjoin.imports.records import CLICK_COLUMNS, Clicks, Conversions
from clickjoin.imports.row import BadRow, columns
from ingest.parameters import Params
from tests.ingest_samples import NOW_MS, click_id, plans, settings

CLICKS = Clicks(plans(), origin="import", now_ms=NOW_MS)
CONVERSIONS = Conversions(plans(), settings().sources, origin="import")
VISIT = {"campaign": "spring", "clicked_at": "1699990000", "placement": "77", "cost": "0.01", "currency": "usd"}
SALE = {"network": "acme", "click_id": click_id(), "event": "goal_1", "occurred_at": "1699999000"}


def test_a_click_is_read_by_our_words_and_keeps_its_time_and_its_origin() -> None:
    click = CLICKS.make(VISIT | {"source_click_id": "theirs", "sub3": "x", "region": "BE", "colour": "red"}, 2)
    assert (click.clicked_at, click.received_at, click.origin) == (1699990000_000, 1699990000_000, "import")
    assert (click.placement, click.cost, click.currency, click.source_click_id) == (
        "77",
        Decimal("0.01"),
        "USD",
        "theirs",
    )
    both = CLICKS.make(VISIT | {"campaign": "both", "offer": "quiz"}, 2)
    assert (both.offer, both.network) == ("quiz", "near")
    assert (click.subs, click.params) == ({"sub3": "x"}, {"colour": "red"})


def test_a_click_keeps_an_id_of_ours_and_any_other_is_its_sources_own() -> None:
    assert CLICKS.make(VISIT | {"click_id": click_id()}, 2).click_id == click_id()
    assert CLICKS.make(VISIT | {"click_id": "a1"}, 2).click_id == "pops:a1"
    assert CLICKS.make(VISIT | {"click_id": "pops:a1"}, 2).click_id == "pops:a1"


def test_the_same_row_has_the_same_id_and_another_row_another() -> None:
    one, again, other = (CLICKS.make(row, line) for line, row in ((2, VISIT), (9, VISIT), (3, VISIT | {"sub1": "x"})))
    assert one.click_id == again.click_id != other.click_id
    assert one.source_click_id == ""  # what we derived is told to nobody
    first, repeated, later = (CONVERSIONS.make(SALE | {"txid": txid}, 2).postback_id for txid in ("1", "1", "2"))
    assert first == repeated != later


def test_a_conversion_was_received_when_it_happened_and_says_so_in_our_words() -> None:
    postback = CONVERSIONS.make(SALE | {"payout": "12,50", "currency": "usd", "status": "Hold", "x": "y"}, 2)
    assert (postback.event, postback.status, postback.payout, postback.currency) == (
        "install",
        "pending",
        Decimal("12.50"),
        "USD",
    )
    assert (postback.received_at, postback.occurred_at, postback.origin) == (1699999000_000, 1699999000_000, "import")
    assert postback.params == {"x": "y"}


def test_a_conversion_finds_the_clicks_that_a_source_brought() -> None:
    assert CONVERSIONS.make(SALE | {"click_id": "pops:a1"}, 2).click_id == "pops:a1"
    assert CONVERSIONS.make(SALE | {"click_id": "a1", "source": "pops"}, 2).click_id == "pops:a1"
    assert CONVERSIONS.make(SALE | {"click_id": click_id(), "source": "pops"}, 2).click_id == click_id()


@pytest.mark.parametrize(
    ("row", "code", "told"),
    [
        (VISIT | {"campaign": ""}, "missing_campaign", "--set campaign=NAME"),
        (VISIT | {"campaign": "autumn"}, "unknown_campaign", "campaigns.'autumn'"),
        (VISIT | {"clicked_at": ""}, "missing_clicked_at", "say when"),
        (VISIT | {"clicked_at": "last week"}, "invalid_clicked_at", "ISO 8601"),
        (VISIT | {"cost": "cheap"}, "invalid_cost", "cost='cheap'"),
        (VISIT | {"cost": "-1"}, "invalid_cost", "less than nothing"),
        (VISIT | {"offer": "quiz"}, "unknown_offer", "campaigns.spring has game"),
        (VISIT | {"click_id": "{clickid}"}, "unreplaced_macro", "{clickid}"),
    ],
)
def test_a_click_that_cannot_be_used_says_why(row: Params, code: str, told: str) -> None:
    with pytest.raises(BadRow, match=told) as raised:
        CLICKS.make(row, 2)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (SALE | {"network": "nobody"}, "unknown_network"),
        (SALE | {"occurred_at": ""}, "missing_occurred_at"),
        (SALE | {"click_id": "forged"}, "invalid_click_id"),
        (SALE | {"payout": "1e400"}, "invalid_payout"),
        (SALE | {"source": "nobody", "click_id": "a1"}, "unknown_source"),
        (SALE | {"postback_id": "ä"}, "invalid_postback_id"),
    ],
)
def test_a_conversion_that_cannot_be_used_says_why(row: Params, code: str) -> None:
    with pytest.raises(BadRow) as raised:
        CONVERSIONS.make(row, 2)
    assert raised.value.code == code


BILL = {"day": "2026-11-20", "campaign": "spring", "creative": "b1", "cost": "1,250.50", "currency": "usd"}


def test_a_bill_is_for_the_clicks_of_a_day_that_have_its_dimensions() -> None:
    cost = Costs(settings(), version=7).make(BILL | {"keyword": "", "impressions": "9"}, 2)
    assert cost == (
        date(2026, 11, 20),
        cost.cost_id,
        {"campaign": "spring", "creative": "b1"},
        Decimal("1250.50"),
        "USD",
        7,
    )


def test_a_bill_that_is_corrected_takes_the_place_of_the_first() -> None:
    first, corrected = (
        Costs(settings(), version=version).make(BILL | {"cost": cost}, 2) for version, cost in ((1, "5"), (2, "4"))
    )
    assert (first.cost_id, first.version) < (corrected.cost_id, corrected.version)
    assert first.cost_id == corrected.cost_id


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"day": "20.11.2026"}, "invalid_day"),
        ({"day": "2026-02-30"}, "invalid_day"),
        ({"day": ""}, "missing_day"),
        ({"campaign": "", "creative": ""}, "missing_dimension"),
        ({"campaign": "autumn"}, "unknown_campaign"),
        ({"cost": ""}, "missing_cost"),
        ({"cost": "-5"}, "invalid_cost"),
        ({"currency": ""}, "missing_currency"),
        ({"currency": "euro"}, "invalid_currency"),
    ],
)
def test_a_bill_that_cannot_be_used_says_why(change: Params, code: str) -> None:
    with pytest.raises(BadRow) as raised:
        Costs(settings(), version=1).make(BILL | change, 2)
    assert raised.value.code == code


def test_two_lines_of_a_bill_for_the_same_clicks_are_a_mistake_not_a_correction() -> None:
    costs = Costs(settings(), version=1)
    costs.make(BILL, 2)
    with pytest.raises(BadRow, match="line 2 is of the same day"):
        costs.make(BILL | {"cost": "9"}, 3)


def test_columns_are_renamed_and_every_row_may_say_the_same() -> None:
    read_as = columns(("click_id=ClickID",), ("campaign=spring",), CLICK_COLUMNS)
    assert read_as.of({"clickid": "a", "x": "y"}) == {"campaign": "spring", "click_id": "a", "x": "y"}
    assert read_as.of({"clickid": "a", "campaign": "both"})["campaign"] == "both"


@pytest.mark.parametrize("wrong", ["click_id", "click_id=", "colour=x", "=x"])
def test_a_column_that_is_mapped_to_nothing_is_told(wrong: str) -> None:
    with pytest.raises(ValueError, match="--map"):
        columns((wrong,), (), CLICK_COLUMNS)
