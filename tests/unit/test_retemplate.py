"""What waits may take the present template: same ID, same time, another request; what has ended never does."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.records import Delivery, Resend
from schemas.wire import encode
from streams.adapters.pending_store import PendingStore
from streams.adapters.state import Stamp
from streams.emit.pending import Step, id_of, rank_of
from streams.emit.retemplate import caught_up, retemplated
from streams.emit.retry import Answer, after_attempt
from streams.emit.routes import routes_of
from streams.emit.routing import deliveries_of
from streams.emit.wishes import resent
from tests.emit_samples import NOW, outcome, settings

OLD = {"*": {"url": "https://pops.example/old?c={source_click_id}", "delay": "1h"}}
NEW = {"*": {"url": "https://pops.example/new?c={source_click_id}&d={delivery_id}"}}
LATER = NOW + 1000


def scheduled(**fields: Any) -> Delivery:
    (made,) = deliveries_of(outcome(), routes_of(settings(OLD)), NOW, 0, 7)
    return msgspec.structs.replace(made, **fields)


def anew(waiting: Delivery, postbacks: dict[str, Any] = NEW, **source: Any) -> Delivery | None:
    return retemplated(waiting, outcome(), routes_of(settings(postbacks, source=source)), LATER)


def test_it_keeps_its_id_and_its_time_and_says_why_it_changed() -> None:
    old = scheduled()
    made = anew(old)
    assert made is not None
    assert made.url == f"https://pops.example/new?c=their-1&d={old.delivery_id}"
    assert (made.delivery_id, made.next_attempt_at, made.attempt) == (old.delivery_id, NOW + 3_600_000, 0)
    assert (made.state, made.at, made.outcome_at) == ("scheduled", LATER, 7)
    assert made.reason.startswith("retemplated: ")


def test_between_two_attempts_the_count_of_attempts_goes_on() -> None:
    failed = after_attempt(scheduled(), Answer(503, "", 5), (0, 5000, 5000), jitter=0.5, now_ms=NOW, worker="w")
    made = anew(failed)
    assert made is not None
    assert (made.attempt, made.code, made.next_attempt_at) == (1, 0, failed.next_attempt_at)
    assert rank_of(failed) < rank_of(made)
    assert rank_of(made) < rank_of(after_attempt(made, Answer(503, "", 5), (0,), jitter=0, now_ms=NOW, worker="w"))


def test_a_resend_is_known_to_the_source_by_the_id_it_had() -> None:
    old = scheduled(state="failed")
    made = anew(resent(Resend(resend_id="f" * 32, delivery=old, asked_at=NOW), NOW))
    assert made is not None
    assert made.delivery_id == "f" * 32
    assert made.url.endswith(f"&d={old.delivery_id}")


def test_what_the_template_says_as_before_stays_as_it_is() -> None:
    assert anew(scheduled(), OLD) is None


def test_what_cannot_be_told_any_more_ends_with_its_reason_and_what_lacks_a_rate_waits_on() -> None:
    removed = anew(scheduled(), {"trial": NEW["*"]})
    assert removed is not None
    assert (removed.state, removed.reason.split(":")[0]) == ("cancelled", "event_removed")
    goal = anew(scheduled(), {"*": {"url": "https://pops.example/?g={goal}"}})
    assert goal is not None
    assert (goal.state, goal.reason.split(":")[0]) == ("not_sendable", "no_goal")
    assert anew(scheduled(), {"*": {"url": "https://pops.example/?p={payout}", "currency": "EUR"}}) is None


def test_an_attempt_that_was_under_way_is_repeated_by_the_new_template() -> None:
    old = scheduled()
    made = anew(old)
    assert made is not None
    result = after_attempt(old, Answer(503, "", 5), (0, 5000, 5000), jitter=0.5, now_ms=NOW, worker="w")
    after = caught_up(result, made)
    assert (after.url, after.attempt, after.state, after.code) == (made.url, 1, "retry", 503)
    done = after_attempt(old, Answer(200, "", 5), (0,), jitter=0.5, now_ms=NOW, worker="w")
    assert caught_up(done, made) == done


@pytest.mark.parametrize("repeat", [False, True])
def test_the_store_takes_up_the_new_request_in_place_of_the_old_one(tmp_path: Path, repeat: bool) -> None:
    store = PendingStore(tmp_path / "state", Stamp(8, "topic"))
    old = scheduled()
    made = anew(old)
    assert made is not None
    told = [old, made, old, made] if repeat else [old, made]
    store.fold([Step(n, id_of(one), one, encode(one)) for n, one in enumerate(told)], len(told))
    due = store.due("source/pops", b"", NOW + 3_600_000, 9, lambda _: False).entries
    assert [entry.delivery.url for entry in due] == [made.url]
    assert store.pending == 1
    assert store.waiting(store.known([id_of(old)])) == {id_of(old): made}
    store.close()
