"""What an answer means for a delivery: done, again later, or given up. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from schemas.records import Delivery
from schemas.values import DeliveryState, Millis

AGAIN_CODES = frozenset({408, 425, 429})
"""Answers below 500 that ask for patience; every other one below 500 that is no success is final."""
HOPELESS = frozenset({"bad_url"})
"""Problems that no repetition mends."""
JITTER = 0.1
"""A wait is stretched or shortened by up to this part, so that what failed together does not come back together."""


class Answer(NamedTuple):
    """What came of one attempt. Without an answer `code` is 0 and `problem` a closed word (streams.adapters.http)."""

    code: int
    problem: str
    took_ms: int
    retry_after_ms: int = 0
    detail: str = ""  # of the problem; holds nothing of the URL
    body: bytes = b""  # the beginning of it

    @property
    def reason(self) -> str:
        """Why it is no success: a closed word, and what there is to say besides."""
        word = self.problem or f"http_{self.code}"
        return f"{word}: {self.detail}" if self.detail else word


def wait_ms(schedule: Sequence[int], attempts: int, jitter: float, retry_after_ms: int = 0) -> int | None:
    """Milliseconds until the next attempt after so many; None where the schedule is used up.

    `jitter` is 0 to 1. A Retry-After prolongs the wait, but never beyond the longest of the schedule.
    """
    if attempts >= len(schedule):
        return None
    planned = round(schedule[attempts] * (1 - JITTER + 2 * JITTER * jitter))
    return max(planned, min(retry_after_ms, max(schedule)))


def is_success(answer: Answer) -> bool:
    """Whether the destination took it."""
    return 200 <= answer.code < 300


def is_final(answer: Answer) -> bool:
    """Whether an answer that is no success would be the same the next time."""
    if answer.code:
        return answer.code < 500 and answer.code not in AGAIN_CODES
    return answer.problem in HOPELESS


def after_attempt(
    before: Delivery, answer: Answer, schedule: Sequence[int], *, jitter: float, now_ms: Millis, worker: str
) -> Delivery:
    """The record of an attempt: `before` is the step that made it due."""
    attempt = before.attempt + 1
    state: DeliveryState = "delivered"
    reason, next_attempt_at = "", 0
    if not is_success(answer):
        state, reason = "failed", answer.reason
        wait = wait_ms(schedule, attempt, jitter, answer.retry_after_ms)
        if is_final(answer):
            pass
        elif wait is None:
            reason = f"{reason}; given up after {attempt} attempts"
        else:
            state, next_attempt_at = "retry", now_ms + wait
    return msgspec.structs.replace(
        before,
        state=state,
        attempt=attempt,
        at=now_ms,
        next_attempt_at=next_attempt_at,
        code=answer.code,
        reason=reason,
        took_ms=answer.took_ms,
        worker=worker,
    )
