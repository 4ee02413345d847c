"""Deliveries that end without an attempt, and held ones that can be told at last. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from schemas.records import Delivery
from schemas.values import DeliveryState, Millis
from streams.emit.routes import Routes, route_to
from streams.emit.routing import render

NO_ATTEMPT: Mapping[str, Any] = {"code": 0, "took_ms": 0, "worker": "", "answer": ""}
"""What a step says of an attempt where none was made."""


def ended(last: Delivery, state: DeliveryState, reason: str, now_ms: Millis) -> Delivery:
    """The final record of a delivery that waits, made of its last step."""
    return msgspec.structs.replace(
        last, state=state, at=now_ms, next_attempt_at=0, reason=reason, outcome=None, **NO_ATTEMPT
    )


def superseded(older: Delivery, newer: Delivery, now_ms: Millis) -> Delivery:
    """The end of a delivery that waits, when a newer one tells the same destination of the same conversion."""
    return ended(older, "cancelled", f"superseded by {newer.delivery_id}", now_ms)


def removed(last: Delivery, now_ms: Millis) -> Delivery:
    """The end of a delivery whose destination the configuration does not have any more."""
    return ended(last, "cancelled", f"destination_removed: {last.destination} is not configured any more", now_ms)


class Review:
    """What becomes of held deliveries under a configuration."""

    def __init__(self, routes: Routes, destinations: Collection[str], hold_ms: Millis, first_wait_ms: int) -> None:
        self._routes, self._destinations = routes, destinations
        self._hold_ms, self._first_wait_ms = hold_ms, first_wait_ms

    def is_removed(self, destination: str) -> bool:
        """Whether the configuration has it no more."""
        return destination not in self._destinations

    def of(self, held: Delivery, now_ms: Millis) -> Delivery | None:
        """The next record of a held delivery; None where it has to wait on. Conditions were decided when it came."""
        if self.is_removed(held.destination):
            return removed(held, now_ms)
        outcome = held.outcome
        route = route_to(self._routes, held.destination, held.source, held.event)
        if outcome is None or outcome.click is None or outcome.conversion is None or route is None:
            return ended(held, "cancelled", "event_removed: the destination is not told of it any more", now_ms)
        rendered = render(outcome, outcome.click, outcome.conversion, route, held.delivery_id)
        if rendered.is_held:
            is_over = now_ms - held.at >= self._hold_ms
            return ended(held, "expired", f"{rendered.reason}; given up", now_ms) if is_over else None
        if rendered.reason:
            return ended(held, "not_sendable", rendered.reason, now_ms)
        request = rendered.request
        return msgspec.structs.replace(
            held,
            state="scheduled",
            at=now_ms,
            next_attempt_at=route.due_at(now_ms, self._first_wait_ms),
            method=request.method,
            url=request.url,
            headers=dict(request.headers),
            body=request.body,
            shown_url=rendered.shown,
            reason="",
            outcome=None,
        )
