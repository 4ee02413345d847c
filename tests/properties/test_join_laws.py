"""Laws of the join: repetition, batching, crashes and lost state change nothing, and nothing is lost."""

import tempfile
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Click, Outcome, Postback
from schemas.wire import decode_outcome, encode
from streams.adapters.state import Stamp, StateStore
from streams.join.fold import fold
from streams.join.state import State
from tests.properties.logs import (
    IDS,
    as_bytes,
    as_records,
    batches,
    clicks,
    cuts,
    events_and_forgets,
    law,
    logs,
    postbacks,
    run,
    same,
    whole,
)
from tests.support.join_samples import NOW, DictStates, Logged, click, postback
from tests.support.verdicts import conversions, judged, money, rows, verdict_of

STAMP = Stamp(1, "topic")
WORDS = (
    *("attributed", "updated", "duplicate same", "duplicate older", "duplicate repeat_ignored", "refund"),
    *("waiting no_click", "orphan no_click", "late outside_window"),
    *("unattributed network_may_not_credit", "unattributed forgotten"),
)


@law()
@given(logs(events_and_forgets))
def test_the_oracle_says_the_same(log: list[Logged]) -> None:
    outcomes, _ = whole(as_records(log))
    assert [verdict_of(one) for one in outcomes] == judged(as_records(log)).verdicts


@law()
@given(logs(events_and_forgets), cuts)
def test_batches_of_any_size_make_the_same_outcomes_and_the_same_state(log: list[Logged], at: list[int]) -> None:
    expected, state = whole(as_records(log))
    store = DictStates()
    assert as_bytes(run(store, batches(as_records(log), at))) == as_bytes(expected)
    assert not log or same(store, state)


@law()
@given(logs(events_and_forgets), cuts, st.lists(st.sampled_from([None, b"", b"c1", b"pops:1", b"\xff"]), min_size=40))
def test_a_key_that_is_not_the_click_id_changes_nothing(
    log: list[Logged], at: list[int], keys: list[bytes | None]
) -> None:
    """Others may write into `events`: what counts is what a record says."""
    expected, state = whole(as_records(log))
    store = DictStates()
    wrong = [replace(one, key=key) for one, key in zip(as_records(log), keys, strict=False)]
    assert as_bytes(run(store, batches(wrong, at))) == as_bytes(expected)
    assert not log or same(store, state)


@law()
@given(logs(), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=8))
def test_repeated_records_change_no_outcome(log: list[Logged], repeats: list[tuple[int, int]]) -> None:
    """A network, a client or a producer that sends something again: later, and any number of times."""
    longer = list(log)
    for which, later in sorted(repeats, key=lambda pair: -pair[1]):
        if which < later < len(log):
            longer.insert(later, (log[later - 1][0], log[which][1]))
    expected, _ = whole(as_records(log))
    repeated, _ = whole(as_records(longer))
    assert _undated(repeated) == _undated(expected)
    assert conversions(repeated) == conversions(expected)


@law()
@given(logs(events_and_forgets), cuts, st.integers(0, 40), st.integers(0, 40))
def test_a_crash_between_sending_and_writing_sends_the_same_again(
    log: list[Logged], at: list[int], written: int, sent: int
) -> None:
    """Killed anywhere, with a state of any age: everything above it is sent again, with the same IDs and versions."""
    records = as_records(log)
    everything, state = whole(records)
    store = DictStates()
    before = run(store, batches(records[:written], at))
    run(store.copy(), batches(records[written : written + sent], at))  # sent, and then its state was lost
    after = run(store, batches(records[written:], at))
    assert as_bytes(before + after) == as_bytes(everything)
    assert not log or same(store, state)


@law()
@given(logs(events_and_forgets), st.integers(0, 40), st.integers(0, 40), cuts)
def test_a_worker_with_old_state_or_none_goes_on_as_if_nothing_had_been(
    log: list[Logged], old: int, committed: int, at: list[int]
) -> None:
    """It folds silently up to what was committed, and sends from there."""
    records = as_records(log)
    begin, start = sorted((min(old, len(log)), min(committed, len(log))))
    everything, state = whole(records)
    sent_before, _ = whole(records[:start])
    store = DictStates()
    run(store, batches(records[:begin], at))  # the old state; with begin = 0 none
    run(store, batches(records[begin:start], at))  # silently
    sent_after = run(store, batches(records[start:], at))
    assert as_bytes(sent_before + sent_after) == as_bytes(everything)
    assert not log or same(store, state)


