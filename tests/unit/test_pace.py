"""How a destination says for itself how attempts at it are made."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.requests import Terms
from schemas.settings.file import Settings
from schemas.settings.request_rates import RequestRate
from schemas.settings.sending import Sending
from schemas.settings.servers import Emit
from streams.emit.pace import BURST, Meter, Pace, Paces
from streams.emit.retry import Answer, after_attempt
from streams.emit.routes import manners_of, routes_of
from streams.emit.routing import deliveries_of
from tests.emit_samples import NOW, delivery, outcome, settings

EMIT = Emit(schedule=(0, 5_000), concurrency=64, connect_timeout=3_000, timeout=10_000)


def paces(sending: dict[str, Any]) -> Paces:
    return Paces({"source/pops": Sending.model_validate(sending)}, EMIT)


def sent_in(seconds: float, rate: str, share: float) -> int:
    """How many a meter lets through when it is asked every 20 ms."""
    limit = Sending.model_validate({"rate": rate}).rate
    assert limit is not None
    meter, sent = Meter(), 0
    for tick in range(round(seconds / 0.02)):
        while meter.room(tick * 0.02):
            meter.took(limit, share, tick * 0.02)
            sent += 1
    return sent


def test_a_destination_says_for_itself_how_it_is_told_and_else_it_is_as_for_all() -> None:
    own = {"schedule": ["1s", "2s"], "concurrency": 2, "connect_timeout": "1s", "timeout": "30s", "rate": "5/s"}
    found = paces(own | {"repeat_unanswered": False})
    assert found.of("source/pops") == Pace((1_000, 2_000), 2, Terms(1_000, 30_000, False), RequestRate(5, 1))
    assert found.of("source/other") == paces({}).of("source/pops") == Pace((0, 5_000), 64, Terms(3_000, 10_000))


def test_every_kind_of_destination_may_say_it() -> None:
    sending = {"concurrency": 2}
    tree = {
        "sources": {"pops": {"postbacks": {"*": {"url": "https://pops.example/"}}, "sending": sending}},
        "partners": {"bob": {"shares": {"*": "70%"}, "sending": sending}},
        "webhooks": {"crm": {"url": "https://crm.example/", "secret": "whsec_" + "A" * 32, "sending": sending}},
    }
    found = manners_of(Settings.model_validate(tree)).sendings
    assert {name: one.concurrency for name, one in found.items()} == {
        "source/pops": 2,
        "partner/bob": 2,
        "webhook/crm": 2,
    }


def test_the_first_attempt_waits_as_the_destination_says() -> None:
    for sending, wait in (({}, 0), ({"schedule": ["3s", "1m"]}, 3_000)):
        configured = settings(source={"sending": sending})
        (made,) = deliveries_of(outcome(), routes_of(configured), NOW, 0)
        assert made.next_attempt_at == NOW + wait


@pytest.mark.parametrize(("rate", "share", "most"), [("50/s", 1.0, 500), ("50/s", 0.25, 125), ("600/min", 1.0, 100)])
def test_a_rate_is_kept_and_a_worker_has_as_much_of_it_as_of_the_partitions(rate: str, share: float, most: int) -> None:
    burst = most / 10 * BURST + 1
    assert most - 1 <= sent_in(10.0, rate, share) <= most + burst


def test_a_destination_that_was_quiet_is_not_told_all_it_has_missed_at_once() -> None:
    meter, rate, sent = Meter(), RequestRate(10, 1), 0
    while meter.room(3600.0):
        meter.took(rate, 1.0, 3600.0)
        sent += 1
    assert sent == 2


@pytest.mark.parametrize(
    ("problem", "state"), [("timeout", "failed"), ("connection_lost", "failed"), ("connect_timeout", "retry")]
)
def test_an_attempt_that_may_have_been_taken_is_not_repeated_where_the_destination_says_so(
    problem: str, state: str
) -> None:
    before, answer = delivery(), Answer(0, problem, 5)
    facts: dict[str, Any] = {"jitter": 0.5, "now_ms": NOW, "worker": "w"}
    assert after_attempt(before, answer, (0, 1_000), **facts).state == "retry"
    made = after_attempt(before, answer, (0, 1_000), **facts, repeat_unanswered=False)
    assert (made.state, bool(made.next_attempt_at)) == (state, state == "retry")
    assert made.reason.startswith(problem)


@pytest.mark.parametrize(
    ("sending", "said"),
    [
        ({"schedule": ["5s", "0s"]}, "at least as long as the one before"),
        ({"schedule": ["0s", "15d"]}, "waits are at most 14d"),
        ({"schedule": []}, "at least 1 item"),
        ({"concurrency": 0}, "greater than or equal to 1"),
        ({"rate": "fast"}, "50/s"),
    ],
)
def test_what_cannot_be_meant_does_not_load(sending: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Sending.model_validate(sending)
    if "schedule" in sending:
        with pytest.raises(ValidationError, match=said):
            Emit.model_validate(sending)
