"""How attempts at a destination are made: how many at a time, how fast, how long, how often. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schemas.requests import Terms
from schemas.settings.request_rates import RequestRate
from schemas.settings.sending import Sending
from schemas.settings.servers import Emit
from schemas.values import Millis

BURST = 0.1
"""Seconds of a rate that may go at once: slots are handed out some times in a second only."""


class Pace(NamedTuple):
    """Of one destination."""

    schedule: Sequence[Millis]  # waits before each attempt
    concurrency: int
    terms: Terms
    rate: RequestRate | None = None  # over all partitions


def pace_of(sending: Sending, emit: Emit) -> Pace:
    """What a destination says, and [emit] where it says nothing."""
    connect_ms, whole_ms = sending.connect_timeout or emit.connect_timeout, sending.timeout or emit.timeout
    return Pace(
        sending.schedule or emit.schedule,
        sending.concurrency or emit.concurrency,
        Terms(connect_ms, whole_ms, sending.repeat_unanswered),
        sending.rate,
    )


class Paces:
    """By destination; of one that is not configured (any more) it is that of [emit]."""

    def __init__(self, sendings: Mapping[str, Sending], emit: Emit) -> None:
        self._usual = pace_of(Sending(), emit)
        self._own = {name: pace_of(sending, emit) for name, sending in sendings.items()}

    def of(self, destination: str) -> Pace:
        """The pace of a destination."""
        return self._own.get(destination, self._usual)


class Meter:
    """Keeps attempts at a destination below its rate. Time (seconds, monotonic) is an argument."""

    def __init__(self) -> None:
        self._next = 0.0

    def room(self, now: float) -> bool:
        """Whether one more may start."""
        return self._next <= now

    def took(self, rate: RequestRate, share: float, now: float) -> None:
        """One was started, where this worker has that share of all partitions, and so of the rate."""
        self._next = max(self._next, now - BURST) + rate.seconds / (rate.requests * share)
