"""What is known of one click. Pure."""

import msgspec

from schemas.ids import clicked_at_of
from schemas.records import Click, Conversion, Event, Labels, Outcome, Postback
from schemas.values import Millis, OutcomeWord

LAYOUT = 4
"""Raised when the shape of a State changes: what lies on a disk in another one is folded anew."""

MAX_CONVERSIONS = 1000
"""Conversions of one click; what comes beyond is unattributed."""
MAX_WAITING = 100
"""Postbacks that wait for one click; what comes beyond is unattributed."""
MAX_DECIDED = 4096
"""Remembered IDs of a click's decided postbacks that made no conversion, at least; see docs/guarantees.md."""

DAY_MS = 86_400_000
KEEP_DAYS = 7
"""Days of the log's time for which a state is kept after the day it was touched last. Then it is EMPTY."""


_MANY = 50  # conversions beyond which looking through them takes too long
_LOT = 128


class Conversions(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was credited to one click. Never changed in place."""

    by_id: dict[str, Conversion] = {}
    makers: frozenset[str] = frozenset()  # where they are many: the postbacks that made them

    def made_one(self, postback_id: str) -> bool:
        """Whether one of them was made by this postback."""
        if self.makers:
            return postback_id in self.makers
        for conversion in self.by_id.values():  # noqa: SIM110 - a generator takes twice as long
            if conversion.postback_id == postback_id:
                return True
        return False

    def having(self, *more: Conversion) -> "Conversions":
        """These and others, or a later state of one of them."""
        by_id = self.by_id | {one.conversion_id: one for one in more}
        if len(by_id) <= _MANY:
            return Conversions(by_id)
        made = more if self.makers else by_id.values()
        return Conversions(by_id, self.makers.union([one.postback_id for one in made]))


class PostbackIds(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Those of decided postbacks that made no conversion: the record of one may be repeated. Never changed in place."""

    latest: tuple[str, ...] = ()
    earlier: tuple[frozenset[str], ...] = ()  # where they are many: in lots, so that one more is not as dear as all

    def __contains__(self, postback_id: object) -> bool:
        """Whether this one was decided."""
        if postback_id in self.latest:
            return True
        for lot in self.earlier:  # noqa: SIM110 - a generator takes twice as long
            if postback_id in lot:
                return True
        return False

    def having(self, *more: str) -> "PostbackIds":
        """These and others; of very many, the first are forgotten."""
        latest = self.latest + more
        if len(latest) < _LOT:
            return PostbackIds(latest, self.earlier)
        return PostbackIds((), (*self.earlier, frozenset(latest))[-(MAX_DECIDED // _LOT) :])


class KnownClick(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A click as it is kept: what a decision asks of it, and the whole as the bytes that go into its outcomes.

    So no postback has all of it read and written again.
    """

    clicked_at: Millis
    may_credit: tuple[str, ...]
    payouts: Labels
    payout_fixed: bool
    is_test: bool
    record: bytes  # a Click

    @classmethod
    def of(cls, click: Click, record: bytes) -> "KnownClick":
        """What is kept of a click, whose bytes are `record`."""
        return cls(click.clicked_at, click.may_credit, click.payouts, click.payout_fixed, click.is_test, record)


class Decided(Outcome, frozen=True, tag="outcome"):
    """An Outcome as the join makes it: its click is bytes already."""

    click: msgspec.Raw | None = None  # type: ignore[assignment]


class Waiting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A postback whose click has not come. After its deadline it is an orphan, and is attributed if the click comes."""

    postback: Postback
    deadline: Millis
    orphaned: bool = False

    @property
    def began(self) -> Millis:
        """The log's time when it began to wait."""
        return self.deadline - max(self.postback.wait_ms, 1)


class State(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is known of one click ID. Never changed in place."""

    click: KnownClick | None = None
    conversions: Conversions = Conversions()
    decided: PostbackIds = PostbackIds()
    waiting: tuple[Waiting, ...] = ()
    touched: int = -1  # the day it was changed last, or the day until which something waits, if that is later
    asking: bool = False  # what waits wants to know what ClickHouse knows of the click
    forgotten: bool = False  # everything about it was to be erased: nothing else is in this state, and nothing comes


EMPTY = State()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A record with its place in the log."""

    event: Event
    at: Millis  # the log's time: the running maximum of LogAppendTime in the partition
    version: int  # of the first outcome that it causes; the next ones count up
    record: bytes  # the event as it lies there


def day_of(at: Millis) -> int:
    """The number of the day (UTC) of a moment."""
    return at // DAY_MS


def is_dropped(state: State, at: Millis) -> bool:
    """Whether nothing is known any more of a click that was in this state.

    The log's time alone says so, so every worker finds the same, whatever is still on its disk.
    """
    return state.touched < at // DAY_MS - KEEP_DAYS


def touch(state: State, at: Millis) -> State:
    """The state that was changed now. While something waits in it, it is kept from the end of the wait on."""
    day = at // DAY_MS
    if state.waiting:
        day = max([at, *[one.deadline for one in state.waiting if not one.orphaned]]) // DAY_MS
    if day == state.touched:
        return state
    return State(state.click, state.conversions, state.decided, state.waiting, day, state.asking, state.forgotten)


def is_brought(click_id: str) -> bool:
    """Whether the ID is a source's own: nothing in it says when the click was."""
    try:
        clicked_at_of(click_id)
    except ValueError:
        return True
    return False


def is_cold(click_id: str, at: Millis) -> bool:
    """Whether a click ID of ours is so old that its state may have been dropped: a day early, for clocks differ."""
    try:
        return day_of(clicked_at_of(click_id)) <= day_of(at) - KEEP_DAYS
    except ValueError:
        return False


def is_repeated(postback: Postback, began: Millis) -> bool:
    """Whether it may have been decided before the state of its click was dropped, as it was received so long ago."""
    return day_of(postback.received_at) <= day_of(began) - KEEP_DAYS


def outcome_of(
    word: OutcomeWord, postback: Postback, version: int, at: Millis, reason: str, repeats: str = ""
) -> Decided:
    """The outcome of a postback that made or changed no conversion."""
    return Decided(outcome=word, postback=postback, version=version, decided_at=at, reason=reason, repeats=repeats)


def remember(state: State, postback_id: str) -> State:
    """The state that knows of one more decided postback."""
    decided = state.decided.having(postback_id)
    return State(state.click, state.conversions, decided, state.waiting, state.touched, state.asking)
