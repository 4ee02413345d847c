"""Dropping states and looking clicks up again changes nothing that anybody can see."""

import tempfile
from pathlib import Path
from unittest.mock import patch

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Click, Event, Facts, Outcome, Postback
from streams.adapters.state import Stamp, StateStore
from streams.join.fold import Folded, fold
from streams.join.state import DAY_MS, EMPTY, is_dropped
from tests.properties.logs import as_bytes, as_records, batches, clicks, cuts, events_and_forgets, law, postbacks, run
from tests.support.join_cold import Tables, minted
from tests.support.join_samples import HOUR, NOW, DictStates, Logged, click, read, record

IDS = (minted(number=1), "pops:1")
PAUSES = st.sampled_from([0, 1, HOUR, DAY_MS, 6 * DAY_MS, 9 * DAY_MS, 30 * DAY_MS])


@st.composite
def slow(draw: st.DrawFn, of: st.SearchStrategy[Event]) -> list[Logged]:
    """Few records over months."""
    at, log = NOW, list[Logged]()
    size = draw(st.integers(0, 25))
    for event in draw(st.lists(of, min_size=size, max_size=size)):
        at += draw(PAUSES)
        log.append((at, event))
    return log


def dated(log: list[Logged]) -> list[Logged]:
    """A postback is received once, when its record comes first; a later record of it says the same moment."""
    received: dict[str, int] = {}
    return [
        (at, msgspec.structs.replace(event, received_at=received.setdefault(event.postback_id, at)))
        if isinstance(event, Postback)
        else (at, event)
        for at, event in log
    ]


class Looking:
    """A partition whose owner looks clicks up: each answer comes some records or an hour after the question."""

    def __init__(self, delays: list[int]) -> None:
        self.store, self.tables, self.outcomes = DictStates(), Tables(), list[Outcome]()
        self.facts = 0
        self._delays, self._asked = delays, list[tuple[int, int, str]]()

    def feed(self, at: int, event: Event) -> None:
        """One record, and before it the answers that are due. The sink has written everything."""
        now = self.store.position
        self._answer([one for one in self._asked if one[0] <= now.next or one[1] + HOUR <= at])
        for click_id in self._fold(at, event).asking:
            delay = self._delays[len(self.outcomes) % len(self._delays)]
            self._asked.append((self.store.position.next + delay, at, click_id))

    def end(self) -> None:
        """Let every answer come."""
        self._answer(self._asked)

    def _answer(self, due: list[tuple[int, int, str]]) -> None:
        self._asked = [one for one in self._asked if one not in due]
        for _, _, click_id in due:
            found = self.tables.facts(click_id)
            if found.click is not None or ":" not in click_id:
                self._fold(self.store.position.time, found)
                self.facts += 1

    def _fold(self, at: int, event: Event) -> Folded:
        offset = self.store.position.next
        folded = fold(self.store.position, [record(offset, at, event)], self.store)
        assert folded.invalid == []
        self.store.write(folded)
        made = read(folded.outcomes)
        self.tables.write([(offset, event)] if isinstance(event, Click) else [], made)
        self.outcomes += made
        return folded


def whole_of(tables: Tables) -> tuple[object, ...]:
    """What the tables hold in the end, without places in the log and moments of decision."""
    undated = [
        {id_: {name: row[name] for name in row if name not in ("version", "decided_at")} for id_, row in rows.items()}
        for rows in (tables.clicks, tables.conversions, tables.postbacks)
    ]
    return tuple(undated)


@law(250)
@given(
    st.lists(clicks, min_size=2, max_size=2),
    slow(postbacks(st.sampled_from(IDS), waits=False)),
    st.lists(st.integers(0, 3), min_size=1, max_size=5),
)
def test_with_look_ups_the_tables_end_as_if_no_state_had_ever_been_dropped(
    told: list[Click], log: list[Logged], delays: list[int]
) -> None:
    """Updates, refunds and repeats, of months ago and of yesterday; also records that come a second time."""
    first = [
        (NOW, click(id_, may_credit=one.may_credit, payouts=one.payouts, payout_fixed=one.payout_fixed))
        for id_, one in zip(IDS, told, strict=True)
    ]
    dropping, keeping = Looking(delays), Looking(delays)
    log = [*first, *dated(log)]
    for at, event in log:
        dropping.feed(at, event)  # type: ignore[arg-type]
    dropping.end()
    with patch("streams.join.state.KEEP_DAYS", 100_000):
        for at, event in log:
            keeping.feed(at, event)  # type: ignore[arg-type]
    assert keeping.facts == 0
    assert whole_of(dropping.tables) == whole_of(keeping.tables)
    for id_ in IDS:  # and what is known of a click is what was always known
        state, kept = dropping.store.get([id_])[0], keeping.store.get([id_])[0]
        if not is_dropped(state, dropping.store.position.time):
            assert state.conversions == kept.conversions
            assert state.click == kept.click


@law(100)
@given(slow(events_and_forgets), cuts)
def test_batches_of_any_size_drop_the_same(log: list[Logged], at: list[int]) -> None:
    one, all_ = DictStates(), DictStates()
    records = as_records(log)
    expected = run(one, [[record] for record in records])
    assert as_bytes(run(all_, batches(records, at))) == as_bytes(expected)
    assert living(one) == living(all_)
    assert one.waiting == all_.waiting


@law(40)
@given(slow(events_and_forgets), cuts, cuts)
def test_what_is_purged_is_what_was_dropped(log: list[Logged], at: list[int], purged_at: list[int]) -> None:
    """A worker that purges now and then, and one that never does, decide the same and ask the same."""
    records = as_records(log)
    plain = DictStates()
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(Path(folder) / "state", Stamp(1, "topic"))
        for batch in batches(records, at):
            expected = fold(plain.position, batch, plain)
            folded = fold(store.position, batch, store)
            plain.write(expected)
            store.write(folded)
            assert as_bytes(folded.outcomes) == as_bytes(expected.outcomes)
            assert set(folded.asking) == set(expected.asking)
            if batch[-1].offset in purged_at:
                while store.purge():
                    pass
        while store.purge():
            pass
        ids = list(plain.states)
        left = {id_: state for id_, state in zip(ids, store.get(ids), strict=True) if state != EMPTY}
        assert left == living(plain)
        assert set(store.asking()) == {id_ for id_, state in left.items() if state.asking}
        assert sorted(store.deadlines(-1, 1 << 62)) == sorted(plain.waiting)
        store.close()


def living(store: DictStates) -> dict[str, object]:
    """The states that are not dropped."""
    return {id_: state for id_, state in store.states.items() if not is_dropped(state, store.position.time)}


def test_a_postback_of_every_kind_was_among_them() -> None:
    """The laws above are worth something: look-ups happen, and decide."""
    looking = Looking([0])
    looking.feed(NOW, click(IDS[0]))
    for number in range(3):
        at = NOW + number * 10 * DAY_MS
        told = Postback(
            postback_id=f"p{number}", click_id=IDS[0], event="install", network="acme", received_at=at, txid="t"
        )
        looking.feed(at, told)
    looking.end()
    assert looking.facts == 2
    assert [(one.outcome, one.reason) for one in looking.outcomes] == [
        ("attributed", ""),
        ("waiting", "cold"),
        ("duplicate", "same"),
        ("waiting", "cold"),
        ("duplicate", "same"),
    ]
    assert isinstance(looking.tables.facts(IDS[0]), Facts)
