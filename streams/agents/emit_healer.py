"""Folds stretches of `deliveries`: `python -m streams.agents.emit_healer`."""

from schemas.topics import DELIVERIES
from streams.adapters.delivery_steps import steps_of
from streams.adapters.kafka import Log
from streams.adapters.pending_store import PendingStore
from streams.agents.healer import run, tell
from streams.agents.healing import Stretch


async def _heal(log: Log, stretch: Stretch) -> None:
    store = PendingStore(stretch.folder, stretch.stamp)
    async for records in log.read(DELIVERIES, stretch.partition, store.offset, stretch.end):
        store.follow(steps_of(records), records[-1].offset + 1)
        if store.offset < stretch.end:
            tell(store.offset)
    store.close()
    tell(stretch.end)


if __name__ == "__main__":
    run(_heal)
