"""The load of the benches: realistic, the same every time, and its expected outcomes are what the join makes of it."""

import json
from collections import Counter
from dataclasses import asdict

from bench.backlog import SEED, Backlog
from schemas.wire import decode_event
from streams.join.decide import decide
from streams.join.state import EMPTY, Entry, State

_RECORDS = 20_000


def test_the_join_makes_of_it_what_is_expected() -> None:
    backlog = Backlog(_RECORDS)
    states: dict[str, State] = {}
    words: Counter[str] = Counter()
    for offset, (key, value) in enumerate(backlog):
        click_id = key.decode()
        entry = Entry(decode_event(value), 0, offset << 16, value)
        states[click_id], outcomes = decide(states.get(click_id, EMPTY), entry)
        words.update(outcome.outcome for outcome in outcomes)
    assert words == asdict(backlog.expected)


def test_it_has_early_and_repeated_postbacks_in_the_shares_it_says() -> None:
    backlog = Backlog(_RECORDS)
    records = [json.loads(value) for _, value in backlog]
    postbacks = [record for record in records if record["type"] == "postback"]
    assert abs(len(records) - _RECORDS) < _RECORDS * 0.02
    assert 1.15 < len(postbacks) / backlog.clicks < 1.35
    conversions = {(postback["click_id"], postback["event"]) for postback in postbacks}
    assert 0.02 < len(postbacks) / len(conversions) - 1 < 0.04
    assert 0.08 < backlog.expected.waiting / len(postbacks) < 0.12


def test_it_is_the_same_every_time() -> None:
    assert list(Backlog(2_000)) == list(Backlog(2_000, SEED))
    assert list(Backlog(2_000)) != list(Backlog(2_000, SEED + 1))
