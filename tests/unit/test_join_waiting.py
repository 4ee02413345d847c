"""Early, orphan, late, unattributed, look-ups, erasure."""

from decimal import Decimal

import msgspec
import pytest

from schemas.records import Conversion, Epoch, Forget, Tick
from schemas.versions import version
from streams.join.fold import Position, fold
from streams.join.state import State
from tests.support.join_samples import (
    HOUR,
    NOW,
    WAIT,
    DictStates,
    Join,
    click,
    clicked,
    facts,
    postback,
    record,
)


def test_a_postback_before_its_click_waits_and_is_credited_when_it_comes() -> None:
    join = Join()
    assert join.says(postback("p1", "trial")) == ["waiting no_click"]
    assert join.says(postback("p2", "install")) == ["waiting no_click"]
    outcomes = join.feed(click())
    assert [(one.outcome, one.postback.postback_id) for one in outcomes] == [("attributed", "p1"), ("attributed", "p2")]
    assert join.store.waiting == set()


def test_what_was_decided_later_has_the_higher_version() -> None:
    join = Join()
    (waiting,) = join.feed(postback())
    (attributed,) = join.feed(click())
    assert attributed.version > waiting.version


def test_after_its_wait_it_is_an_orphan_once() -> None:
    join = Join()
    join.feed(postback())
    assert join.passes(WAIT - 1) == []
    assert join.passes(1) == ["orphan no_click"]
    assert join.passes(WAIT) == []


def test_an_orphan_is_attributed_if_the_click_still_comes() -> None:
    join = Join()
    join.feed(postback())
    join.passes(WAIT)
    assert join.says(click(), after=6 * WAIT) == ["attributed"]


def test_the_click_that_comes_at_the_last_moment_finds_an_orphan_and_credits_it() -> None:
    join = Join()
    join.feed(postback())
    assert join.says(click(), after=WAIT) == ["orphan no_click", "attributed"]


def test_a_waiting_postback_that_is_repeated_produces_nothing() -> None:
    join = Join()
    join.feed(postback())
    assert join.says(postback()) == []
    join.passes(WAIT)
    assert join.says(postback()) == []


def test_a_wait_of_nothing_ends_with_the_next_record_wherever_a_batch_ends() -> None:
    join = Join()
    assert join.says(postback(wait_ms=0)) == ["waiting no_click"]
    assert join.passes(1) == ["orphan no_click"]


def test_time_is_the_logs_and_never_goes_back() -> None:
    join = Join()
    join.feed(postback("p1"))
    join.passes(WAIT - 10)
    join.feed(postback("p2", click_id="c2"), after=-WAIT)
    assert join.store.position.time == NOW + 1 + WAIT - 10
    join.at = join.store.position.time
    assert join.passes(10) == ["orphan no_click"]


def test_what_the_clock_says_elsewhere_does_not_matter() -> None:
    join = Join()
    assert join.says(postback(received_at=1, occurred_at=1)) == ["waiting no_click"]
    assert join.passes(WAIT - 1) == []


def test_late_is_first_seen_outside_the_window() -> None:
    join = clicked()
    inside, outside = NOW + HOUR, NOW + HOUR + 1
    assert join.says(postback("p1", "install", window_ms=HOUR, received_at=inside)) == ["attributed"]
    assert join.says(postback("p2", "trial", window_ms=HOUR, received_at=outside)) == ["late outside_window"]
    assert join.conversions() == [("install", "approved", None, "")]


def test_without_a_window_nothing_is_late() -> None:
    assert clicked().says(postback(received_at=NOW + 10_000 * HOUR)) == ["attributed"]


def test_an_update_is_never_late() -> None:
    join = clicked()
    join.feed(postback("p1", status="pending", window_ms=2 * HOUR))
    assert join.says(postback("p2", status="approved", window_ms=HOUR, received_at=NOW + 9 * HOUR)) == ["updated"]


def test_a_postback_that_waited_is_late_by_when_we_received_it() -> None:
    join = Join()
    join.feed(postback(window_ms=HOUR, received_at=NOW + HOUR))
    assert join.says(click(), after=5 * HOUR) == ["attributed"]


def test_a_postback_without_click_id_is_unattributed() -> None:
    assert clicked().says(postback(click_id="")) == ["unattributed no_click_id"]


def test_a_network_that_may_not_credit_this_click_is_unattributed() -> None:
    join = clicked(may_credit=("billing",))
    assert join.says(postback("p1", network="acme")) == ["unattributed network_may_not_credit"]
    assert join.says(postback("p2", network="billing")) == ["attributed"]
    assert join.says(postback("p3", network="acme", status="rejected")) == ["unattributed network_may_not_credit"]


