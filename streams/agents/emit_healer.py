"""Folds stretches of `deliveries`: `python -m streams.agents.emit_healer`."""

from streams.adapters.kafka import Log
from streams.adapters.pending_store import PendingStore
from streams.agents.emit_fold import fold_log
from streams.agents.healer import run, tell
from streams.agents.healing import Stretch


async def _heal(log: Log, stretch: Stretch) -> None:
    store = PendingStore(stretch.folder, stretch.stamp)
    await fold_log(store, log, stretch.partition, stretch.end, tell)
    store.close()
    tell(stretch.end)


if __name__ == "__main__":
    run(_heal)
