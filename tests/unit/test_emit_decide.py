"""Deciding under a guard: nothing that lies on the topic stops the partition."""

import pytest
from aiokafka import ConsumerRecord

from schemas.ids import invalid_id
from schemas.records import Outcome
from schemas.wire import encode
from streams.adapters.kafka import Producer
from streams.agents import emit_decide
from streams.agents.emit_decide import RAW_BYTES, Decider
from streams.emit import routing
from tests.emit_samples import NOW, outcome, settings


def record(offset: int, value: bytes | None) -> ConsumerRecord:
    return ConsumerRecord("outcomes", 3, offset, NOW, 1, b"k", value, None, 1, 1, ())


def decider() -> Decider:
    given = settings()
    return Decider(given, 8, Producer(given.kafka))


def test_outcomes_are_decided_in_their_order() -> None:
    decided = decider().decide([record(n, encode(outcome(n))) for n in range(3)], NOW)
    assert [made.click_id for made in decided.deliveries] == ["click-0", "click-1", "click-2"]
    assert decided.invalid == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[]", "not_json"),
        (b'{"type":"click"}', "not_a_record"),
        (b'{"type":"outcome","v":2}', "newer_format"),
    ],
)
def test_bytes_that_are_no_outcome_become_invalid_with_where_they_lie(value: bytes | None, code: str) -> None:
    decided = decider().decide([record(7, value), record(8, encode(outcome(8)))], NOW)
    (bad,) = decided.invalid
    assert (bad.code, bad.invalid_id, bad.kind) == (code, invalid_id("outcomes", 3, 7), "record")
    assert "outcomes-3 at offset 7" in bad.detail
    assert [made.click_id for made in decided.deliveries] == ["click-8"]


def test_what_is_kept_of_a_bad_record_has_a_bound() -> None:
    (bad,) = decider().decide([record(7, b"x" * 10 * RAW_BYTES)], NOW).invalid
    assert len(bad.raw) == RAW_BYTES


def test_a_bug_in_routing_becomes_invalid_and_the_rest_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    route = routing.deliveries_of

    def buggy(about: Outcome, *rest: object) -> object:
        if about.version == 1:
            raise ZeroDivisionError
        return route(about, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(emit_decide, "deliveries_of", buggy)
    decided = decider().decide([record(n, encode(outcome(n))) for n in range(3)], NOW)
    assert [(bad.code, bad.detail.split(": ")[1]) for bad in decided.invalid] == [("not_routed", "ZeroDivisionError")]
    assert [made.click_id for made in decided.deliveries] == ["click-0", "click-2"]
