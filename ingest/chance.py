"""Randomness and the clock, as they enter from outside."""

import os
import random
import time

_POOL_BYTES = 4096
_NUMBERS = random.Random()  # noqa: S311 - what is drawn says which offer is shown, and guards nothing
os.register_at_fork(after_in_child=_NUMBERS.seed)


class RandomBytes:
    """Random bytes of the system, fetched by the page: a system call for each ID lets go of the interpreter's lock,
    and costs more than all of the ID."""

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0

    def __call__(self, count: int) -> bytes:
        """So many bytes that nobody had before. Not to be shared between threads."""
        if self._at + count > len(self._pool):
            self._pool, self._at = os.urandom(_POOL_BYTES), 0
        found = self._pool[self._at : self._at + count]
        self._at += count
        return found


def normals(count: int) -> tuple[float, ...]:
    """So many normally distributed random numbers."""
    return tuple(_NUMBERS.gauss(0, 1) for _ in range(count))


def now_ms() -> int:
    """The clock: milliseconds since 1970."""
    return time.time_ns() // 1_000_000