def test_of_a_click_recorded_twice_the_first_facts_stay() -> None:
    join = clicked(campaign="spring")
    assert join.says(click(campaign="winter")) == []
    (outcome,) = join.feed(postback())
    assert outcome.click is not None
    assert outcome.click.campaign == "spring"


def test_a_look_up_decides_what_waited_and_knows_what_was_decided_before() -> None:
    join = Join()
    known = _known()
    for postback_id, event in (("p1", "install"), ("p2", "trial"), ("p3", "install")):
        join.feed(postback(postback_id, event))
    found = facts(click=click(), conversions=(known,), decided=("p3",))
    assert join.says(found) == ["duplicate same", "attributed"]
    assert join.says(postback("p3")) == []
    assert join.says(postback("p0")) == []


def test_a_look_up_that_found_nothing_leaves_everything_waiting() -> None:
    join = Join()
    join.feed(postback())
    assert join.says(facts()) == []
    assert join.says(click()) == ["attributed"]


def test_a_look_up_that_comes_after_the_click_says_nothing_new() -> None:
    join = clicked(campaign="spring")
    assert join.says(facts(click=click(campaign="winter"), conversions=(_known(),))) == []
    assert join.says(postback()) == ["attributed"]


def test_a_click_that_is_to_be_forgotten_leaves_nothing() -> None:
    join = clicked()
    join.feed(postback())
    assert join.says(Forget(click_id="c1")) == []
    (left,) = join.store.states.values()
    assert msgspec.structs.replace(left, touched=-1) == State(forgotten=True)


def test_what_comes_for_a_forgotten_click_is_unattributed_and_keeps_nothing_of_the_person() -> None:
    join = clicked()
    join.feed(postback())
    join.feed(Forget(click_id="c1"))
    (outcome,) = join.feed(postback("p2", txid="t-1", params={"email": "a@example.org"}, payout="1.20"))
    assert (outcome.outcome, outcome.reason, outcome.click) == ("unattributed", "forgotten", None)
    assert (outcome.postback.txid, outcome.postback.params, outcome.postback.payout) == ("", {}, Decimal("1.20"))
    assert join.says(postback("p2")) == []


def test_a_forgotten_click_that_is_recorded_again_is_not_known() -> None:
    join = Join()
    join.feed(Forget(click_id="c1"))
    assert join.says(click()) == []
    assert join.says(postback()) == ["unattributed forgotten"]


def test_what_waits_for_a_click_that_is_to_be_forgotten_waits_no_more() -> None:
    join = Join()
    join.feed(postback())
    assert join.says(Forget(click_id="c1")) == []
    assert join.store.waiting == set()
    assert join.passes(WAIT) == []


def test_versions_carry_epoch_offset_and_index() -> None:
    join = Join()
    join.feed(Epoch(epoch=3))
    join.feed(postback("p1", "install"))
    join.feed(postback("p2", "trial"))
    assert [one.version for one in join.feed(click())] == [version(3, 3, 0), version(3, 3, 1)]


@pytest.mark.parametrize("origin", ["import", "replay"])
def test_what_was_imported_or_replayed_is_decided_alike_and_says_so(origin: str) -> None:
    (outcome,) = clicked().feed(postback(origin=origin))
    assert (outcome.outcome, outcome.postback.origin) == ("attributed", origin)


def _known() -> Conversion:
    (outcome,) = clicked().feed(postback("p0"))
    assert outcome.conversion is not None
    return outcome.conversion


def test_orphans_go_in_the_order_of_their_deadlines_wherever_a_batch_begins() -> None:
    """A wait that was ended by its click, while others begin, must let none of them go before its time."""
    told = [
        record(0, NOW, postback("p1", wait_ms=21)),
        record(1, NOW, click()),
        record(2, NOW, postback("q", click_id="push:1", wait_ms=21)),
        record(3, NOW, Forget(click_id="c2")),
        record(4, NOW + 20, postback("p2", click_id="c3", wait_ms=2)),
        record(5, NOW + 25, Tick()),
    ]
    whole = fold(Position(), told, DictStates()).outcomes
    store, pieces = DictStates(), []
    for one in told:
        folded = fold(store.position, [one], store)
        store.write(folded)
        pieces += folded.outcomes
    assert whole == pieces
    assert [one.postback.postback_id for one in whole if one.outcome == "orphan"] == ["q", "p2"]
