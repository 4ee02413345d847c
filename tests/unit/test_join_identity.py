"""Which conversion a postback speaks of, and what its repetition means."""

from decimal import Decimal

from schemas.wire import encode
from tests.support.join_samples import HOUR, Join, click, clicked, postback


def test_the_first_postback_of_an_event_is_a_conversion() -> None:
    (outcome,) = clicked().feed(postback(payout="1.20", txid="t1", raw_status="ok"))
    assert outcome.outcome == "attributed"
    assert outcome.click is not None
    assert outcome.click.source == "pops"
    assert outcome.conversion is not None
    assert (outcome.conversion.payout, outcome.conversion.currency) == (Decimal("1.20"), "USD")
    assert (outcome.conversion.txid, outcome.conversion.raw_status) == ("t1", "ok")


def test_an_outcome_has_the_click_as_it_lies_in_the_log_also_where_more_is_in_it_than_this_program_knows() -> None:
    whole = click(country="DE", params={"a": '"✓"'}, payouts={"install": "0.70 EUR"})
    join = Join()
    assert join.feed(encode(whole).replace(b"{", b'{ "later": [{"than": "this"}], ', 1)) == []
    (outcome,) = join.feed(postback())
    assert outcome.click == whole


def test_a_postback_id_that_was_decided_produces_nothing_at_all() -> None:
    join = clicked()
    assert join.says(postback("p1")) == ["attributed"]
    assert join.says(postback("p2")) == ["duplicate same"]
    before = join.store.states
    for repeated in ("p1", "p2", "p1"):
        assert join.says(postback(repeated)) == []
    assert join.store.states == before


def test_a_duplicate_names_the_postback_that_it_repeats() -> None:
    join = clicked()
    join.feed(postback("p1"))
    (outcome,) = join.feed(postback("p2"))
    assert (outcome.repeats, outcome.conversion) == ("p1", None)


def test_ignore_a_second_txid_is_a_duplicate_of_the_first() -> None:
    join = clicked()
    assert join.says(postback("p1", txid="t1", payout="1")) == ["attributed"]
    assert join.says(postback("p2", txid="t2", payout="9", status="rejected")) == ["duplicate repeat_ignored"]
    assert join.conversions() == [("install", "approved", Decimal(1), "USD")]


def test_ignore_the_same_txid_may_change_its_conversion() -> None:
    join = clicked()
    join.feed(postback("p1", txid="t1", status="pending"))
    assert join.says(postback("p2", txid="t1", status="approved")) == ["updated"]


def test_ignore_a_postback_without_txid_speaks_of_the_one_conversion() -> None:
    join = clicked()
    join.feed(postback("p1", txid="t1", status="pending"))
    assert join.says(postback("p2", status="rejected")) == ["updated"]


def test_the_first_txid_owns_the_conversion_also_where_it_came_with_a_repetition() -> None:
    join = clicked()
    join.feed(postback("p1"))
    assert join.says(postback("p2", txid="t1")) == ["duplicate same"]
    assert join.says(postback("p3", txid="t2", status="rejected")) == ["duplicate repeat_ignored"]


def test_update_a_second_txid_changes_the_one_conversion() -> None:
    join = clicked()
    join.feed(postback("p1", repeat="update", txid="t1", payout="1"))
    (outcome,) = join.feed(postback("p2", repeat="update", txid="t2", payout="2"))
    assert outcome.outcome == "updated"
    assert outcome.conversion is not None
    assert (outcome.conversion.txid, outcome.conversion.postback_id) == ("t1", "p1")
    assert join.conversions() == [("install", "approved", Decimal(2), "USD")]


def test_new_each_txid_is_a_conversion() -> None:
    join = clicked()
    assert join.says(postback("p1", "subscribe", repeat="new", txid="t1")) == ["attributed"]
    assert join.says(postback("p2", "subscribe", repeat="new", txid="t2")) == ["attributed"]
    assert join.says(postback("p3", "subscribe", repeat="new", txid="t1")) == ["duplicate same"]
    assert len(join.conversions()) == 2


def test_new_the_same_txid_of_two_networks_is_two_conversions() -> None:
    join = clicked()
    assert join.says(postback("p1", repeat="new", txid="t1", network="acme")) == ["attributed"]
    assert join.says(postback("p2", repeat="new", txid="t1", network="billing")) == ["attributed"]


def test_new_without_a_txid_is_ignore() -> None:
    join = clicked()
    assert join.says(postback("p1", repeat="new", network="acme")) == ["attributed"]
    assert join.says(postback("p2", repeat="new", network="acme")) == ["duplicate same"]
    assert join.says(postback("p3", repeat="new", network="billing")) == ["duplicate same"]


def test_the_order_of_steps_is_not_required() -> None:
    join = clicked()
    for postback_id, event in (("p1", "subscribe"), ("p2", "trial"), ("p3", "install")):
        assert join.says(postback(postback_id, event)) == ["attributed"]


def test_an_event_that_nobody_configured_is_kept() -> None:
    assert clicked().says(postback(event="level_40_reached")) == ["attributed"]


def test_the_same_conversion_has_the_same_id_whatever_was_told_of_it() -> None:
    first, second = clicked(), clicked(campaign="winter")
    (one,) = first.feed(postback("p1", payout="1", received_at=1))
    (other,) = second.feed(postback("p9", payout="7", status="rejected"), after=HOUR)
    assert one.conversion is not None
    assert other.conversion is not None
    assert one.conversion.conversion_id == other.conversion.conversion_id


def test_brought_ids_of_two_sources_are_two_clicks() -> None:
    join = clicked()
    assert join.says(postback("p1", click_id="pops:42")) == ["waiting no_click"]
    assert join.says(postback("p2", click_id="push:42")) == ["waiting no_click"]
    assert join.says(click("push:42", source="push")) == ["attributed"]
    assert join.conversions("pops:42") == []
