"""Deciding under a guard: nothing that lies on the topic stops the partition."""

import pytest
from aiokafka import ConsumerRecord

from schemas.ids import invalid_id
from schemas.records import Cancel, Outcome, Resend
from schemas.wire import encode
from streams.adapters.producer import Producer
from streams.agents import emit_decide
from streams.agents.emit_decide import RAW_BYTES, Decider
from streams.emit import routing
from streams.emit.pending import Standing, id_of, rank_of
from streams.emit.wishes import cancelled
from tests.emit_samples import NOW, delivery, outcome, settings


def record(offset: int, value: bytes | None) -> ConsumerRecord:
    return ConsumerRecord("outcomes", 3, offset, NOW, 1, b"k", value, None, 1, 1, ())


def decider() -> Decider:
    given = settings()
    return Decider(given, 8, Producer(given.kafka))


def test_outcomes_are_decided_in_their_order() -> None:
    decided = decider().decide([record(n, encode(outcome(n))) for n in range(3)], NOW)
    assert [made.click_id for made in decided.deliveries] == ["click-0", "click-1", "click-2"]
    assert decided.invalid == []


AGAIN = f"{7:032x}"


def test_a_resend_is_a_delivery_of_its_own_with_the_same_request() -> None:
    old = delivery(1, "failed", 8, code=404, reason="http_404", headers={"A": "b"}, body="x", worker="w")
    (made,) = decider().decide([record(1, encode(Resend(resend_id=AGAIN, delivery=old, asked_at=NOW)))], NOW).deliveries
    assert (made.delivery_id, made.resends, made.reason) == (AGAIN, old.delivery_id, f"resend of {old.delivery_id}")
    assert (made.state, made.attempt, made.next_attempt_at, made.code, made.worker) == ("scheduled", 0, NOW, 0, "")
    assert (made.url, made.headers, made.body) == (old.url, old.headers, old.body)


def test_what_never_had_a_request_cannot_be_sent_again() -> None:
    old = delivery(1, "not_sendable", url="", next_attempt_at=0)
    (made,) = decider().decide([record(1, encode(Resend(resend_id=AGAIN, delivery=old, asked_at=NOW)))], NOW).deliveries
    assert (made.state, made.next_attempt_at, made.reason.split(":")[0]) == ("not_sendable", 0, "nothing_to_send")


def test_a_request_about_an_id_that_is_none_becomes_invalid() -> None:
    wrong = [
        Resend(resend_id="no", delivery=delivery(1), asked_at=NOW),
        Cancel(delivery=delivery(1, delivery_id="no"), asked_at=NOW),
    ]
    decided = decider().decide([record(n, encode(one)) for n, one in enumerate(wrong)], NOW)
    assert (decided.deliveries, decided.cancels) == ([], [])
    assert [one.code for one in decided.invalid] == ["not_routed", "not_routed"]


def test_only_what_waits_can_be_cancelled() -> None:
    waits, tried, ended, unknown = (Cancel(delivery=delivery(n), asked_at=NOW, reason="sold out") for n in range(4))
    known = {
        id_of(waits.delivery): Standing(rank_of(delivery(0)), b"q"),
        id_of(tried.delivery): Standing(rank_of(delivery(1, "retry", 2)), b"q"),
        id_of(ended.delivery): Standing(0xFFFF),
    }
    made = cancelled([waits, waits, tried, ended, unknown], known, NOW + 1)
    assert [(one.delivery_id, one.state, one.attempt, one.next_attempt_at) for one in made] == [
        (waits.delivery.delivery_id, "cancelled", 0, 0),
        (tried.delivery.delivery_id, "cancelled", 2, 0),
    ]
    assert {(one.reason, one.at) for one in made} == {("by_hand: sold out", NOW + 1)}


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
