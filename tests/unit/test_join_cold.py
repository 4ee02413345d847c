"""Cold: a state is dropped after its days, and what ClickHouse knows of the click takes its place."""

from typing import Any

import msgspec
import pytest

from schemas.records import Conversion, Facts, Forget, Tick
from schemas.versions import version
from schemas.wire import decode_event
from streams.agents.join_lookup import fitting
from streams.join.fold import fold
from streams.join.state import DAY_MS, KEEP_DAYS, MAX_WAITING
from tests.support.join_cold import Tables, minted
from tests.support.join_samples import NOW, WAIT, Join, click, clicked, facts, postback, record

OLD = minted(days_ago=KEEP_DAYS + 1)
MIDNIGHT = NOW - NOW % DAY_MS  # every rule of days counts in days of UTC


def cold(**fields: Any) -> Join:
    """A partition where a postback waits for a click of long ago."""
    join = Join()
    assert join.says(postback("p1", click_id=OLD, **fields)) == ["waiting cold"]
    return join


def known(**fields: Any) -> Facts:
    """What ClickHouse answers about it."""
    return facts(OLD, click=click(OLD), **fields)


def made(postback_id: str = "p0", event: str = "install", **fields: Any) -> Conversion:
    """A conversion of that click as the join made it once."""
    join = Join()
    join.feed(click(OLD))
    (outcome,) = join.feed(postback(postback_id, event, click_id=OLD, **fields))
    assert outcome.conversion is not None
    return outcome.conversion


def test_a_state_is_kept_some_days_after_it_was_touched_and_then_dropped() -> None:
    kept, dropped = clicked(), clicked()
    kept.at = dropped.at = MIDNIGHT
    assert kept.says(postback(), after=(KEEP_DAYS + 1) * DAY_MS - 1) == ["attributed"]
    assert dropped.says(postback(), after=(KEEP_DAYS + 1) * DAY_MS) == ["waiting no_click"]


def test_whatever_changes_a_state_keeps_it_longer() -> None:
    join = clicked()
    for number in range(5):
        told = postback(f"p{number}", f"e{number}")
        assert join.says(told, after=(KEEP_DAYS - 1) * DAY_MS) == ["attributed"]


def test_a_click_recorded_again_after_its_state_was_dropped_begins_anew() -> None:
    join = clicked(campaign="spring")
    join.feed(click(campaign="winter"), after=(KEEP_DAYS + 2) * DAY_MS)
    (outcome,) = join.feed(postback())
    assert outcome.click is not None
    assert outcome.click.campaign == "winter"


def test_a_postback_that_waits_longer_than_states_are_kept_keeps_its_state() -> None:
    join = Join()
    join.feed(postback(wait_ms=30 * DAY_MS))
    assert join.says(click(), after=29 * DAY_MS) == ["attributed"]


def test_time_that_jumps_over_a_deadline_lets_the_postback_go_before_its_state() -> None:
    join = Join()
    join.feed(postback())
    assert join.passes(30 * DAY_MS) == ["orphan no_click"]
    assert join.says(click(), after=KEEP_DAYS * DAY_MS - DAY_MS) == ["attributed"]


def test_an_orphan_whose_state_was_dropped_stays_one() -> None:
    join = Join()
    join.feed(postback())
    assert join.passes(WAIT) == ["orphan no_click"]
    assert join.says(click(), after=(KEEP_DAYS + 1) * DAY_MS) == []
    assert join.says(postback("p2")) == ["attributed"]


@pytest.mark.parametrize(
    ("days_ago", "reason"), [(0, "no_click"), (KEEP_DAYS - 1, "no_click"), (KEEP_DAYS, "cold"), (400, "cold")]
)
def test_a_click_id_of_ours_says_whether_its_click_may_be_cold(days_ago: int, reason: str) -> None:
    join = Join()
    assert join.says(postback(click_id=minted(days_ago))) == [f"waiting {reason}"]


