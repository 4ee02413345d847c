"""Waiting for something to become true, with an end to it."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_PAUSE = 0.05  # seconds


def until(fn: Callable[[], T], seconds: float, what: str) -> T:
    """Call `fn` until it returns something true, and return that. AssertionError after `seconds`, naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        if value := fn():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what} (last: {value!r})")
        time.sleep(_PAUSE)
