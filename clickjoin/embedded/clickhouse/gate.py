"""How many queries run at once, and the end of them all. Connections are not counted: idle ones cost no turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from clickjoin.embedded.clickhouse.errors import ABORTED, TOO_MANY_SIMULTANEOUS_QUERIES, error

QUERIES_AT_ONCE = 64
PATIENCE = 60.0  # seconds a query waits for its turn


class Gate:
    """Lets at most `limit` queries in at a time; once closed, none."""

    def __init__(self, limit: int = QUERIES_AT_ONCE, patience: float = PATIENCE) -> None:
        self._limit = limit
        self._patience = patience
        self._changed = threading.Condition()
        self._running = 0
        self._closed = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold one place. Raises `ClickHouseError` 202 if none gets free in time, 236 once the gate is closed."""
        with self._changed:
            free = self._changed.wait_for(lambda: self._closed or self._running < self._limit, self._patience)
            if self._closed:
                raise error(ABORTED, "ABORTED", "The server is shutting down")
            if not free:
                raise error(
                    TOO_MANY_SIMULTANEOUS_QUERIES,
                    "TOO_MANY_SIMULTANEOUS_QUERIES",
                    f"Too many simultaneous queries. Maximum: {self._limit}",
                )
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_empty(self, seconds: float) -> bool:
        """Whether everything that was running has ended within `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)
