"""Waiting: of many for one answer, each for at most so long; for a count to fall, at shutdown."""

import asyncio
from collections.abc import Callable
from functools import partial


async def until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Wait until `is_so`, for at most so many seconds. Returns whether it is."""
    deadline = asyncio.get_running_loop().time() + seconds
    # Asked again and again, since the counts move with every request and an Event would cost each of them.
    while not is_so() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return is_so()


class Shared:
    """An answer that many wait for. Who waits as long as another has one future and one timer with him: a future and a
    timer for each would cost as much as a record."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_given = False
        self._loop = loop
        self._waited: dict[float | None, asyncio.Future[bool]] = {}
        self._timers: list[asyncio.TimerHandle] = []

    def within(self, seconds: float | None = None) -> "asyncio.Future[bool]":
        """To be waited for, and never to be cancelled: whether it is given, at most so many seconds from the first who
        asked with as many. Without a number: until it is given.
        """
        future = None if self.is_given else self._waited.get(seconds)
        if future is None:
            future = self._waited[seconds] = self._loop.create_future()
            if self.is_given:
                future.set_result(True)
            elif seconds is not None:
                self._timers.append(self._loop.call_later(seconds, partial(_resolve, future, False)))
        return future

    def give(self) -> None:
        """Tell all who wait, and who will."""
        self.is_given = True
        for timer in self._timers:
            timer.cancel()
        for future in self._waited.values():
            _resolve(future, True)


def _resolve(future: "asyncio.Future[bool]", result: bool) -> None:
    if not future.done():
        future.set_result(result)
