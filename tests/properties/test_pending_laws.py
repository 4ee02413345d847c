"""Laws of the fold over `deliveries`: repetition, batching and zombies change nothing."""

import itertools
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Delivery
from schemas.values import FINAL_STATES
from schemas.wire import encode
from streams.adapters.pending_store import NEVER, PendingStore
from streams.adapters.state import Stamp
from streams.emit.pending import ID_BYTES, UNKNOWN, Changes, Standing, Step, fold, id_of, is_held
from tests.emit_samples import NOW, delivery

IDS = st.integers(0, 4)
STATES = st.sampled_from(["scheduled", "held", "retry", "delivered", "failed", "not_sendable", "cancelled", "expired"])


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    state = draw(STATES)
    attempt = 0 if state in ("scheduled", "held", "not_sendable") else draw(st.integers(1, 5))
    due = NOW + draw(st.integers(0, 3))
    destination = draw(st.sampled_from(["source/a", "source/b"]))
    return delivery(draw(IDS), state, attempt, next_attempt_at=due, destination=destination)


LOGS = st.lists(deliveries(), max_size=30)


def steps_of(log: list[Delivery]) -> list[Step]:
    return [Step(offset, id_of(made), made, encode(made)) for offset, made in enumerate(log)]


def folded(batches: list[list[Step]]) -> tuple[dict[bytes, Standing], dict[bytes, bytes]]:
    """Standings and queue after folding batch after batch, as the store does it."""
    standings: dict[bytes, Standing] = {}
    queue: dict[bytes, bytes] = {}
    for batch in batches:
        changes: Changes = fold(batch, standings)
        for key in changes.left:
            del queue[key]  # KeyError: a key left the queue that was not in it
        queue |= {key: step.value for key, step in changes.queued.items()}
        standings |= changes.standings
    return standings, queue


@given(LOGS, st.lists(st.integers(0, 30), max_size=5))
def test_batches_of_any_size_give_the_same_state(log: list[Delivery], cuts: list[int]) -> None:
    steps = steps_of(log)
    edges = sorted({0, len(steps), *(cut for cut in cuts if cut < len(steps))})
    batches = [steps[begin:end] for begin, end in itertools.pairwise(edges)]
    assert folded(batches) == folded([[step] for step in steps])


@given(LOGS, st.integers(0, 30))
def test_folding_a_part_of_the_log_again_changes_nothing(log: list[Delivery], again_from: int) -> None:
    steps = steps_of(log)
    assert folded([steps, steps[again_from:]]) == folded([steps])


@given(LOGS)
def test_an_id_waits_exactly_if_nothing_final_was_said_of_it(log: list[Delivery]) -> None:
    standings, queue = folded([steps_of(log)])
    waiting = {key[-ID_BYTES:] for key in queue}
    assert len(waiting) == len(queue), "one ID waits twice"
    for id_ in {id_of(made) for made in log}:
        said = {made.state for made in log if id_of(made) == id_}
        assert standings.get(id_, UNKNOWN).is_final == bool(said & FINAL_STATES)
        assert (id_ in waiting) == (not said & FINAL_STATES)


@given(LOGS)
def test_the_step_that_waits_is_the_first_with_the_highest_attempt(log: list[Delivery]) -> None:
    _, queue = folded([steps_of(log)])
    for key, value in queue.items():
        waiting = [
            made for made in log if id_of(made) == key[-ID_BYTES:] and made.state in ("scheduled", "retry", "held")
        ]
        assert value == encode(max(waiting, key=lambda made: (made.state != "held", made.attempt)))


@given(LOGS, st.lists(st.integers(0, 30), max_size=5))
def test_the_store_holds_what_the_fold_says(log: list[Delivery], cuts: list[int]) -> None:
    steps = steps_of(log)
    _, queue = folded([steps])
    edges = sorted({0, len(steps), *(cut for cut in cuts if cut < len(steps))})
    with tempfile.TemporaryDirectory() as folder:
        store = PendingStore(Path(folder), Stamp(1, "t"))
        for begin, end in itertools.pairwise(edges):
            store.fold(steps[begin:end], end)
        found = [
            entry.standing.key
            for destination in store.destinations()
            for entry in store.due(destination, b"", NEVER, 1000, lambda _: False).entries
            if entry.standing
        ]
        assert sorted(found) == sorted(key for key in queue if not is_held(key))
        assert len(store.held(b"", 1000)[0]) == len(queue) - len(found)
        assert store.pending == len(queue)
        store.close()
