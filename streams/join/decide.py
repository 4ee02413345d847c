"""The decision: what becomes of each postback. Pure.

`decide(state, entry)` takes what is known of one click and the next record of the log about it, and returns what is
known then and what became of which postbacks. Nothing else goes in: policy is on the record, time is the log's, so the
same log gives the same outcomes, today and after any change of configuration.
"""

from msgspec.structs import replace

from schemas.records import Click, Facts, Forget, Postback
from schemas.values import Millis
from schemas.wire import encode
from streams.join.credit import credit
from streams.join.state import (
    EMPTY,
    MAX_WAITING,
    Conversions,
    Decided,
    Entry,
    KnownClick,
    PostbackIds,
    State,
    Waiting,
    day_of,
    is_brought,
    is_cold,
    is_dropped,
    is_repeated,
    outcome_of,
    remember,
    touch,
)

Decision = tuple[State, tuple[Decided, ...]]

_FORGOTTEN = State(forgotten=True)
_STILL_WAITING, _GIVEN_UP = 0, 1
"""Versions below that of any row: what a postback says before it is known whether it was decided once already."""


def decide(state: State, entry: Entry) -> Decision:
    """What one more record of the log makes of a click, and of which postbacks."""
    if is_dropped(state, entry.at):
        state = EMPTY
    after, outcomes = _decide(state, entry)
    if after is state or after is EMPTY:
        return after, outcomes
    return touch(after, entry.at), outcomes


def expire(state: State, deadline: Millis, at: Millis, version: int) -> Decision:
    """Turn what waits until `deadline` into orphans, at a later moment. They are attributed if the click comes."""
    outcomes: list[Decided] = []
    waiting: list[Waiting] = []
    for one in state.waiting:
        if not one.orphaned and one.deadline <= deadline:
            own = _GIVEN_UP if is_repeated(one.postback, one.began) else version + len(outcomes)
            one = Waiting(one.postback, one.deadline, True)
            outcomes.append(outcome_of("orphan", one.postback, own, at, "no_click"))
        waiting.append(one)
    if not outcomes:
        return state, ()
    after = State(state.click, state.conversions, state.decided, tuple(waiting), state.touched, state.asking)
    return touch(after, at), tuple(outcomes)


def _decide(state: State, entry: Entry) -> Decision:
    event = entry.event
    if state.forgotten:
        return _on_forgotten(state, entry)
    if isinstance(event, Postback):
        return _on_postback(state, event, entry)
    if isinstance(event, Click):
        return _on_click(state, KnownClick.of(event, entry.record), entry) if state.click is None else (state, ())
    if isinstance(event, Facts):
        return _on_facts(state, event, entry) if state.asking else (state, ())
    if isinstance(event, Forget):
        return _FORGOTTEN, ()
    return state, ()  # Tick and Epoch speak of the partition, not of a click


def _on_click(state: State, click: KnownClick, entry: Entry) -> Decision:
    """The click has come: what waited for it is decided, in the order in which it came."""
    waiting = state.waiting
    state = State(click, state.conversions, state.decided, (), day_of(entry.at))
    outcomes: list[Decided] = []
    for one in waiting:
        state, outcome = credit(state, click, one.postback, entry.version + len(outcomes), entry.at)
        outcomes.append(outcome)
    return state, tuple(outcomes)


def _on_facts(state: State, facts: Facts, entry: Entry) -> Decision:
    """A look-up answered: what ClickHouse knows comes first, then what waited is decided. Or it knows nothing."""
    if facts.forgotten:
        return _refuse(tuple(one.postback for one in state.waiting), PostbackIds(), entry)
    if facts.click is None:
        return State(None, state.conversions, state.decided, state.waiting, state.touched), ()
    conversions = Conversions().having(*facts.conversions, *state.conversions.by_id.values())
    decided = state.decided.having(*facts.decided)
    before = {*facts.decided, *(conversion.postback_id for conversion in facts.conversions)}
    waiting = tuple(one for one in state.waiting if one.postback.postback_id not in before)
    click = KnownClick.of(facts.click, encode(facts.click))
    return _on_click(State(None, conversions, decided, waiting), click, entry)


def _on_postback(state: State, postback: Postback, entry: Entry) -> Decision:
    if _is_known(state, postback.postback_id):
        return state, ()
    if state.click is not None:
        state, outcome = credit(state, state.click, postback, entry.version, entry.at)
        return state, (outcome,)
    repeated = is_repeated(postback, entry.at)
    if not postback.click_id:
        outcome = outcome_of("unattributed", postback, entry.version, entry.at, "no_click_id")
    elif len(state.waiting) >= MAX_WAITING:
        version = _GIVEN_UP if repeated else entry.version
        outcome = outcome_of("unattributed", postback, version, entry.at, "too_many_waiting")
    else:
        return _wait(state, postback, entry, _STILL_WAITING if repeated else entry.version)
    return remember(state, postback.postback_id), (outcome,)


def _wait(state: State, postback: Postback, entry: Entry, version: int) -> Decision:
    """Wait for the click, or for what ClickHouse knows of it."""
    cold = is_cold(postback.click_id, entry.at)
    asking = state.asking or cold or is_brought(postback.click_id)
    waiting = (*state.waiting, Waiting(postback, entry.at + max(postback.wait_ms, 1)))  # not before the next record
    state = State(None, state.conversions, state.decided, waiting, state.touched, asking)
    return state, (outcome_of("waiting", postback, version, entry.at, "cold" if cold else "no_click"),)


def _on_forgotten(state: State, entry: Entry) -> Decision:
    """Whatever still comes about a click that was to be forgotten: a click is not recorded, a postback not credited."""
    event = entry.event
    if isinstance(event, Forget):
        return _FORGOTTEN, ()
    if isinstance(event, Postback) and event.postback_id not in state.decided:
        return _refuse((event,), state.decided, entry)
    return state, ()


def _refuse(postbacks: tuple[Postback, ...], decided: PostbackIds, entry: Entry) -> Decision:
    """Postbacks of a click that was to be forgotten: without what their networks said of the person."""
    outcomes = tuple(
        outcome_of("unattributed", replace(one, txid="", params={}), entry.version + index, entry.at, "forgotten")
        for index, one in enumerate(postbacks)
    )
    decided = decided.having(*[one.postback_id for one in postbacks])
    return State(decided=decided, touched=day_of(entry.at), forgotten=True), outcomes


def _is_known(state: State, postback_id: str) -> bool:
    """Whether this very postback was decided before, or waits: its record was repeated."""
    if postback_id in state.decided or state.conversions.made_one(postback_id):
        return True
    return bool(state.waiting) and postback_id in [one.postback.postback_id for one in state.waiting]
