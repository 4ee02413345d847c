"""Who is told about an outcome, and with which request. Pure.

An outcome gives, for each destination that wants it, one Delivery: `scheduled` with all that sending needs, or
`not_sendable` with its reason. What nobody asked for gives nothing.
"""

from decimal import Decimal

import msgspec

from schemas.ids import conversion_id, delivery_id
from schemas.macros import UnresolvedMacro
from schemas.records import Click, Conversion, Delivery, Outcome
from schemas.requests import Request
from schemas.values import Millis
from streams.emit.macro_values import Telling, values_of
from streams.emit.partners import told_to
from streams.emit.routes import Route, Routes, route_for, route_for_partner


class Rendered(msgspec.Struct, frozen=True, gc=False):
    """A request, and its URL as it may be shown; or the reason for which there is none."""

    request: Request
    shown: str = ""
    reason: str = ""
    is_held: bool = False  # the reason may pass


def deliveries_of(
    outcome: Outcome, routes: Routes, now_ms: Millis, first_wait_ms: int = 0, outcome_at: int = -1
) -> list[Delivery]:
    """The first records of the deliveries that an outcome causes; their IDs are derived from it."""
    click, conversion = outcome.click, outcome.conversion
    if click is None or conversion is None:
        return []
    named = routes.owners.named(click)
    asking = [(route_for(routes, click.source, conversion.event), "")]
    if named:
        asking.append((route_for_partner(routes, named.partner, conversion.event), named.why_not))
    if routes.others:
        asking += [(route, "") for route in routes.others.values()]
    told = _Told(outcome, outcome_at, click, conversion, now_ms, first_wait_ms)
    return [
        _delivery(told, route, why_not)
        for route, why_not in asking
        if route and route.conditions.fit(outcome, click, conversion)
    ]


def render(outcome: Outcome, click: Click, conversion: Conversion, route: Route, id_: str) -> Rendered:
    """The request of a delivery with this ID."""
    if route.needs_source_click_id and not click.source_click_id:
        return Rendered(_NOTHING, reason="no_source_click_id: the click came without one that can be given back")
    if reason := route.conditions.why_not(outcome, click, conversion):
        return Rendered(_NOTHING, reason=reason)
    payout, currency = told_amount(conversion, route)
    if payout is None:
        since = f"{currency} in {route.currency} when the conversion occurred"
        return Rendered(_NOTHING, reason=f"no_rate: [rates] has none of {since}", is_held=True)
    telling = Telling(outcome, click, conversion, id_, route.goals, payout, currency, route.partner is not None)
    values = values_of(telling, route.macros)
    if route.matching:
        if reason := route.matching.why_not(values, outcome, click):
            return Rendered(_NOTHING, reason=reason)
        values = route.matching.applied(values, outcome, click)
    try:
        request = route.request.render(values)
        return Rendered(request, route.shown.render(values) if route.shown else "")
    except UnresolvedMacro as error:
        if error.macro == "goal":
            return Rendered(_NOTHING, reason=f"no_goal: there is no word for {conversion.event} in its [goals]")
        return Rendered(_NOTHING, reason=f"unresolved_macro: {error}")


_NOTHING = Request("GET", "")
_OF_MONEY = frozenset({"payout", "currency"})


def told_amount(conversion: Conversion, route: Route) -> tuple[Decimal | str | None, str]:
    """What a destination is told of the payout, unrounded, and in which currency; None where it lacks a rate."""
    if route.matching and not route.share.fixed and (conversion.payout is None or not conversion.currency):
        return "", ""  # an amount that is not known is left out, rather than told as 0
    if route.partner and route.share.part:
        amount, currency = told_to(route.partner, conversion)
    else:
        amount, currency = route.share.of(conversion.payout, conversion.currency)
    if not route.currency or currency == route.currency or amount == "" or route.macros.isdisjoint(_OF_MONEY):
        return amount, currency
    if not amount:
        return amount, route.currency
    converted = route.rates.converted(Decimal(amount), currency, route.currency, conversion.occurred_at)
    return (None, currency) if converted is None else (converted, route.currency)


class _Told(msgspec.Struct, frozen=True, gc=False):
    """What happened, where it says so, and when it is decided who is told."""

    outcome: Outcome
    outcome_at: int
    click: Click
    conversion: Conversion
    now_ms: Millis
    first_wait_ms: int


def _delivery(told: _Told, route: Route, why_not: str) -> Delivery:
    """why_not: why this destination is not to be told of it after all; empty: it is."""
    outcome, click, conversion = told.outcome, told.click, told.conversion
    postback_id = outcome.postback.postback_id
    if route.once:  # the one ID of all of them: what was decided under it is not decided again
        every = conversion_id(click.click_id, conversion.event)
        id_ = delivery_id(conversion.status, every, route.destination)
    else:
        id_ = delivery_id(postback_id, conversion.conversion_id, route.destination)
    rendered = Rendered(_NOTHING, reason=why_not) if why_not else render(outcome, click, conversion, route, id_)
    request, reason = rendered.request, rendered.reason
    return Delivery(
        delivery_id=id_,
        state="held" if rendered.is_held else "not_sendable" if reason else "scheduled",
        attempt=0,
        destination=route.destination,
        conversion_id=conversion.conversion_id,
        postback_id=postback_id,
        click_id=click.click_id,
        event=conversion.event,
        source=click.source,
        at=told.now_ms,
        next_attempt_at=0 if reason else route.due_at(told.now_ms, told.first_wait_ms),
        method=request.method,
        url=request.url,
        headers=dict(request.headers),
        body=request.body,
        shown_url=rendered.shown,
        reason=reason,
        outcome=outcome if rendered.is_held else None,
        outcome_at=told.outcome_at,
    )