def test_who_is_asked_about() -> None:
    """Cold ones; and brought ones, whose age nobody knows. A young one is on its way."""
    join = Join()
    ids = [OLD, "pops:77", minted()]
    batch = [record(n, NOW, postback(f"p{n}", click_id=id_)) for n, id_ in enumerate(ids)]
    folded = fold(join.store.position, batch, join.store)
    assert sorted(folded.asking) == sorted(ids[:2])
    assert [one.reason for one in folded.outcomes] == ["cold", "no_click", "no_click"]


def test_a_second_postback_of_the_same_cold_click_asks_no_second_time() -> None:
    join = cold()
    folded = fold(join.store.position, [record(1, join.at, postback("p2", "trial", click_id=OLD))], join.store)
    assert [one.reason for one in folded.outcomes] == ["cold"]
    assert folded.asking == []


def test_what_clickhouse_knows_decides_what_waited_in_the_order_it_came() -> None:
    join = cold()
    assert join.says(postback("p2", "trial", click_id=OLD)) == ["waiting cold"]
    outcomes = join.feed(known())
    assert [(one.postback.postback_id, one.outcome) for one in outcomes] == [("p1", "attributed"), ("p2", "attributed")]
    assert [one.version for one in outcomes] == [version(0, 2, 0), version(0, 2, 1)]
    assert join.says(postback("p3", "subscribe", click_id=OLD)) == ["attributed"]


def test_a_click_that_clickhouse_does_not_know_leaves_an_orphan_at_its_deadline() -> None:
    join = cold()
    assert join.says(facts(OLD)) == []
    assert join.store.states[OLD].asking is False
    assert join.passes(WAIT - 2) == []
    assert join.passes(1) == ["orphan no_click"]


def test_an_answer_that_comes_after_the_deadline_still_counts() -> None:
    join = cold()
    assert join.passes(WAIT) == ["orphan no_click"]
    assert join.says(known()) == ["attributed"]


def test_a_repeat_of_what_was_decided_before_is_a_duplicate_of_it() -> None:
    (outcome,) = cold().feed(known(conversions=(made("p0"),)))
    assert (outcome.outcome, outcome.reason, outcome.repeats) == ("duplicate", "same", "p0")


def test_an_update_of_what_was_decided_before_says_from_what() -> None:
    join = cold(status="rejected")
    (outcome,) = join.feed(known(conversions=(made("p0", status="pending", received_at=NOW),)))
    assert (outcome.outcome, outcome.previous_status) == ("updated", "pending")
    assert outcome.conversion is not None
    assert (outcome.conversion.postback_id, outcome.conversion.status) == ("p0", "rejected")


def test_a_refund_of_what_was_decided_before_is_a_conversion_of_its_own() -> None:
    join = cold(payout="-1.20")
    assert join.says(known(conversions=(made("p0", payout="1.20"),))) == ["attributed"]
    assert [(event, str(payout)) for event, _, payout, _ in join.conversions(OLD)] == [
        ("install", "1.20"),
        ("install", "-1.20"),
    ]


@pytest.mark.parametrize("answer", [known(decided=("p1",)), known(conversions=(made("p1"),))])
def test_a_postback_that_was_decided_itself_before_the_drop_produces_nothing(answer: Facts) -> None:
    join = cold()
    assert join.says(answer) == []
    assert join.store.states[OLD].waiting == ()


def test_what_it_says_while_it_waits_does_not_replace_the_row_it_had() -> None:
    """The record of a postback comes again after weeks: nobody knows yet that it was decided."""
    join = Join()
    join.feed(Tick())
    (waiting,) = join.feed(postback(click_id=OLD, received_at=NOW - KEEP_DAYS * DAY_MS))
    (orphan,) = join.feed(Tick(), after=WAIT)
    assert (waiting.outcome, orphan.outcome) == ("waiting", "orphan")
    assert waiting.version < orphan.version < version(0, 1)


