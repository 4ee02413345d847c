"""A process that folds stretches of the log beside its worker: what join_healer and emit_healer have in common.

Standard input has the connection to Kafka and then one Stretch after the other, pickled by the worker that started
this process; standard output gets the offset it is at, a line for each batch, and the last when the state is on the
disk; or what failed. It logs nothing: whoever sent what the records cause has told of them.
"""

import ctypes
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import uvloop

from schemas.settings.servers import Kafka
from streams.adapters.kafka import Log
from streams.agents.healing import Stretch
from streams.garbage import collect_seldom

_PR_SET_PDEATHSIG = 1


def run(heal: Callable[[Log, Stretch], Coroutine[Any, Any, None]]) -> None:
    """Until it is killed, or its worker ends. heal: brings a state to the end of a stretch, and tells how far it is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker
    _end_with(os.getppid())
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    kafka: Kafka = _read()
    collect_seldom()
    while True:
        stretch: Stretch = _read()
        try:
            uvloop.run(heal(Log(kafka), stretch))
        except Exception as error:  # the worker logs it, and folds the rest itself
            sys.exit(print(f"{type(error).__name__}: {error}"))


def tell(at: int) -> None:
    """So far it is."""
    print(at, flush=True)


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
