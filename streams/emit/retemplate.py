"""Deliveries that wait and take the present template, because an operator asked for it. Pure."""

import msgspec

from schemas.records import Delivery, Outcome
from schemas.requests import Request
from schemas.values import Millis
from streams.emit.endings import NO_ATTEMPT, ended
from streams.emit.routes import Routes, route_to
from streams.emit.routing import render

REASON = "retemplated: its request is made anew by the present template"


def retemplated(waiting: Delivery, outcome: Outcome, routes: Routes, now_ms: Millis) -> Delivery | None:
    """The next record of a delivery that waits: with another request, at its own time. None where it stays as it is.

    It stays while the present template cannot say it for now (no rate). It ends where it is not told of the event any
    more, or cannot be sent by the present template at all.
    """
    if waiting.state == "held" or outcome.click is None or outcome.conversion is None:
        return None
    route = route_to(routes, waiting.destination, waiting.source, waiting.event)
    if route is None:
        return ended(waiting, "cancelled", "event_removed: the destination is not told of it any more", now_ms)
    id_ = waiting.resends or waiting.delivery_id  # by which the destination knows it
    rendered = render(outcome, outcome.click, outcome.conversion, route, id_)
    if rendered.is_held:
        return None
    if rendered.reason:
        return ended(waiting, "not_sendable", rendered.reason, now_ms)
    request = rendered.request
    if request == request_of(waiting):
        return None
    return msgspec.structs.replace(
        waiting,
        state="scheduled",
        revision=waiting.revision + 1,
        at=now_ms,
        method=request.method,
        url=request.url,
        headers=dict(request.headers),
        body=request.body,
        shown_url=rendered.shown,
        reason=REASON,
        **NO_ATTEMPT,
    )


def caught_up(result: Delivery, waiting: Delivery) -> Delivery:
    """The result of an attempt that was under way when its delivery was retemplated: the next has the new request."""
    if result.state != "retry" or waiting.revision <= result.revision:
        return result
    return msgspec.structs.replace(
        result,
        revision=waiting.revision,
        method=waiting.method,
        url=waiting.url,
        headers=waiting.headers,
        body=waiting.body,
        shown_url=waiting.shown_url,
    )


def request_of(delivery: Delivery) -> Request:
    """The request that a delivery holds."""
    return Request(delivery.method, delivery.url, delivery.headers, delivery.body)
