"""The programs that are measured, as processes of their own: `python -m bench.workers KIND BOOTSTRAP FOLDER`.

join     the join worker of clickjoin, as `clickjoin join` runs it
receive  the same worker with a role that does nothing: what receiving alone costs
emit     the emit worker, as `clickjoin emit` runs it with FOLDER/clickjoin.toml
sink     the sink, as `clickjoin sink` runs it with FOLDER/clickjoin.toml
stock    the same join as a user of Faust would write it: bench/stock_join.py
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from aiokafka import ConsumerRecord
from faust.types import TP

from clickjoin.logging import configure_logging
from presets.load import load_settings
from schemas.settings.file import Settings
from schemas.settings.servers import Kafka
from schemas.topics import EVENTS
from streams.main import run_role, run_worker

RECEIVE_GROUP = "bench-receive"


class ReceiveRole:
    """Takes every batch and does nothing with it."""

    group = RECEIVE_GROUP
    topics: tuple[str, ...] = (EVENTS,)
    batch_records = 1000
    ahead = 1

    async def start(self) -> None:
        """Nothing to connect."""

    def partition(self, tp: TP) -> "ReceivePartition":
        return ReceivePartition()

    def may_work_until(self, moment: float) -> None:
        """It does nothing that needs a lease."""

    def use(self, settings: Settings) -> None:
        """Nothing is configured."""

    async def stop(self) -> None:
        """Nothing to disconnect."""


class ReceivePartition:
    """Has no state, so it resumes where the group does."""

    async def open(self, committed: int, healed: Callable[[int], None]) -> int:
        return committed

    async def process(self, records: Sequence[ConsumerRecord], *, silent: bool) -> None:
        """Receiving was all."""

    async def close(self) -> None:
        """Nothing to write."""


def main(kind: str, bootstrap: str, folder: str) -> int:
    """Run one of the programs until SIGTERM. Returns the exit code."""
    configure_logging(role=kind)
    settings = Settings(kafka=Kafka(bootstrap=bootstrap))
    if kind == "join":
        return run_worker("join", settings, Path(folder))
    if kind in ("emit", "sink"):
        return run_worker(kind, load_settings(Path(folder) / "clickjoin.toml", {}), Path(folder))
    if kind == "receive":
        return run_role(lambda partitions: ReceiveRole(), settings, Path(folder))
    if kind == "stock":
        from bench.stock_join import run_stock_join

        return run_stock_join(bootstrap, Path(folder))
    raise SystemExit(f"no program {kind!r}: join, emit, sink, receive or stock")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
