"""[….sending]: how attempts at one destination are made, where it is to be done otherwise than [emit] says. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.settings.request_rates import RequestRateText
from schemas.settings.values import Duration, Section

LONGEST_WAIT = 14 * 86_400_000
"""Milliseconds. What waits longer would no longer be on `deliveries` (21 days) when it is due, and lost with a disk."""


def _in_order(schedule: Sequence[int]) -> Sequence[int]:
    if any(after < before for before, after in pairwise(schedule)):
        raise ValueError('each wait is at least as long as the one before it: write it as ["0s", "5s", "30s"]')
    return schedule


def _short(wait: int) -> int:
    if wait > LONGEST_WAIT:
        raise ValueError("waits are at most 14d: what waits longer would no longer be in Kafka when its time has come")
    return wait


Wait = Annotated[Duration, AfterValidator(_short)]
"""For what lies on `deliveries` meanwhile."""
Schedule = Annotated[tuple[Wait, ...], Field(min_length=1), AfterValidator(_in_order)]
"""Waits before each attempt."""


class Sending(Section):
    """Of one source, partner, webhook or conversion API. What is None is as [emit] says."""

    schedule: Schedule | None = None
    concurrency: int | None = Field(None, ge=1, le=1024)  # attempts at a time
    connect_timeout: Duration | None = Field(None, ge=1)
    timeout: Duration | None = Field(None, ge=1)  # of the whole attempt
    rate: RequestRateText | None = None  # so many attempts at most, over all workers; None: as many as it takes
    repeat_unanswered: bool = True  # an attempt that it may have taken, though no answer came

    @property
    def first_wait(self) -> int | None:
        """Before the first attempt."""
        return self.schedule[0] if self.schedule else None
