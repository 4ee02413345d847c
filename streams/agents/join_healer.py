"""Folds stretches of `events` that somebody else has sent the outputs of: `python -m streams.agents.join_healer`."""

from schemas.topics import EVENTS
from streams.adapters.kafka import Log
from streams.adapters.state import StateStore
from streams.agents.healer import run, tell
from streams.agents.healing import Stretch
from streams.join.fold import fold

_BATCH = 1000


async def _heal(log: Log, stretch: Stretch) -> None:
    store = StateStore(stretch.folder, stretch.stamp)
    if store.position.next < stretch.begin and stretch.position:
        store.clear(stretch.position)
    async for records in log.read(EVENTS, stretch.partition, store.position.next, stretch.end, most=_BATCH):
        store.write(fold(store.position, records, store))
        store.purge()
        if store.position.next < stretch.end:
            tell(store.position.next)
    store.close()
    tell(stretch.end)


if __name__ == "__main__":
    run(_heal)
