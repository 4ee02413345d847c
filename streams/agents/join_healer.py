"""Folds stretches of the log that somebody else has sent the outputs of: `python -m streams.agents.join_healer`.

Standard input has the connection to Kafka and then one Stretch after the other, pickled by the worker that started
this process; standard output gets the offset it is at, a line for each batch, and the last when the state is on the
disk; or what failed. It logs nothing: whoever sent the outputs has told of these records.
"""

import ctypes
import os
import pickle
import signal
import sys
import threading
import time
from typing import Any

import structlog
import uvloop

from schemas.settings.servers import Kafka
from schemas.topics import EVENTS
from streams.adapters.kafka import Log
from streams.adapters.state import StateStore
from streams.agents.join_healing import Stretch
from streams.garbage import collect_seldom
from streams.join.fold import fold

_BATCH = 1000
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Until it is killed, or its worker ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker
    _end_with(os.getppid())
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    kafka: Kafka = _read()
    collect_seldom()
    while True:
        stretch: Stretch = _read()
        try:
            uvloop.run(_heal(Log(kafka), stretch))
        except Exception as error:  # the worker logs it, and folds the rest itself
            sys.exit(print(f"{type(error).__name__}: {error}"))


async def _heal(log: Log, stretch: Stretch) -> None:
    store = StateStore(stretch.folder, stretch.stamp)
    if store.position.next < stretch.begin.next:
        store.clear(stretch.begin)
    async for records in log.read(EVENTS, stretch.partition, store.position.next, stretch.end, most=_BATCH):
        store.write(fold(store.position, records, store))
        store.purge()
        if store.position.next < stretch.end:
            print(store.position.next, flush=True)
    store.close()
    print(stretch.end, flush=True)


def _read() -> Any:
    try:
        return pickle.load(sys.stdin.buffer)  # noqa: S301 - a pipe from the worker that started us
    except EOFError:
        sys.exit(0)


def _end_with(parent: int) -> None:
    """No orphan is to write a state that somebody else opens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()
