"""What an answer means for a delivery: done, again later, or given up. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from schemas.records import Delivery
from schemas.settings.postbacks import Success
from schemas.values import DeliveryState, Millis
from streams.emit.answers import NOT_JSON, beginning, read_json, why_again, why_refused

AGAIN_CODES = frozenset({408, 425, 429})
"""Answers below 500 that ask for patience. Every other one below 500 is final, where nobody says otherwise."""
HOPELESS = frozenset({"bad_url"})
"""Problems that no repetition mends."""
ANY_2XX = Success()
JITTER = 0.1
"""A wait is stretched or shortened by up to this part, so that what failed together does not come back together."""


class Answer(msgspec.Struct, frozen=True, gc=False):
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


class Verdict(NamedTuple):
    """What an answer means. Without a reason it is a success."""

    reason: str = ""
    is_final: bool = True


_TAKEN = Verdict()


UNANSWERED = frozenset({"timeout", "connection_lost"})
"""Problems of attempts that may have been taken."""


def judge(answer: Answer, success: Success) -> Verdict:
    """Whether the destination took it; if not, why, and whether the answer would be the same the next time."""
    if not answer.code:
        return Verdict(answer.reason, answer.problem in HOPELESS)
    return _by_body(answer, success) if success.reads_text or success.reads_json else _by_code(answer, success)


def _by_code(answer: Answer, success: Success) -> Verdict:
    if answer.code in success.codes if success.codes else 200 <= answer.code < 300:
        return _TAKEN
    return Verdict(answer.reason, _is_final(answer.code, success))


def _is_final(code: int, success: Success) -> bool:
    usually = code < 500 and code not in AGAIN_CODES
    return code in success.final_codes or (usually and code not in success.again_codes)


def _by_body(answer: Answer, success: Success) -> Verdict:
    said = answer.body.decode(errors="replace").lower() if success.reads_text else ""
    if _first_in(success.answer_taken, said):
        return _TAKEN
    document = read_json(answer.body) if success.reads_json else NOT_JSON
    if reason := why_again(document, success):
        return Verdict(reason, is_final=False)
    verdict = _by_code(answer, success)
    if verdict.reason:
        return verdict
    if text := _first_in(success.answer_lacks, said):
        return Verdict(f"refused: the answer holds {text!r}")
    if success.answer_has and not _first_in(success.answer_has, said):
        return Verdict("unclear: the answer does not say that it was taken", is_final=False)
    if not (success.json_is or success.json_lacks):
        return _TAKEN
    if document is NOT_JSON:
        return Verdict("unclear: the answer is no JSON", is_final=False)
    return Verdict(why_refused(document, success))


def _first_in(texts: Sequence[str], said: str) -> str:
    return next((text for text in texts if text.lower() in said), "")


def after_attempt(
    before: Delivery,
    answer: Answer,
    schedule: Sequence[int],
    *,
    jitter: float,
    now_ms: Millis,
    worker: str,
    success: Success = ANY_2XX,
    repeat_unanswered: bool = True,
    hide: Callable[[str], str] = str,
) -> Delivery:
    """The record of an attempt: `before` is the step that made it due. `hide` takes our secrets out of the answer."""
    attempt = before.attempt + 1
    state: DeliveryState = "delivered"
    next_attempt_at = 0
    reason, is_final = judge(answer, success)
    if reason:
        state = "failed"
        wait = wait_ms(schedule, attempt, jitter, answer.retry_after_ms)
        if is_final:
            pass
        elif answer.problem in UNANSWERED and not repeat_unanswered:
            reason = f"{reason}; it may have been taken, and is not to be repeated"
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
        answer=beginning(answer.body, hide),
    )
