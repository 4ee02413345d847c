"""Dropped states on disk: they are purged bit by bit, with everything that was noted about them."""

from pathlib import Path

from schemas.records import Event, Tick
from streams.adapters.state import Stamp, StateStore
from streams.join.fold import fold
from streams.join.state import DAY_MS, EMPTY, KEEP_DAYS
from tests.support.join_cold import minted
from tests.support.join_samples import HOUR, NOW, click, facts, postback, record

OLD = minted(days_ago=KEEP_DAYS + 1)


def store_of(folder: Path) -> StateStore:
    return StateStore(folder / "state", Stamp(1, "topic"))


def fed(store: StateStore, *log: tuple[int, Event]) -> None:
    batch = [record(store.position.next + n, at, event) for n, (at, event) in enumerate(log)]
    folded = fold(store.position, batch, store)
    store.write(folded)


def test_dropped_states_leave_the_disk_and_others_stay(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    fed(store, *((NOW, click(f"c{n}")) for n in range(50)), (NOW, postback("cold", click_id=OLD)))
    fed(store, (NOW + DAY_MS, postback(click_id="c7")), (NOW + 2 * DAY_MS, click("late")))
    assert store.purge() == 0, "nothing is so old"
    fed(store, (NOW + (KEEP_DAYS + 1) * DAY_MS - HOUR, Tick()))
    assert list(store.asking()) == [OLD]
    while store.purge():
        pass
    ids = [*(f"c{n}" for n in range(50)), "late", OLD]
    kept = {id_ for id_, state in zip(ids, store.get(ids), strict=True) if state != EMPTY}
    assert kept == {"c7", "late", OLD}, "touched later, came later, and an orphan since now"
    fed(store, (NOW + 30 * DAY_MS, Tick()))
    while store.purge():
        pass
    assert store.get(ids) == [EMPTY] * len(ids)
    assert list(store.asking()) == []
    store.close()


def test_what_is_still_to_be_asked_is_known_after_a_restart(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    fed(store, *((NOW, postback(f"p{n}", click_id=f"pops:{n}")) for n in range(3)))
    fed(store, (NOW, click("pops:1")), (NOW, facts("pops:2", click=click("pops:2"))))
    store.close()
    store = store_of(tmp_path)
    assert list(store.asking()) == ["pops:0"]
    store.close()
