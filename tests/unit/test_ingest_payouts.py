"""Amounts as networks really send them, each as data of the network's section."""

from decimal import Decimal

import pytest

from tests.support.messy_network import OURS, read, refused


def test_money_that_was_encoded_twice_is_read_d5() -> None:
    found = read(f"click_id={OURS}&payout=12%252C50&currency=%2520usd")
    assert (found.payout, found.currency) == (Decimal("12.50"), "USD")


CENTS = {"*": 2, "JPY": 0, "KWD": 3}


@pytest.mark.parametrize(
    ("payout", "currency", "amount"),
    [("1250", "usd", "12.50"), ("1250", "JPY", "1250"), ("1250", "kwd", "1.250"), ("-99", "EUR", "-0.99")],
)
def test_amounts_come_in_the_smallest_unit_d11(payout: str, currency: str, amount: str) -> None:
    found = read(f"click_id={OURS}&payout={payout}&currency={currency}", payout_decimals=CENTS)
    assert found.payout == Decimal(amount)


def test_without_a_scale_an_amount_is_taken_as_it_is_written_d11() -> None:
    assert read(f"click_id={OURS}&payout=1250&currency=JPY").payout == Decimal(1250)
    assert refused(f"click_id={OURS}&payout=0.12345678", payout_decimals=CENTS).code == "invalid_payout"


@pytest.mark.parametrize(
    ("payout", "pick", "amount"),
    [
        ("1.50,2", "first", "1.50"),
        ("1.50,2", "last", "2"),
        ("1.50,2", "sum", "3.50"),
        (",2", "first", "2"),
        ("1.50,##RS_AMOUNT##", "sum", "1.50"),
        ("##CPA_AMOUNT##,##RS_AMOUNT##", "sum", None),
    ],
)
def test_two_amounts_come_in_one_field_d11(payout: str, pick: str, amount: str | None) -> None:
    found = read(f"click_id={OURS}&payout={payout.replace('#', '%23')}", payout_separator=",", payout_pick=pick)
    assert found.payout == (None if amount is None else Decimal(amount))


def test_amounts_in_several_currencies_are_not_added_d13() -> None:
    query = f"click_id={OURS}&payout=1,2&currency=usd,eur"
    assert refused(query, payout_separator=",", payout_pick="sum").code == "invalid_currency"
    assert read(query, payout_separator=",", payout_pick="last").currency == "EUR"


def test_a_sum_that_no_record_holds_is_refused() -> None:
    query = f"click_id={OURS}&payout=9999999999999999,1"
    assert refused(query, payout_separator=",", payout_pick="sum").code == "invalid_payout"


@pytest.mark.parametrize(
    ("sent", "limits"),
    [
        ("payout=500.01&currency=USD", "500 USD"),
        ("payout=-500.01&currency=USD", "500 USD"),
        ("payout=1&currency=JPY", ["500 USD", "450 EUR"]),
        ("payout=1", "500 USD"),
    ],
)
def test_more_than_a_network_ever_pays_is_refused_d20(sent: str, limits: str | list[str]) -> None:
    refusal = refused(f"click_id={OURS}&{sent}", max_payout=limits)
    assert (refusal.status, refusal.code) == (400, "payout_too_high")


def test_up_to_the_highest_payout_everything_is_taken_d20() -> None:
    assert read(f"click_id={OURS}&payout=500&currency=usd", max_payout="500 USD").payout == Decimal(500)
    assert read(f"click_id={OURS}", max_payout="500 USD").payout is None
