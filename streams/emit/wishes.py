"""What an operator asked of a delivery: to send it again, or not to send it any more. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from schemas.records import Cancel, Delivery, Resend
from schemas.values import Millis
from streams.emit.endings import NO_ATTEMPT, ended
from streams.emit.pending import UNKNOWN, Standing, id_of


def resent(resend: Resend, now_ms: Millis, first_wait_ms: int = 0) -> Delivery:
    """The first record of the delivery that sends another one again. Its ID is its own, and was made when it was asked.

    The request is the old one, so `{delivery_id}` in it stays: whoever counts by that sees a repetition.
    """
    old = resend.delivery
    return msgspec.structs.replace(
        old,
        delivery_id=resend.resend_id,
        state="scheduled" if old.url else "not_sendable",
        attempt=0,
        at=now_ms,
        next_attempt_at=now_ms + first_wait_ms if old.url else 0,
        reason=f"resend of {old.delivery_id}" if old.url else f"nothing_to_send: {old.delivery_id} has no request",
        resends=old.delivery_id,
        revision=0,
        **NO_ATTEMPT,
    )


def cancelled(cancels: Iterable[Cancel], known: Mapping[bytes, Standing], now_ms: Millis) -> list[Delivery]:
    """The last records of those deliveries that wait. What is final, or was never seen here, stays as it is.

    One that is under way at this moment goes out all the same; its result is recorded, and nothing follows.
    """
    waiting = {id_of(cancel.delivery): cancel for cancel in cancels}
    last_steps = []
    for id_, cancel in waiting.items():
        standing = known.get(id_, UNKNOWN)
        if standing is UNKNOWN or standing.is_final:
            continue
        reason = f"by_hand: {cancel.reason}" if cancel.reason else "by_hand"
        last = ended(cancel.delivery, "cancelled", reason, now_ms)
        last_steps.append(msgspec.structs.replace(last, attempt=standing.attempts))
    return last_steps
