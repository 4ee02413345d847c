"""What is configured of each destination, compiled: whom it is told of, and by which request. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from schemas.macros import POSTBACK_MACROS, Template
from schemas.requests import Request, RequestTemplate, RequestText, parse_request
from schemas.settings.conversion_apis import AccessToken, ConversionApi
from schemas.settings.file import Settings
from schemas.settings.masks import HIDDEN
from schemas.settings.postbacks import ANY_EVENT, Source, SourcePostback, Success
from schemas.settings.rates import Rates
from schemas.settings.shares import Share
from schemas.settings.webhooks import Webhook
from schemas.values import LANDER_CLICK, Millis
from streams.emit.conditions import (
    Conditions,
    conditions_of,
    conditions_of_conversion_api,
    conditions_of_webhook,
)
from streams.emit.matching import Matching, matching_of


class Route(NamedTuple):
    """How one destination is told about one event."""

    destination: str
    request: RequestTemplate
    macros: frozenset[str]  # of the request, and of what it is matched by
    conditions: Conditions
    shown: Template | None = None  # the URL without its secrets, where it holds some
    share: Share = Share()
    currency: str = ""  # in which it is told; empty: in that of the payout
    rates: Rates = Rates({})
    delay_ms: Millis = 0
    once: bool = False
    goals: Mapping[str, str] = {}
    needs_source_click_id: bool = False
    matching: Matching | None = None  # of a conversion API: by what it finds the visitor


class Manners(NamedTuple):
    """How attempts are made, by destination."""

    successes: Mapping[str, Success] = {}  # which answers are successes
    signing_keys: Mapping[str, bytes] = {}  # with which each attempt is signed
    token_requests: Mapping[str, Request] = {}  # what answers with the access token of its attempts


Routes = Mapping[str, Mapping[str, Route]]
"""By source, then by event or "*"; of ANY_SOURCE the webhooks and conversion APIs, by their names as destinations."""
ANY_SOURCE = "*"


def routes_of(settings: Settings) -> Routes:
    """Compile the requests of all destinations. Raises MacroError for a template that does not parse."""
    rates = Rates(settings.rates)
    routes = {
        name: {event: _route(name, source, postback, rates) for event, postback in source.postbacks.items()}
        for name, source in settings.sources.items()
    }
    others = [_webhook_route(name, one) for name, one in settings.webhooks.items()]
    others += [_conversion_api_route(name, one, rates) for name, one in settings.conversion_apis.items()]
    return {**routes, ANY_SOURCE: {route.destination: route for route in others}}


def route_for(routes: Routes, source: str, event: str) -> Route | None:
    """How a source is told about an event: by its own postback, else by that for any event."""
    by_event = routes.get(source, {})
    route = by_event.get(event) or by_event.get(ANY_EVENT)
    if event == LANDER_CLICK and route and event not in by_event and event not in route.conditions.events:
        return None  # "any event" is one that a network reports: no source pays for a step on our own page unasked
    return route


def route_to(routes: Routes, destination: str, source: str, event: str) -> Route | None:
    """How a destination is told about an event of a click of this source."""
    if destination == destination_of(source):
        return route_for(routes, source, event)
    route = routes.get(ANY_SOURCE, {}).get(destination)
    return route if route and (not route.conditions.events or event in route.conditions.events) else None


def successes_of(settings: Settings) -> dict[str, Success]:
    """By destination, which of its answers are successes."""
    return {
        **{destination_of(name): source.success for name, source in settings.sources.items()},
        **{webhook_of(name): webhook.success for name, webhook in settings.webhooks.items()},
        **{conversion_api_of(name): api.success for name, api in settings.conversion_apis.items()},
    }


def manners_of(settings: Settings) -> Manners:
    """How attempts are made under a configuration."""
    return Manners(
        successes_of(settings),
        {webhook_of(name): webhook.signing_key for name, webhook in settings.webhooks.items()},
        {
            conversion_api_of(name): _token_request(api, api.access_token)
            for name, api in settings.conversion_apis.items()
            if api.access_token
        },
    )


def destination_of(source: str) -> str:
    """The name of a source as a destination."""
    return f"source/{source}"


def webhook_of(name: str) -> str:
    """The name of a webhook as a destination."""
    return f"webhook/{name}"


def conversion_api_of(name: str) -> str:
    """The name of a conversion API as a destination."""
    return f"conversion_api/{name}"


def _webhook_route(name: str, webhook: Webhook) -> Route:
    request = parse_request(webhook.request, POSTBACK_MACROS)
    return Route(
        destination=webhook_of(name),
        request=request,
        macros=request.macros,
        conditions=conditions_of_webhook(webhook),
        delay_ms=webhook.delay,
    )


def _conversion_api_route(name: str, api: ConversionApi, rates: Rates) -> Route:
    parsed = parse_request(api.request, api.macros)
    account = api.account_values()
    request, matching = parsed.filled(account), matching_of(api)
    return Route(
        destination=conversion_api_of(name),
        request=request,
        macros=(request.macros | matching.macros) - matching.words.keys(),
        shown=_shown(parsed, account, api.account_secrets),
        conditions=conditions_of_conversion_api(api),
        share=api.payout,
        currency=api.currency,
        rates=rates,
        delay_ms=api.delay,
        goals=api.events,
        matching=matching,
    )


def _route(name: str, source: Source, postback: SourcePostback, rates: Rates) -> Route:
    parsed = parse_request(postback.request, source.postback_macros)
    account = source.account_values()
    request = parsed.filled(account)
    return Route(
        destination=destination_of(name),
        request=request,
        macros=request.macros,
        shown=_shown(parsed, account, source.account_secrets),
        conditions=conditions_of(postback),
        share=postback.payout,
        currency=postback.currency,
        rates=rates,
        delay_ms=postback.delay,
        once=postback.once,
        goals=source.goals,
        needs_source_click_id="source_click_id" in request.macros,
    )


def _shown(request: RequestTemplate, account: Mapping[str, str], all_secrets: frozenset[str]) -> Template | None:
    """The URL with its secrets hidden, where it holds some."""
    secrets = all_secrets & request.url.macros
    told = {macro: value for macro, value in account.items() if macro not in secrets}
    return request.url.filled(told).filled(dict.fromkeys(secrets, HIDDEN), str) if secrets else None


def _token_request(api: ConversionApi, token: AccessToken) -> Request:
    account = api.account_values()
    return parse_request(RequestText(token.url, "POST", form=token.form), frozenset(account)).render(account)
