"""The fold of one partition: a batch of records over the states of its clicks. Pure but for the store it reads."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import structlog
from aiokafka import ConsumerRecord

from schemas.records import Epoch, Event, Invalid
from schemas.unusable import unusable
from schemas.values import Millis
from schemas.versions import MAX_INDEX, version
from schemas.whose import whose
from schemas.wire import WireError, decode_event
from streams.join.decide import decide, expire
from streams.join.state import EMPTY, MAX_WAITING, Decided, Entry, State, is_dropped

log = structlog.get_logger(__name__)

_LAST_EXPIRY = MAX_INDEX - 2 * MAX_WAITING
"""Where more than fit expire at once they share this index: each is another row. The record's own come after it."""


class Position(NamedTuple):
    """Where a partition's state stands."""

    next: int = 0  # the offset of the next record to fold
    time: Millis = 0  # the running maximum of LogAppendTime
    epoch: int = 0


Deadline = tuple[Millis, str]
"""A click ID for which something waits until a moment."""


class States(Protocol):
    """What the fold reads: the states as they were written with the last batch."""

    def get(self, click_ids: Sequence[str]) -> list[State]:
        """The states of clicks, EMPTY for those unknown."""

    def deadlines(self, after: Millis, until: Millis) -> Iterable[Deadline]:
        """What waits until a moment in (after, until], in order."""


class Folded(NamedTuple):
    """What a batch makes: outputs to send, and then states to write together with the position."""

    outcomes: list[Decided]
    invalid: list[Invalid]
    states: Mapping[str, State]
    added: set[Deadline]
    removed: set[Deadline]
    position: Position
    touched: Mapping[int, Sequence[str]] = {}  # by day: clicks whose state is to be kept from that day on
    asking: Sequence[str] = ()  # clicks that ClickHouse is to be asked about from now on
    answered: Sequence[str] = ()  # and no longer


def fold(position: Position, records: Sequence[ConsumerRecord], states: States) -> Folded:
    """Fold a batch of records, ascending and without holes. Never raises on data."""
    return _Batch(position, records, states).fold()


class _Batch:
    """One call of `fold`: the states it has touched, and what is due while it goes through the records."""

    def __init__(self, position: Position, records: Sequence[ConsumerRecord], states: States) -> None:
        self.records, self.states = records, states
        self.next, self.time, self.epoch = position
        self.outcomes: list[Decided] = []
        self.invalid: list[Invalid] = []
        latest = max(self.time, max([record.timestamp for record in records]))
        self.due = list(states.deadlines(self.time, latest))
        self.latest = latest
        ids = list(_told_by_keys(records).union([click_id for _, click_id in self.due]))
        self.before = dict(zip(ids, states.get(ids), strict=True))
        self.after = dict(self.before)

    def fold(self) -> Folded:
        for record in self.records:
            if record.timestamp > self.time:
                self.time = record.timestamp
            index = self._expire(record) if self.due and self.due[0][0] <= self.time else 0
            event = self._read(record)
            if event is not None:
                self._decide(record, event, index)
        return self._changes()

    def _changes(self) -> Folded:
        before = self.before
        changed = {id_: state for id_, state in self.after.items() if state is not before[id_]}
        had = _deadlines((id_, before[id_]) for id_ in changed if before[id_].waiting)
        has = _deadlines((id_, state) for id_, state in changed.items() if state.waiting)
        touched: dict[int, list[str]] = {}
        for id_, state in changed.items():
            if state.touched != before[id_].touched:
                touched.setdefault(state.touched, []).append(id_)
        return Folded(
            outcomes=self.outcomes,
            invalid=self.invalid,
            states=changed,
            added=has - had,
            removed=had - has,
            position=Position(self.records[-1].offset + 1, self.time, self.epoch),
            touched=touched,
            asking=[id_ for id_, state in changed.items() if state.asking and not self._asked(before[id_])],
            answered=[id_ for id_, state in changed.items() if not state.asking and before[id_].asking],
        )

    def _asked(self, before: State) -> bool:
        return before.asking and not is_dropped(before, self.time)

    def _read(self, record: ConsumerRecord) -> Event | None:
        try:
            return decode_event(record.value)
        except WireError as error:
            self._refuse(record, error.code, str(error))
            return None

    def _expire(self, record: ConsumerRecord) -> int:
        """Let time pass before the record is decided. Returns the index of the record's own first outcome."""
        made = 0
        while self.due and self.due[0][0] <= self.time:
            # What was decided meanwhile still lies in the heap: only what waits until this very moment may go now, or
            # the order of orphans would depend on where a batch begins.
            deadline, click_id = heapq.heappop(self.due)
            at = version(self.epoch, record.offset, min(made, _LAST_EXPIRY))
            self.after[click_id], outcomes = expire(self.after[click_id], deadline, self.time, at)
            self.outcomes.extend(outcomes)
            made += len(outcomes)
        return min(made, _LAST_EXPIRY + MAX_WAITING)

    def _decide(self, record: ConsumerRecord, event: Event, index: int) -> None:
        if isinstance(event, Epoch):
            self.epoch = event.epoch
            return
        click_id = getattr(event, "click_id", "")
        before = self._state(click_id)
        try:
            entry = Entry(event, self.time, version(self.epoch, record.offset, index), record.value)
            state, outcomes = decide(before, entry)
        except Exception as error:  # a bug of ours must cost one record, not the partition
            where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            log.exception("record_failed", **where, **whose(record.value))
            self._refuse(record, "failed", f"{type(error).__name__}: {error}")
            return
        if not click_id:  # of no click: there is nothing to remember
            self.outcomes.extend(outcomes)
            return
        self.after[click_id] = state
        self.outcomes.extend(outcomes)
        if outcomes and outcomes[-1].outcome == "waiting":
            deadline = state.waiting[-1].deadline
            if deadline <= self.latest:
                heapq.heappush(self.due, (deadline, click_id))

    def _state(self, click_id: str) -> State:
        """What is known of a click now. A record whose key is not its click ID has its state read alone."""
        state = self.after.get(click_id)
        if state is None:
            state = self.before[click_id] = self.after[click_id] = self.states.get([click_id])[0] if click_id else EMPTY
        return state

    def _refuse(self, record: ConsumerRecord, code: str, detail: str) -> None:
        where = (record.topic, record.partition, record.offset)
        self.invalid.append(unusable("record", code, detail, where, record.timestamp, record.value))


def _told_by_keys(records: Sequence[ConsumerRecord]) -> set[str]:
    """The clicks that a batch is about, most likely.

    So each record is read when its turn comes, and is gone before the next: all of a batch at once are more than the
    processor keeps near, and cost a sixth more.
    """
    return {key.decode(errors="replace") for key in {record.key for record in records} if key}


def _deadlines(states: Iterable[tuple[str, State]]) -> set[Deadline]:
    """Of everything that still waits in these states."""
    return {(one.deadline, click_id) for click_id, state in states for one in state.waiting if not one.orphaned}
