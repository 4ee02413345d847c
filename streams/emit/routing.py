"""Who is told about an outcome, and with which request. Pure.

An outcome gives, for each destination that wants it, one Delivery: `scheduled` with all that sending needs, or
`not_sendable` with its reason. What nobody asked for gives nothing.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from schemas.ids import conversion_id, delivery_id
from schemas.macros import POSTBACK_MACROS, Template, UnresolvedMacro
from schemas.records import Click, Conversion, Delivery, Outcome
from schemas.requests import Request, RequestTemplate, parse_request
from schemas.settings.file import Settings
from schemas.settings.masks import HIDDEN
from schemas.settings.postbacks import ANY_EVENT, Source, SourcePostback, Success
from schemas.settings.rates import Rates
from schemas.settings.shares import Share
from schemas.settings.webhooks import Webhook
from schemas.values import LANDER_CLICK, Millis
from streams.emit.conditions import Conditions, conditions_of, conditions_of_webhook
from streams.emit.macro_values import Telling, values_of


class Route(NamedTuple):
    """How one destination is told about one event."""

    destination: str
    request: RequestTemplate
    macros: frozenset[str]  # of the request
    shown: Template | None  # the URL without its secrets, where it holds some
    conditions: Conditions
    share: Share
    currency: str  # in which it is told; empty: in that of the payout
    rates: Rates
    delay_ms: Millis
    once: bool
    goals: Mapping[str, str]
    needs_source_click_id: bool


class Rendered(NamedTuple):
    """A request, and its URL as it may be shown; or the reason for which there is none."""

    request: Request
    shown: str = ""
    reason: str = ""
    is_held: bool = False  # the reason may pass


Routes = Mapping[str, Mapping[str, Route]]
"""By source, then by event or "*"; of ANY_SOURCE the webhooks, by their names."""
ANY_SOURCE = "*"


def routes_of(settings: Settings) -> Routes:
    """Compile the postbacks of all sources. Raises MacroError for a template that does not parse."""
    rates = Rates(settings.rates)
    routes = {
        name: {event: _route(name, source, postback, rates) for event, postback in source.postbacks.items()}
        for name, source in settings.sources.items()
    }
    return {**routes, ANY_SOURCE: {name: _webhook_route(name, one) for name, one in settings.webhooks.items()}}


def successes_of(settings: Settings) -> dict[str, Success]:
    """By destination, which of its answers are successes."""
    webhooks = {webhook_of(name): webhook.success for name, webhook in settings.webhooks.items()}
    return {**webhooks, **{destination_of(name): source.success for name, source in settings.sources.items()}}


def signing_keys_of(settings: Settings) -> dict[str, bytes]:
    """By destination, the key with which each attempt is signed."""
    return {webhook_of(name): webhook.signing_key for name, webhook in settings.webhooks.items()}


def destination_of(source: str) -> str:
    """The name of a source as a destination."""
    return f"source/{source}"


def webhook_of(name: str) -> str:
    """The name of a webhook as a destination."""
    return f"webhook/{name}"


def _webhook_route(name: str, webhook: Webhook) -> Route:
    request = parse_request(webhook.request, POSTBACK_MACROS)
    return Route(
        destination=webhook_of(name),
        request=request,
        macros=request.macros,
        shown=None,
        conditions=conditions_of_webhook(webhook),
        share=Share(),
        currency="",
        rates=Rates({}),
        delay_ms=webhook.delay,
        once=False,
        goals={},
        needs_source_click_id=False,
    )


def _route(name: str, source: Source, postback: SourcePostback, rates: Rates) -> Route:
    parsed = parse_request(postback.request, source.postback_macros)
    account = source.account_values()
    request = parsed.filled(account)
    secrets = source.account_secrets & parsed.url.macros
    told = {macro: value for macro, value in account.items() if macro not in secrets}
    return Route(
        destination=destination_of(name),
        request=request,
        macros=request.macros,
        shown=parsed.url.filled(told).filled(dict.fromkeys(secrets, HIDDEN), str) if secrets else None,
        conditions=conditions_of(postback),
        share=postback.payout,
        currency=postback.currency,
        rates=rates,
        delay_ms=postback.delay,
        once=postback.once,
        goals=source.goals,
        needs_source_click_id="source_click_id" in request.macros,
    )


def deliveries_of(outcome: Outcome, routes: Routes, now_ms: Millis, first_wait_ms: int = 0) -> list[Delivery]:
    """The first records of the deliveries that an outcome causes; their IDs are derived from it."""
    click, conversion = outcome.click, outcome.conversion
    if click is None or conversion is None or not _is_news(outcome, conversion):
        return []
    told = [route for route in (route_for(routes, click.source, conversion.event),) if route]
    told += routes.get(ANY_SOURCE, {}).values()
    return [
        _delivery(outcome, click, conversion, route, now_ms, first_wait_ms)
        for route in told
        if route.conditions.fit(outcome, click, conversion)
    ]


def route_for(routes: Routes, source: str, event: str) -> Route | None:
    """How a source is told about an event: by its own postback, else by that for any event."""
    by_event = routes.get(source, {})
    route = by_event.get(event) or by_event.get(ANY_EVENT)
    if event == LANDER_CLICK and route and event not in by_event and event not in route.conditions.events:
        return None  # "any event" is one that a network reports: no source pays for a step on our own page unasked
    return route


def _is_news(outcome: Outcome, conversion: Conversion) -> bool:
    """Whether this outcome is news to a source: credited, and of an update its status."""
    if outcome.outcome == "updated":
        return outcome.previous_status != conversion.status
    return outcome.outcome == "attributed"


def render(outcome: Outcome, click: Click, conversion: Conversion, route: Route, id_: str) -> Rendered:
    """The request of a delivery with this ID."""
    if route.needs_source_click_id and not click.source_click_id:
        return Rendered(_NOTHING, reason="no_source_click_id: the source gave none with its click")
    if reason := route.conditions.why_not(outcome, click, conversion):
        return Rendered(_NOTHING, reason=reason)
    payout, currency = told_amount(conversion, route)
    if payout is None:
        since = f"{currency} in {route.currency} when the conversion occurred"
        return Rendered(_NOTHING, reason=f"no_rate: [rates] has none of {since}", is_held=True)
    telling = Telling(outcome, click, conversion, id_, route.goals, payout, currency)
    values = values_of(telling, route.macros)
    try:
        request = route.request.render(values)
        return Rendered(request, route.shown.render(values) if route.shown else "")
    except UnresolvedMacro as error:
        if error.macro == "goal":
            return Rendered(_NOTHING, reason=f"no_goal: the source has no word for {conversion.event} in its [goals]")
        return Rendered(_NOTHING, reason=f"unresolved_macro: {error}")


_NOTHING = Request("GET", "")
_OF_MONEY = frozenset({"payout", "currency"})


def told_amount(conversion: Conversion, route: Route) -> tuple[Decimal | str | None, str]:
    """What a destination is told of the payout, unrounded, and in which currency; None where it lacks a rate."""
    amount, currency = route.share.of(conversion.payout, conversion.currency)
    if not route.currency or currency == route.currency or amount == "" or route.macros.isdisjoint(_OF_MONEY):
        return amount, currency
    if not amount:
        return amount, route.currency
    converted = route.rates.converted(Decimal(amount), currency, route.currency, conversion.occurred_at)
    return (None, currency) if converted is None else (converted, route.currency)


def _delivery(
    outcome: Outcome, click: Click, conversion: Conversion, route: Route, now_ms: Millis, first_wait_ms: int
) -> Delivery:
    postback_id = outcome.postback.postback_id
    if route.once:  # the one ID of all of them: what was decided under it is not decided again
        every = conversion_id(click.click_id, conversion.event)
        id_ = delivery_id(conversion.status, every, route.destination)
    else:
        id_ = delivery_id(postback_id, conversion.conversion_id, route.destination)
    (method, url, headers, body), shown, reason, is_held = render(outcome, click, conversion, route, id_)
    return Delivery(
        delivery_id=id_,
        state="held" if is_held else "not_sendable" if reason else "scheduled",
        attempt=0,
        destination=route.destination,
        conversion_id=conversion.conversion_id,
        postback_id=postback_id,
        click_id=click.click_id,
        event=conversion.event,
        source=click.source,
        at=now_ms,
        next_attempt_at=0 if reason else now_ms + first_wait_ms + route.delay_ms,
        method=method,
        url=url,
        headers=dict(headers),
        body=body,
        shown_url=shown,
        reason=reason,
        outcome=outcome if is_held else None,
    )