def test_one_that_waits_for_weeks_is_told_from_one_that_came_before() -> None:
    join = Join()
    join.feed(Tick())
    join.feed(postback(wait_ms=30 * DAY_MS))
    (orphan,) = join.feed(Tick(), after=30 * DAY_MS)
    assert orphan.version == version(0, 2)


def test_an_answer_about_a_click_that_is_known_changes_nothing() -> None:
    join = clicked(campaign="spring")
    assert join.says(facts(click=click(campaign="winter"), conversions=(made("p0"),))) == []
    assert join.says(postback()) == ["attributed"]


def test_an_answer_that_nobody_waits_for_is_harmless() -> None:
    """Of a worker that lost its partition; or the state was touched and dropped again."""
    join = Join()
    assert join.says(known()) == []
    assert join.store.states == {}


def test_a_second_answer_changes_nothing() -> None:
    join = cold()
    assert join.says(known()) == ["attributed"]
    assert join.says(known()) == []


def test_forgotten_while_it_waits_leaves_nothing_and_a_later_answer_finds_nothing() -> None:
    join = cold()
    assert join.says(Forget(click_id=OLD)) == []
    assert join.store.waiting == set()
    assert join.says(known()) == []
    assert join.passes(WAIT) == []
    assert join.says(postback("p2", click_id=OLD)) == ["unattributed forgotten"]


def test_of_a_click_forgotten_long_ago_the_tables_say_so() -> None:
    join = cold(txid="t-1")
    join.feed(postback("p2", "trial", click_id=OLD))
    outcomes = join.feed(facts(OLD, forgotten=True))
    assert [(one.postback.postback_id, one.outcome, one.reason) for one in outcomes] == [
        ("p1", "unattributed", "forgotten"),
        ("p2", "unattributed", "forgotten"),
    ]
    assert outcomes[0].version < outcomes[1].version
    assert outcomes[0].postback.txid == ""
    assert join.says(postback("p3", click_id=OLD)) == ["unattributed forgotten"]


def test_the_most_that_wait_holds_for_a_cold_click_too() -> None:
    join = cold()
    for number in range(MAX_WAITING - 1):
        assert join.says(postback(f"q{number}", click_id=OLD)) == ["waiting cold"]
    assert join.says(postback("one more", click_id=OLD)) == ["unattributed too_many_waiting"]


def test_said_again_is_as_new_as_said_last_also_from_the_tables() -> None:
    """Between two words of the network lies one that changed nothing; the older one must still lose."""
    told = [
        postback("p1", status="approved", click_id=OLD, received_at=NOW, occurred_at=NOW + 10),
        postback(
            "p2", status="approved", click_id=OLD, received_at=NOW, occurred_at=NOW + 30, raw_status="ok", txid="t"
        ),
    ]
    join, tables = Join(), Tables()
    join.feed(click(OLD))
    tables.write([(0, click(OLD))], [outcome for one in told for outcome in join.feed(one)])
    (held,) = tables.facts(OLD).conversions
    assert held == join.store.states[OLD].conversions.by_id[held.conversion_id]
    late = postback("p3", status="rejected", click_id=OLD, received_at=NOW, occurred_at=NOW + 20)
    again = cold()
    again.store.states[OLD] = msgspec.structs.replace(again.store.states[OLD], waiting=())
    assert again.says(tables.facts(OLD)) == []
    assert again.says(late) == join.says(late) == ["duplicate older"]


def test_an_answer_too_long_for_a_record_keeps_the_latest_conversions() -> None:
    many = tuple(msgspec.structs.replace(made(), conversion_id=f"{n}", txid="✓" * 1024) for n in range(1000))
    told = decode_event(fitting(known(conversions=many)))
    assert isinstance(told, Facts)
    assert 100 < len(told.conversions) < 1000
    assert told.conversions == many[-len(told.conversions) :]
