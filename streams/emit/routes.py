"""What is configured of each destination, compiled: whom it is told of, and by which request. Pure."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from schemas.macros import POSTBACK_MACROS, Template
from schemas.requests import Request, RequestTemplate, RequestText, parse_request
from schemas.settings.conversion_apis import AccessToken, ConversionApi
from schemas.settings.file import Settings
from schemas.settings.masks import HIDDEN, hider, secret_values
from schemas.settings.partners import Partner
from schemas.settings.postbacks import ANY_EVENT, Postbacks, SourcePostback, Success
from schemas.settings.rates import Rates
from schemas.settings.sending import Sending
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
from streams.emit.partners import Owners


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
    partner: Partner | None = None  # who is told of their own share
    first_wait_ms: Millis | None = None  # before the first attempt, besides the delay; None: that of [emit]

    def due_at(self, now_ms: Millis, usual_ms: Millis) -> Millis:
        """When the first attempt is due of what is decided now. `usual_ms`: what [emit] has all wait."""
        wait = usual_ms if self.first_wait_ms is None else self.first_wait_ms
        return now_ms + wait + self.delay_ms


class Manners(NamedTuple):
    """How attempts are made, by destination."""

    successes: Mapping[str, Success] = {}  # which answers are successes
    signing_keys: Mapping[str, bytes] = {}  # with which each attempt is signed
    token_requests: Mapping[str, Request] = {}  # what answers with the access token of its attempts
    sendings: Mapping[str, Sending] = {}  # what they say of it themselves
    hide: Callable[[str], str] = str  # takes the secrets of the configuration out of an answer


ByEvent = Mapping[str, Route]
"""By event, or "*"."""


class Routes(NamedTuple):
    """All there are."""

    sources: Mapping[str, ByEvent]
    partners: Mapping[str, ByEvent]
    others: Mapping[str, Route]  # webhooks and conversion APIs, by their names as destinations
    owners: Owners  # whose a click is


def routes_of(settings: Settings) -> Routes:
    """Compile the requests of all destinations. Raises MacroError for a template that does not parse."""
    rates = Rates(settings.rates)
    sources = {name: _by_event(destination_of(name), one, rates) for name, one in settings.sources.items()}
    partners = {name: _by_event(partner_of(name), one, rates) for name, one in settings.partners.items()}
    secrets = [secret.get_secret_value() for secret in settings.ingest.secrets]
    others = [_webhook_route(name, one) for name, one in settings.webhooks.items()]
    others += [_conversion_api_route(name, one, rates) for name, one in settings.conversion_apis.items()]
    by_destination = {route.destination: route for route in others}
    return Routes(sources, partners, by_destination, Owners(settings.partners, secrets))


def route_for(routes: Routes, source: str, event: str) -> Route | None:
    """How a source is told about an event: by its own postback, else by that for any event."""
    return _of_event(routes.sources.get(source, {}), event)


def route_for_partner(routes: Routes, partner: str, event: str) -> Route | None:
    """How a partner is told about an event, the same way."""
    return _of_event(routes.partners.get(partner, {}), event)


def _of_event(by_event: ByEvent, event: str) -> Route | None:
    route = by_event.get(event) or by_event.get(ANY_EVENT)
    if event == LANDER_CLICK and route and event not in by_event and event not in route.conditions.events:
        return None  # "any event" is one that a network reports: no source pays for a step on our own page unasked
    return route


def route_to(routes: Routes, destination: str, source: str, event: str) -> Route | None:
    """How a destination is told about an event of a click of this source."""
    if destination == destination_of(source):
        return route_for(routes, source, event)
    if destination.startswith(_PARTNER):
        return route_for_partner(routes, destination.removeprefix(_PARTNER), event)
    route = routes.others.get(destination)
    return route if route and (not route.conditions.events or event in route.conditions.events) else None


def successes_of(settings: Settings) -> dict[str, Success]:
    """By destination, which of its answers are successes."""
    return {name: told.success for name, told in _destinations(settings).items()}


def _destinations(settings: Settings) -> dict[str, Postbacks | Webhook | ConversionApi]:
    """What is configured of each destination."""
    return {
        **{destination_of(name): source for name, source in settings.sources.items()},
        **{partner_of(name): partner for name, partner in settings.partners.items()},
        **{webhook_of(name): webhook for name, webhook in settings.webhooks.items()},
        **{conversion_api_of(name): api for name, api in settings.conversion_apis.items()},
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
        {name: told.sending for name, told in _destinations(settings).items()},
        hider(secret_values(settings)),
    )


def destination_of(source: str) -> str:
    """The name of a source as a destination."""
    return f"source/{source}"


_PARTNER = "partner/"


def partner_of(name: str) -> str:
    """The name of a partner as a destination."""
    return f"{_PARTNER}{name}"


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
        first_wait_ms=webhook.sending.first_wait,
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
        first_wait_ms=api.sending.first_wait,
        goals=api.events,
        matching=matching,
    )


def _by_event(destination: str, told: Postbacks, rates: Rates) -> ByEvent:
    return {event: _route(destination, told, postback, rates) for event, postback in told.postbacks.items()}


def _route(destination: str, source: Postbacks, postback: SourcePostback, rates: Rates) -> Route:
    parsed = parse_request(postback.request, source.postback_macros)
    account = source.account_values()
    request = parsed.filled(account)
    return Route(
        destination=destination,
        request=request,
        macros=request.macros,
        shown=_shown(parsed, account, source.account_secrets),
        conditions=conditions_of(postback),
        share=postback.payout,
        currency=postback.currency,
        rates=rates,
        delay_ms=postback.delay,
        first_wait_ms=source.sending.first_wait,
        once=postback.once,
        goals=source.goals,
        needs_source_click_id="source_click_id" in request.macros,
        partner=source if isinstance(source, Partner) else None,
    )


def _shown(request: RequestTemplate, account: Mapping[str, str], all_secrets: frozenset[str]) -> Template | None:
    """The URL with its secrets hidden, where it holds some."""
    secrets = all_secrets & request.url.macros
    told = {macro: value for macro, value in account.items() if macro not in secrets}
    return request.url.filled(told).filled(dict.fromkeys(secrets, HIDDEN), str) if secrets else None


def _token_request(api: ConversionApi, token: AccessToken) -> Request:
    account = api.account_values()
    return parse_request(RequestText(token.url, "POST", form=token.form), frozenset(account)).render(account)
