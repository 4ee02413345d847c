"""Who is told about an outcome, and with which request. Pure.

An outcome gives, for each destination that wants it, one Delivery: `scheduled` with all that sending needs, or
`not_sendable` with its reason. What nobody asked for gives nothing.
"""

from collections.abc import Mapping
from typing import NamedTuple

from schemas.ids import delivery_id
from schemas.macros import POSTBACK_MACROS, Template, UnresolvedMacro, parse_url_template
from schemas.records import Click, Conversion, Delivery, Outcome
from schemas.settings.file import Settings
from schemas.settings.postbacks import SourcePostback
from schemas.values import DeliveryState, Millis

ANY_EVENT = "*"


class Route(NamedTuple):
    """How one destination is told about one event."""

    destination: str
    template: Template
    method: str
    statuses: frozenset[str]
    max_click_age_ms: int | None


Routes = Mapping[str, Mapping[str, Route]]
"""By source, then by event or "*"."""


def routes_of(settings: Settings) -> Routes:
    """Compile the postbacks of all sources. Raises MacroError for a template that does not parse."""
    return {
        name: {event: _route(f"source/{name}", postback) for event, postback in source.postbacks.items()}
        for name, source in settings.sources.items()
    }


def _route(destination: str, postback: SourcePostback) -> Route:
    return Route(
        destination=destination,
        template=parse_url_template(postback.url, POSTBACK_MACROS),
        method=postback.method,
        statuses=frozenset(postback.statuses),
        max_click_age_ms=postback.max_click_age,
    )


def deliveries_of(outcome: Outcome, routes: Routes, now_ms: Millis, first_wait_ms: int = 0) -> list[Delivery]:
    """The first records of the deliveries that an outcome causes; their IDs are derived from it."""
    click, conversion = outcome.click, outcome.conversion
    if click is None or conversion is None or not _is_told(outcome, click, conversion):
        return []
    by_event = routes.get(click.source, {})
    route = by_event.get(conversion.event) or by_event.get(ANY_EVENT)
    if route is None or conversion.status not in route.statuses:
        return []
    return [_delivery(outcome, click, conversion, route, now_ms, first_wait_ms)]


def _is_told(outcome: Outcome, click: Click, conversion: Conversion) -> bool:
    """Whether this outcome is news to a source: live, no test, credited, and of an update its status."""
    if outcome.postback.origin or outcome.postback.is_test or click.is_test or conversion.is_test:
        return False
    if outcome.outcome == "updated":
        return outcome.previous_status != conversion.status
    return outcome.outcome == "attributed"


def _delivery(
    outcome: Outcome, click: Click, conversion: Conversion, route: Route, now_ms: Millis, first_wait_ms: int
) -> Delivery:
    postback_id = outcome.postback.postback_id
    id_ = delivery_id(postback_id, conversion.conversion_id, route.destination)
    state: DeliveryState = "scheduled"
    url, reason = "", _why_not(outcome, click, route)
    if not reason:
        try:
            url = route.template.render(macro_values(outcome, click, conversion, id_))
        except UnresolvedMacro as error:
            reason = f"unresolved_macro: {error}"
    if reason:
        state = "not_sendable"
    return Delivery(
        delivery_id=id_,
        state=state,
        attempt=0,
        destination=route.destination,
        conversion_id=conversion.conversion_id,
        postback_id=postback_id,
        click_id=click.click_id,
        event=conversion.event,
        source=click.source,
        at=now_ms,
        next_attempt_at=0 if reason else now_ms + first_wait_ms,
        method=route.method,
        url=url,
        reason=reason,
    )


def _why_not(outcome: Outcome, click: Click, route: Route) -> str:
    """The reason for which a delivery cannot be sent; empty where it can."""
    if "source_click_id" in route.template.macros and not click.source_click_id:
        return "no_source_click_id: the source gave none with its click"
    age_ms = outcome.decided_at - click.clicked_at
    if route.max_click_age_ms is not None and age_ms > route.max_click_age_ms:
        return f"click_too_old: {age_ms // 1000} s, at most {route.max_click_age_ms // 1000} s are wanted"
    return ""


def macro_values(outcome: Outcome, click: Click, conversion: Conversion, delivery: str) -> dict[str, str]:
    """The value of every macro of a source postback. What the click does not say is empty; no payout is 0."""
    values = {
        "click_id": click.click_id,
        "source_click_id": click.source_click_id,
        "campaign": click.campaign,
        "source": click.source,
        "offer": click.offer,
        "network": conversion.network,
        "placement": click.placement,
        "creative": click.creative,
        "source_campaign": click.source_campaign,
        "keyword": click.keyword,
        "country": click.country,
        "event": conversion.event,
        "status": conversion.status,
        "previous_status": outcome.previous_status,
        "payout": "0" if conversion.payout is None else f"{conversion.payout:f}",
        "currency": conversion.currency,
        "txid": conversion.txid,
        "conversion_id": conversion.conversion_id,
        "postback_id": outcome.postback.postback_id,
        "delivery_id": delivery,
        "clicked_at": str(click.clicked_at // 1000),
        "occurred_at": str(conversion.occurred_at // 1000),
        "received_at": str(outcome.postback.received_at // 1000),
    }
    values.update((f"sub{n}", click.subs.get(f"sub{n}", "")) for n in range(1, 11))
    return values
