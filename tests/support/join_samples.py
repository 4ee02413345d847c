"""Clicks, postbacks and logs for the tests of the join."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from aiokafka import ConsumerRecord

from schemas.records import Click, Event, Facts, Outcome, Postback, Tick
from schemas.topics import EVENTS
from schemas.values import Millis
from schemas.wire import decode_event, decode_outcome, encode
from streams.join.fold import Deadline, Folded, Position, fold
from streams.join.state import EMPTY, Decided, State

NOW = 1_700_000_000_000
HOUR = 3_600_000
WAIT = 24 * HOUR
USD = "USD"

Logged = tuple[Millis, Event | bytes]
"""What lies in the log: when it was appended, and a record or bytes that are none."""


def click(click_id: str = "c1", **fields: Any) -> Click:
    """A click of the source "pops" at NOW, changed by what is given."""
    told: dict[str, Any] = {
        "click_id": click_id,
        "clicked_at": NOW,
        "received_at": NOW,
        "campaign": "spring",
        "source": "pops",
    }
    return Click(**(told | fields))


def postback(postback_id: str = "p1", event: str = "install", **fields: Any) -> Postback:
    """An approved install of the click c1 from the network "acme", an hour after NOW, changed by what is given."""
    told: dict[str, Any] = {
        "postback_id": postback_id,
        "click_id": "c1",
        "event": event,
        "network": "acme",
        "received_at": NOW + HOUR,
        "wait_ms": WAIT,
    }
    if isinstance(fields.get("payout"), str):
        fields = {"currency": USD} | fields | {"payout": Decimal(fields["payout"])}
    return Postback(**(told | fields))


def facts(click_id: str = "c1", **fields: Any) -> Facts:
    """The answer of a look-up."""
    return Facts(click_id=click_id, **fields)


def record(offset: int, at: Millis, event: Event | bytes | None, partition: int = 0) -> ConsumerRecord:
    """A record as Kafka delivers it."""
    value = event if isinstance(event, bytes) or event is None else encode(event)
    key = getattr(event, "click_id", "").encode() or None
    return ConsumerRecord(EVENTS, partition, offset, at, 1, key, value, None, len(key or b""), len(value or b""), ())


def records(log: Iterable[Logged]) -> list[ConsumerRecord]:
    """A log from offset 0."""
    return [record(offset, at, event) for offset, (at, event) in enumerate(log)]


def read(outcomes: Iterable[Decided]) -> list[Outcome]:
    """What the join made, as others read it."""
    return [decode_outcome(encode(one)) for one in outcomes]


def click_in(state: State) -> Click | None:
    """The click that is known."""
    if state.click is None:
        return None
    known = decode_event(state.click.record)
    assert isinstance(known, Click)
    return known


class DictStates:
    """The states of a partition in a dict: what StateStore is, without a disk."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.waiting: set[Deadline] = set()
        self.position = Position()

    def get(self, click_ids: Sequence[str]) -> list[State]:
        return [self.states.get(click_id, EMPTY) for click_id in click_ids]

    def deadlines(self, after: Millis, until: Millis) -> Iterable[Deadline]:
        return sorted(one for one in self.waiting if after < one[0] <= until)

    def write(self, folded: Folded) -> None:
        for click_id, state in folded.states.items():
            if state == EMPTY:
                self.states.pop(click_id, None)
            else:
                self.states[click_id] = state
        assert folded.removed <= self.waiting, "a deadline was removed that was not there"
        self.waiting = (self.waiting - folded.removed) | folded.added
        self.position = folded.position

    def copy(self) -> "DictStates":
        other = DictStates()
        other.states, other.waiting, other.position = dict(self.states), set(self.waiting), self.position
        return other


class Join:
    """A partition that is fed record by record: what a test of a rule needs."""

    def __init__(self) -> None:
        self.store = DictStates()
        self.at = NOW
        self.refused: list[str] = []  # codes of the invalid ones

    def feed(self, event: Event | bytes | None, after: Millis = 1) -> list[Outcome]:
        """Append one record `after` so many milliseconds; what it made."""
        self.at += after
        folded = fold(self.store.position, [record(self.store.position.next, self.at, event)], self.store)
        self.store.write(folded)
        self.refused += [one.code for one in folded.invalid]
        return read(folded.outcomes)

    def says(self, event: Event | bytes | None, after: Millis = 1) -> list[str]:
        """The same, told in words: "duplicate same" is the outcome and its reason."""
        return [f"{one.outcome} {one.reason}".strip() for one in self.feed(event, after)]

    def passes(self, time: Millis) -> list[str]:
        """Let time pass."""
        return self.says(Tick(), time)

    def conversions(self, click_id: str = "c1") -> list[tuple[str, str, Decimal | None, str]]:
        """(event, status, payout, currency) of what is held."""
        held = self.store.get([click_id])[0].conversions.by_id.values()
        return [(one.event, one.status, one.payout, one.currency) for one in held]


def clicked(**fields: Any) -> Join:
    """A partition where the click c1 has come."""
    join = Join()
    assert join.feed(click(**fields)) == []
    return join
