"""A partition is let go of while its state is being brought to disk."""

from pathlib import Path
from threading import Event, Thread

from streams.adapters.state import Stamp, StateStore

_DEADLINE = 60.0


class SlowDisk:
    """In place of RocksDB, which refuses to be closed meanwhile."""

    def __init__(self) -> None:
        self.began, self.may_end = Event(), Event()
        self.did: list[str] = []

    def flush(self) -> None:
        self.did.append("flush")
        self.began.set()
        assert self.may_end.wait(_DEADLINE)
        self.did.append("flushed")

    def close(self) -> None:
        self.did.append("closed")


def test_a_state_is_closed_when_the_flush_that_goes_on_has_ended(tmp_path: Path) -> None:
    store, disk = StateStore(tmp_path / "state", Stamp(1, "topic")), SlowDisk()
    store._db.close()
    store._db = disk
    flushing, closing = Thread(target=store.flush), Thread(target=store.close)
    flushing.start()
    assert disk.began.wait(_DEADLINE)
    closing.start()
    disk.may_end.set()
    for thread in (flushing, closing):
        thread.join(_DEADLINE)
    assert disk.did == ["flush", "flushed", "flush", "flushed", "closed"]


def test_a_flush_that_begins_when_the_state_was_closed_does_nothing(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "state", Stamp(1, "topic"))
    store.close()
    store.flush()