@law()
@given(clicks, st.lists(postbacks(st.just("c1")), max_size=20), st.integers(0, 20), st.sampled_from([0, 1, 10]))
def test_a_click_before_or_after_its_postbacks_makes_the_same_conversions(
    its: Click, told: list[Postback], place: int, pace: int
) -> None:
    """Also of those that were orphans meanwhile."""
    its_click = msgspec.structs.replace(its, click_id="c1")
    moments: list[Logged] = [(NOW + pace * number, one) for number, one in enumerate(told)]
    first = [(NOW, its_click), *moments]
    later = [*moments[:place], (NOW + pace * place, its_click), *moments[place:]]
    outcomes, state = whole(as_records(first))
    turned, turned_state = whole(as_records(later))
    assert conversions(turned) == conversions(outcomes)
    assert turned_state.get(["c1"])[0].conversions == state.get(["c1"])[0].conversions
    assert _final_words(turned) == _final_words(outcomes)


@law()
@given(logs())
def test_every_distinct_postback_ends_in_exactly_one_outcome(log: list[Logged]) -> None:
    outcomes, _ = whole(as_records(log))
    came = {event.postback_id for _, event in log if isinstance(event, Postback)}
    assert set(rows(outcomes)) == came
    versions = [(one.postback.postback_id, one.version) for one in outcomes]
    assert len(set(versions)) == len(versions), "two outcomes of a postback cannot be told apart"
    assert [one.version for one in outcomes] == sorted(one.version for one in outcomes)
    assert rows(outcomes) == judged(as_records(log)).last_words()


@law()
@given(logs())
def test_money_is_exact(log: list[Logged]) -> None:
    outcomes = [decode_outcome(encode(one)) for one in whole(as_records(log))[0]]
    oracle = judged(as_records(log))
    assert money(conversions(outcomes).values()) == oracle.total()
    assert all(str(sale[7]) == str(conversions(outcomes)[id_][7]) for id_, sale in oracle.conversions().items())


@law(40)
@given(logs(events_and_forgets), cuts, cuts)
def test_the_store_on_disk_is_the_dict(log: list[Logged], at: list[int], closed_at: list[int]) -> None:
    """RocksDB, closed and opened again at any place."""
    records = as_records(log)
    expected, state = whole(records)
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(Path(folder) / "state", STAMP)
        outcomes: list[Outcome] = []
        for batch in batches(records, at):
            folded = fold(store.position, batch, store)
            outcomes += folded.outcomes
            store.write(folded)
            if batch[-1].offset in closed_at:
                store.close()
                store = StateStore(Path(folder) / "state", STAMP)
        assert as_bytes(outcomes) == as_bytes(expected)
        assert store.position == state.position
        ids = ["c1", "pops:1", "push:1", "nobody"]
        assert store.get(ids) == state.get(ids)
        assert list(store.deadlines(-1, 1 << 62)) == sorted(state.waiting)
        ahead = [deadline for deadline, _ in state.waiting if deadline > state.position.time]
        assert store.next_deadline() == min(ahead, default=None)
        assert len(ahead) == len(state.waiting), "a moment has passed and nobody noticed"
        store.close()


@law(40)
@given(st.lists(st.decimals("-9999999999999999", "9999999999999999", places=8), max_size=5), IDS)
def test_an_amount_comes_through_topic_and_state_as_it_was_written(amounts: list[Decimal], click_id: str) -> None:
    told = [postback(f"p{n}", f"e{n}", click_id=click_id, payout=amount) for n, amount in enumerate(amounts)]
    log: list[Logged] = [(NOW, click(click_id)), *((NOW, one) for one in told)]
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(Path(folder) / "state", STAMP)
        store.write(folded := fold(store.position, as_records(log), store))
        kept: State = store.get([click_id])[0]
        store.close()
    sent = [decode_outcome(encode(one)).conversion for one in folded.outcomes]
    assert [str(one.payout) for one in sent if one] == [str(amount) for amount in amounts]
    assert [str(one.payout) for one in kept.conversions.by_id.values()] == [str(amount) for amount in amounts]


def _undated(outcomes: list[Outcome]) -> list[tuple[object, ...]]:
    """Without offsets: a repetition moves what comes after it."""
    told = [verdict_of(one) for one in outcomes]
    return [(v.postback_id, v.outcome, v.reason, v.repeats, v.previous_status, v.sale, v.campaign) for v in told]


def _final_words(outcomes: list[Outcome]) -> dict[str, tuple[str, str, str]]:
    return {id_: (row.outcome, row.reason, row.repeats) for id_, row in rows(outcomes).items()}


def test_the_logs_of_these_laws_have_everything_in_them() -> None:
    """A law that is tried on half of the rules holds half of them."""
    seen = Counter[str]()

    @law(200)
    @given(logs(events_and_forgets))
    def look(log: list[Logged]) -> None:
        outcomes, _ = whole(as_records(log))
        seen.update({f"{one.outcome} {one.reason}".strip() for one in outcomes})
        seen.update({"refund" for one in outcomes if one.conversion and one.conversion.is_refund})

    look()
    rare = {word: seen[word] for word in WORDS if seen[word] < 5}
    assert not rare, seen
