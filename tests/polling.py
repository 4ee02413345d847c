"""Waiting for something to become true, with an end to it."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_PAUSE = 0.05  # seconds
_STALLS = 3  # a machine that is busy with other things takes so many times as long


def until(fn: Callable[[], T], seconds: float, what: str) -> T:
    """Call `fn` until it returns something true, and return that. AssertionError, naming `what`, where that takes
    much longer than the `seconds` that are enough on a machine with nothing else to do."""
    deadline = time.monotonic() + seconds * _STALLS
    while True:
        if value := fn():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds * _STALLS:g} s: {what} (last: {value!r})")
        time.sleep(_PAUSE)
