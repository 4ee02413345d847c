"""Statuses, their order, and money."""

from decimal import Decimal

import pytest

from tests.support.join_samples import HOUR, NOW, clicked, postback

ONE, TWO = NOW + HOUR, NOW + 2 * HOUR


def test_a_new_status_updates_and_says_what_it_was() -> None:
    join = clicked()
    join.feed(postback("p1", status="pending", raw_status="hold"))
    (outcome,) = join.feed(postback("p2", status="approved", raw_status="paid"))
    assert (outcome.outcome, outcome.previous_status) == ("updated", "pending")
    assert outcome.conversion is not None
    assert (outcome.conversion.status, outcome.conversion.raw_status) == ("approved", "paid")


def test_rejected_is_not_final() -> None:
    join = clicked()
    assert join.says(postback("p1", status="approved")) == ["attributed"]
    assert join.says(postback("p2", status="rejected")) == ["updated"]
    assert join.says(postback("p3", status="approved")) == ["updated"]


def test_the_networks_own_times_decide_where_both_have_one() -> None:
    join = clicked()
    join.feed(postback("p1", status="approved", occurred_at=TWO, received_at=ONE))
    assert join.says(postback("p2", status="pending", occurred_at=ONE, received_at=TWO)) == ["duplicate older"]
    assert join.says(postback("p3", status="rejected", occurred_at=TWO + 1, received_at=ONE - 1)) == ["updated"]


def test_else_the_moments_of_receiving_decide() -> None:
    join = clicked()
    join.feed(postback("p1", status="approved", occurred_at=ONE, received_at=TWO))
    assert join.says(postback("p2", status="pending", received_at=ONE)) == ["duplicate older"]
    assert join.says(postback("p3", status="rejected", received_at=TWO + 1)) == ["updated"]


def test_else_the_log_decides() -> None:
    join = clicked()
    join.feed(postback("p1", status="approved"))
    assert join.says(postback("p2", status="rejected")) == ["updated"]


def test_equal_times_of_the_network_leave_it_to_the_moments_of_receiving() -> None:
    join = clicked()
    join.feed(postback("p1", status="approved", occurred_at=ONE, received_at=TWO))
    assert join.says(postback("p2", status="pending", occurred_at=ONE, received_at=ONE)) == ["duplicate older"]


def test_a_status_without_a_time_is_in_force_by_when_we_received_it() -> None:
    join = clicked()
    join.feed(postback("p1", status="pending", occurred_at=ONE, received_at=ONE))
    join.feed(postback("p2", status="approved", received_at=ONE + 20))
    assert join.says(postback("p3", status="rejected", occurred_at=ONE + 10, received_at=ONE + 10)) == [
        "duplicate older"
    ]


def test_a_status_said_again_is_as_new_as_it_was_last_said() -> None:
    """Approved, rejected, approved; and the rejection comes last. It was overtaken."""
    join = clicked()
    join.feed(postback("p1", status="approved", occurred_at=ONE))
    assert join.says(postback("p3", status="approved", occurred_at=ONE + 20)) == ["duplicate same"]
    assert join.says(postback("p2", status="rejected", occurred_at=ONE + 10)) == ["duplicate older"]
    assert join.conversions() == [("install", "approved", None, "")]


def test_an_update_without_an_amount_keeps_amount_and_currency() -> None:
    join = clicked()
    join.feed(postback("p1", payout="1.50", status="pending"))
    assert join.says(postback("p2", status="approved", currency="EUR")) == ["updated"]
    assert join.conversions() == [("install", "approved", Decimal("1.50"), "USD")]


def test_amount_and_currency_change_together() -> None:
    join = clicked()
    join.feed(postback("p1", payout="1.50"))
    assert join.says(postback("p2", payout="1.50", currency="EUR")) == ["updated"]
    assert join.conversions() == [("install", "approved", Decimal("1.50"), "EUR")]


def test_the_same_amount_written_otherwise_is_the_same() -> None:
    join = clicked()
    join.feed(postback("p1", payout="1.5"))
    assert join.says(postback("p2", payout="1.50")) == ["duplicate same"]


def test_a_negative_payout_is_a_refund_of_its_own_kind() -> None:
    join = clicked()
    join.feed(postback("p1", "subscribe", repeat="new", txid="t1", payout="9.99"))
    (outcome,) = join.feed(postback("p2", "subscribe", repeat="new", txid="t1", payout="-9.99"))
    assert outcome.outcome == "attributed"
    assert outcome.conversion is not None
    assert outcome.conversion.is_refund
    assert sum((amount or Decimal(0) for _, _, amount, _ in join.conversions()), Decimal(0)) == 0


def test_a_refund_told_twice_is_refunded_once() -> None:
    join = clicked()
    join.feed(postback("p1", payout="9.99"))
    assert join.says(postback("p2", payout="-9.99")) == ["attributed"]
    assert join.says(postback("p3", payout="-9.99")) == ["duplicate same"]


def test_a_refund_may_come_first() -> None:
    join = clicked()
    assert join.says(postback("p1", payout="-5")) == ["attributed"]
    assert join.says(postback("p2", payout="5")) == ["attributed"]


@pytest.mark.parametrize(
    ("fixed", "said", "paid"),
    [(False, None, "2.00"), (False, "3.00", "3.00"), (False, "0", "0"), (True, "3.00", "2.00"), (True, None, "2.00")],
)
def test_the_offers_payout_counts_where_the_network_says_none_or_it_is_fixed(
    fixed: bool, said: str | None, paid: str
) -> None:
    join = clicked(payouts={"install": "2.00 EUR"}, payout_fixed=fixed)
    join.feed(postback(payout=said, currency="EUR"))
    assert join.conversions() == [("install", "approved", Decimal(paid), "EUR")]


def test_an_event_the_offer_does_not_pay_for_has_the_networks_payout_or_none() -> None:
    join = clicked(payouts={"install": "2.00 EUR"}, payout_fixed=True)
    join.feed(postback("p1", "trial", payout="0.10"))
    join.feed(postback("p2", "open"))
    assert join.conversions() == [("trial", "approved", Decimal("0.10"), "USD"), ("open", "approved", None, "")]


def test_a_refund_is_what_the_network_takes_back_also_where_the_payout_is_fixed() -> None:
    join = clicked(payouts={"install": "2.00 USD"}, payout_fixed=True)
    join.feed(postback("p1"))
    join.feed(postback("p2", payout="-1.00"))
    assert [amount for _, _, amount, _ in join.conversions()] == [Decimal("2.00"), Decimal("-1.00")]


def test_a_test_stays_a_test() -> None:
    (by_click,) = clicked(is_test=True).feed(postback())
    (by_postback,) = clicked().feed(postback(is_test=True))
    assert by_click.conversion is not None
    assert by_postback.conversion is not None
    assert by_click.conversion.is_test
    assert by_postback.conversion.is_test


def test_a_conversion_occurred_when_the_network_says_else_when_we_heard_of_it() -> None:
    (told,) = clicked().feed(postback(occurred_at=NOW + 5))
    (heard,) = clicked().feed(postback(received_at=NOW + 7))
    assert told.conversion is not None
    assert heard.conversion is not None
    assert (told.conversion.occurred_at, heard.conversion.occurred_at) == (NOW + 5, NOW + 7)
