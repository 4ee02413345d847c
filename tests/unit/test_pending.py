"""What is pending: the rules of the fold, and the store that holds it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from aiokafka import ConsumerRecord
from msgspec.structs import fields

from schemas.records import Delivery
from schemas.wire import encode
from streams.adapters.delivery_steps import steps_of
from streams.adapters.pending_store import NEVER, PendingStore
from streams.adapters.state import Stamp
from streams.agents.emit_queue import WINDOW, Queue
from streams.agents.emit_review import superseding
from streams.emit.pending import Outline, Step, destination_of, due_of, id_of, queue_key
from tests.emit_samples import NOW, delivery

STAMP = Stamp(8, "topic")
FIRST: dict[str, Any] = {"click_id": "click-1", "conversion_id": "conversion-1"}


def step(offset: int, made: Delivery) -> Step:
    return Step(offset, id_of(made), made, encode(made))


def put(store: PendingStore, *made: Delivery) -> list[str]:
    """Fold deliveries as the next records of the log. Returns the IDs that entered the queue."""
    steps = [step(store.offset + number, one) for number, one in enumerate(made)]
    return [entry.delivery.delivery_id for entry in store.fold(steps, store.offset + len(made))]


def record(offset: int, value: bytes) -> ConsumerRecord:
    return ConsumerRecord("deliveries", 0, offset, NOW, 0, b"", value, None, 0, len(value), ())


def due(store: PendingStore, now_ms: int = NOW, destination: str = "source/pops") -> list[int]:
    entries, _ = store.due(destination, b"", now_ms, 1000, lambda _: False)
    return [int(entry.delivery.delivery_id, 16) for entry in entries]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PendingStore]:
    opened = PendingStore(tmp_path / "state", STAMP)
    yield opened
    opened.close()


def test_a_queue_key_says_destination_and_due_time() -> None:
    key = queue_key(step(7, delivery(1, next_attempt_at=NOW + 3)))
    assert (destination_of(key), due_of(key)) == ("source/pops", NOW + 3)


def test_what_is_scheduled_is_due_at_its_time_in_the_order_of_the_log(store: PendingStore) -> None:
    put(store, delivery(2), delivery(1), delivery(3, next_attempt_at=NOW + 10))
    assert due(store) == [2, 1]
    assert store.due("source/pops", b"", NOW, 1000, lambda _: False).next_at == NOW + 10
    assert due(store, NOW + 10) == [2, 1, 3]
    assert store.due("source/pops", b"", NOW + 10, 1000, lambda _: False).next_at == NEVER
    assert store.pending == 3


@pytest.mark.parametrize("state", ["delivered", "failed", "not_sendable", "cancelled", "expired"])
def test_what_is_final_stays_final(store: PendingStore, state: str) -> None:
    put(store, delivery(1), delivery(1, state, 1))
    assert put(store, delivery(1), delivery(1, "retry", 2)) == []
    assert (due(store, NEVER), store.pending) == ([], 0)


def test_a_retry_applies_only_if_its_attempt_is_higher(store: PendingStore) -> None:
    put(store, delivery(1), delivery(1, "retry", 2, next_attempt_at=NOW + 20))
    assert put(store, delivery(1, "retry", 1, next_attempt_at=NOW), delivery(1, "retry", 2, next_attempt_at=NOW)) == []
    assert (due(store, NOW + 19), due(store, NOW + 20), store.pending) == ([], [1], 1)


def test_a_retry_whose_beginning_is_gone_from_the_log_still_holds_all_that_sending_needs(store: PendingStore) -> None:
    put(store, delivery(1, "retry", 3))
    ((entry,), _) = store.due("source/pops", b"", NOW, 10, lambda _: False)
    assert (entry.delivery.url, entry.delivery.attempt) == ("https://pops.example/pb?cid=1", 3)


def test_steps_of_one_delivery_in_one_batch_leave_one_entry(store: PendingStore) -> None:
    put(
        store,
        delivery(1),
        delivery(1, "retry", 1, next_attempt_at=NOW + 1),
        delivery(1, "retry", 2, next_attempt_at=NOW + 2),
    )
    assert (due(store, NOW + 5), store.pending) == ([1], 1)


def test_the_state_survives_closing_and_stands_at_its_offset(tmp_path: Path) -> None:
    store = PendingStore(tmp_path, STAMP)
    put(store, delivery(1), delivery(2), delivery(1, "delivered", 1))
    store.close()
    store = PendingStore(tmp_path, STAMP)
    assert (store.offset, store.pending, due(store)) == (3, 1, [2])
    store.close()


def test_a_state_of_another_topic_is_discarded(tmp_path: Path) -> None:
    store = PendingStore(tmp_path, STAMP)
    put(store, delivery(1))
    store.close()
    store = PendingStore(tmp_path, Stamp(8, "made again"))
    assert (store.offset, store.pending, due(store)) == (0, 0, [])
    store.close()


def test_destinations_are_those_for_which_something_waits(store: PendingStore) -> None:
    put(
        store,
        delivery(1, destination="source/a"),
        delivery(2, destination="source/a-b"),
        delivery(3, destination="source/z"),
    )
    put(store, delivery(3, "delivered", 1, destination="source/z"))
    assert store.destinations() == ["source/a", "source/a-b"]
    assert due(store, destination="source/a") == [1]


def test_a_queue_hands_out_each_entry_once_and_in_order_however_many_there_are(store: PendingStore) -> None:
    queue = Queue(store)
    many = [delivery(number) for number in range(3 * WINDOW)]
    for begin in range(0, len(many), 100):
        made = many[begin : begin + 100]
        steps = [step(store.offset + number, one) for number, one in enumerate(made)]
        queue.add(store.fold(steps, store.offset + len(made)), NOW)
    taken = []
    while entry := queue.take("source/pops", NOW):
        taken.append(int(entry.delivery.delivery_id, 16))
    assert taken == list(range(3 * WINDOW))


def test_what_is_under_way_is_not_handed_out_again_by_a_reset(store: PendingStore) -> None:
    put(store, delivery(1), delivery(2))
    queue = Queue(store)
    first = queue.take("source/pops", NOW)
    assert first is not None
    queue.reset()
    second = queue.take("source/pops", NOW)
    assert second is not None
    assert {first.delivery.delivery_id, second.delivery.delivery_id} == {f"{n:032x}" for n in (1, 2)}
    assert queue.take("source/pops", NOW) is None
    assert first.standing is None, "what was under way must be looked up when it is recorded"


def test_a_destination_is_told_of_a_click_one_after_the_other_in_the_order_of_the_log(store: PendingStore) -> None:
    put(
        store,
        delivery(1, click_id="one"),
        delivery(2, click_id="one"),
        delivery(3, click_id="two"),
        delivery(4, click_id="one", destination="source/other"),
    )
    queue = Queue(store)

    def taken(destination: str = "source/pops") -> int | None:
        entry = queue.take(destination, NOW)
        return int(entry.delivery.delivery_id, 16) if entry else None

    first = queue.take("source/pops", NOW)
    assert first is not None
    assert (first.delivery.click_id, taken(), taken(), taken("source/other")) == ("one", 3, None, 4)
    queue.reset()
    assert taken() is None
    put(store, delivery(1, "delivered", 1, click_id="one"))
    queue.release([first])
    assert (taken(), taken()) == (2, None)


def test_a_held_delivery_is_not_due_and_is_found_until_it_is_scheduled(store: PendingStore) -> None:
    assert put(store, delivery(1, "held"), delivery(2, "held"), delivery(3)) == [f"{3:032x}"]
    assert (due(store), store.pending, store.destinations()) == ([3], 3, ["source/pops"])
    first, cursor = store.held(b"", 1)
    second, end = store.held(cursor, 1)
    assert ([one.delivery_id for one in first + second], end) == ([f"{1:032x}", f"{2:032x}"], b"")
    put(store, delivery(1), delivery(2, "expired"))
    assert (due(store), store.held(b"", 9), store.pending) == ([3, 1], ([], b""), 2)


def test_only_what_still_waits_for_the_same_conversion_and_destination_is_out_of_date(store: PendingStore) -> None:
    newer = delivery(2, **FIRST)
    assert store.older(newer) is None
    put(store, delivery(3, **FIRST, destination="source/other"), delivery(4, click_id="click-1"))
    put(store, delivery(5, **FIRST, resends=f"{6:032x}"))
    assert store.older(newer) is None
    put(store, delivery(1))
    assert store.older(delivery(1)) is None
    older = store.older(newer)
    assert older is not None
    assert older.delivery_id == delivery(1).delivery_id
    put(store, delivery(1, "delivered", 1))
    assert store.older(newer) is None


def test_of_several_updates_in_one_batch_the_last_alone_waits(store: PendingStore) -> None:
    put(store, delivery(1))
    updates = [delivery(number, **FIRST) for number in (2, 3)]
    over = superseding(store, updates, updates, NOW)
    assert [(one.delivery_id, one.state, one.reason) for one in over] == [
        (delivery(1).delivery_id, "cancelled", f"superseded by {2:032x}"),
        (f"{2:032x}", "cancelled", f"superseded by {3:032x}"),
    ]
    put(store, *updates, *over)
    assert due(store) == [3]


def test_the_outline_that_is_folded_is_part_of_a_delivery() -> None:
    whole, outline = (
        {field.name: (types[field.name], field.default) for field in fields(shape) if field.name != "v"}
        for shape, types in ((shape, get_type_hints(shape)) for shape in (Delivery, Outline))
    )
    assert outline.items() <= whole.items()


def test_folding_the_log_in_outline_leaves_what_folding_whole_deliveries_does(
    store: PendingStore, tmp_path: Path
) -> None:
    steps = [delivery(1), delivery(2, "held"), delivery(3), delivery(1, "retry", 1), delivery(3, "delivered", 1)]
    put(store, *steps)
    other = PendingStore(tmp_path / "other", STAMP)
    other.follow(steps_of([record(offset, encode(one)) for offset, one in enumerate(steps)]), len(steps))
    ids = [id_of(one) for one in steps]
    assert (other.known(ids), other.pending) == (store.known(ids), store.pending)
    assert other.waiting(other.known(ids)) == store.waiting(store.known(ids))
    other.close()


def test_a_delivery_of_which_only_the_outline_can_be_read_is_not_sent_and_holds_up_no_other(
    store: PendingStore,
) -> None:
    broken = json.loads(encode(delivery(1))) | {"took_ms": "long"}
    records = [record(0, json.dumps(broken).encode()), record(1, encode(delivery(2))), record(2, b"{")]
    store.follow(steps_of(records), 3)
    assert (due(store), store.offset) == ([2], 3)
    assert list(store.waiting(store.known([id_of(delivery(1)), id_of(delivery(2))]))) == [id_of(delivery(2))]
