"""What waits and is looked at again: held deliveries, those of removed destinations, those that are out of date."""

from collections.abc import Iterator, Sequence

from schemas.records import Delivery
from streams.adapters.pending_store import NEVER, PendingStore
from streams.emit.endings import Review, removed, superseded

EVERY = 60.0
"""Seconds between two reviews where the configuration stays as it is: what was held for too long expires."""
LOOK_EVERY = 0.5
_AT_ONCE = 1000


def reviewed(store: PendingStore, review: Review, now_ms: int) -> Iterator[list[Delivery]]:
    """The records that end or schedule what waits, some at a time; each list is to be folded before the next."""
    for destination in store.destinations():
        while review.is_removed(destination):
            entries = store.due(destination, b"", NEVER, _AT_ONCE, lambda _: False).entries
            if not entries:
                break
            yield [removed(entry.delivery, now_ms) for entry in entries]
    cursor = b""
    while True:
        held, cursor = store.held(cursor, _AT_ONCE)
        if records := [record for one in held if (record := review.of(one, now_ms))]:
            yield records
        if not cursor:
            return


def superseding(
    store: PendingStore, new: Sequence[Delivery], updates: Sequence[Delivery], now_ms: int
) -> list[Delivery]:
    """The last records of what waits and is not to be told any more, as something newer of the same conversion is."""
    over: dict[str, Delivery] = {}
    last: dict[tuple[str, str], Delivery] = {}
    of_updates = {delivery.delivery_id for delivery in updates}
    for delivery in new if updates else ():
        pair = delivery.conversion_id, delivery.destination
        older = (last.get(pair) or store.older(delivery)) if delivery.delivery_id in of_updates else None
        if older:
            over[older.delivery_id] = superseded(older, delivery, now_ms)
        if delivery.state in ("scheduled", "held"):
            last[pair] = delivery
    return list(over.values())
