"""A made-up conversion, for looking at the request that would tell of it. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from schemas.ids import conversion_id, delivery_id
from schemas.records import Click, Conversion, Outcome, Postback
from schemas.settings.file import Settings
from schemas.settings.values import Money, parse_money
from schemas.values import STATUSES, Millis, Status
from streams.emit.routes import Routes, destination_of, manners_of, route_to, routes_of
from streams.emit.routing import Rendered, render
from streams.emit.signature import signed

CLICK_ID, SOURCE_CLICK_ID, TXID = "made-up-click-id", "made-up-source-click-id", "made-up-txid"
HASHED = ("em", "ph", "external_id")
SAMPLE_HASH = "7b17fb0bd173f625b58636fb796407c22b3d16fc78302d79f0fd30c2fc2fc068"
_A_MINUTE = 60_000


class MadeUp(NamedTuple):
    """What is made up. What is empty is taken from the configuration, or made up too."""

    destination: str  # a source, or as deliveries have it: "webhook/crm"
    event: str
    source_click_id: str = SOURCE_CLICK_ID
    payout: Money | None = None
    status: Status = "approved"
    txid: str = TXID
    params: Mapping[str, str] = {}  # what else the click would bring


def made_up(
    destination: str, event: str, source_click_id: str, payout: str, status: str, txid: str, params: Sequence[str] = ()
) -> MadeUp:
    """What was typed, with the rest made up. Raises ValueError, with what would be right."""
    for param in params:
        if "=" not in param:
            raise ValueError(f"--param {param}: write NAME=VALUE, like client_id=123.456")
    brought = dict(param.split("=", 1) for param in params)
    found: list[Status] = [each for each in STATUSES if each == status]
    if not found:
        raise ValueError(f"--status {status}: there are {', '.join(STATUSES)}")
    money = parse_money(payout) if payout else None
    return MadeUp(destination, event, source_click_id or SOURCE_CLICK_ID, money, found[0], txid or TXID, brought)


class Trial(NamedTuple):
    """The request, and whether such a conversion is told at all: by the postback's conditions, that it is a test aside,
    and by a partner who is not paused."""

    destination: str
    rendered: Rendered
    fits: bool


def request_for(settings: Settings, wanted: MadeUp, now_ms: Millis) -> Trial:
    """The request by which a destination would be told. Raises LookupError, with what there is."""
    if wanted.event not in settings.events:
        raise LookupError(f"there is no [events.{wanted.event}]: there are {', '.join(settings.funnel)}")
    source, destination = _found(settings, wanted.destination)
    routes = routes_of(settings)
    route = route_to(routes, destination, source, wanted.event)
    if route is None:
        raise LookupError(f"{wanted.destination} is not told of {wanted.event}: {_told(routes, source, destination)}")
    hashes = dict.fromkeys(HASHED, SAMPLE_HASH) if route.matching else {}
    outcome, click, conversion = _outcome(settings, wanted, source, {**hashes, **wanted.params}, now_ms)
    id_ = delivery_id(conversion.postback_id, conversion.conversion_id, destination)
    conditions = route.conditions._replace(also=frozenset({"test"}))
    rendered = render(outcome, click, conversion, route, id_)
    if (key := manners_of(settings).signing_keys.get(destination)) and rendered.request.url:
        headers = signed(rendered.request.headers, rendered.request.body, key, id_, now_ms // 1000)
        rendered = replace(rendered, request=replace(rendered.request, headers=headers))
    is_paused = route.partner is not None and route.partner.paused
    return Trial(destination, rendered, not is_paused and conditions.fit(outcome, click, conversion))


def _found(settings: Settings, name: str) -> tuple[str, str]:
    """A source whose click it would be, and the destination of this name. Raises LookupError."""
    if name in settings.sources:
        return name, destination_of(name)
    destinations = manners_of(settings).successes
    if name not in destinations:
        others = [one for one in sorted(destinations) if not one.startswith("source/")]
        known = ", ".join([*sorted(settings.sources), *others])
        section = "[{}s.{}]".format(*name.split("/", 1)) if "/" in name else f"[sources.{name}]"
        raise LookupError(f"there is no {section}: there are {known}")
    kind, _, own = name.partition("/")
    if kind == "source":
        return own, name
    if kind == "partner":
        campaign = next(iter(settings.partners[own].campaigns or settings.campaigns), "")
        return settings.campaigns[campaign].source if campaign else "", name
    told = settings.webhooks if kind == "webhook" else settings.conversion_apis
    return next(iter(told[own].sources or settings.sources), ""), name


def _told(routes: Routes, source: str, destination: str) -> str:
    other = routes.others.get(destination)
    own = routes.partners.get(destination.removeprefix("partner/"), {}) if "/" in destination else {}
    events = sorted(other.conditions.events) if other else list(own or routes.sources.get(source, {}))
    return f"there are {', '.join(events)}" if events else "of no event at all"


def _outcome(
    settings: Settings, wanted: MadeUp, source: str, params: dict[str, str], now_ms: Millis
) -> tuple[Outcome, Click, Conversion]:
    """Everything in it is marked as a test."""
    campaigns = ((name, each) for name, each in settings.campaigns.items() if each.source == source)
    campaign, chosen = next(campaigns, ("", None))
    offer = chosen.offers[0].offer if chosen else ""
    network = settings.offers[offer].network if offer else next(iter(settings.networks), "")
    paid = settings.offers[offer].payouts.get(wanted.event) if offer else None
    payout = wanted.payout or paid or parse_money("1.00 USD")
    click = Click(
        click_id=CLICK_ID,
        clicked_at=now_ms - _A_MINUTE,
        received_at=now_ms - _A_MINUTE,
        campaign=campaign,
        source=source,
        source_click_id=wanted.source_click_id,
        offer=offer,
        network=network,
        params=params,
        ip="203.0.113.9",
        user_agent="Mozilla/5.0 (made up)",
        is_test=True,
    )
    postback = Postback(
        postback_id="made-up-postback-id",
        click_id=CLICK_ID,
        event=wanted.event,
        network=network,
        received_at=now_ms,
        txid=wanted.txid,
        is_test=True,
    )
    conversion = Conversion(
        conversion_id=conversion_id(CLICK_ID, wanted.event, network, wanted.txid),
        event=wanted.event,
        network=network,
        postback_id=postback.postback_id,
        txid=wanted.txid,
        status=wanted.status,
        payout=payout.amount,
        currency=payout.currency,
        occurred_at=now_ms,
        received_at=now_ms,
        status_received_at=now_ms,
        is_test=True,
    )
    outcome = Outcome(
        outcome="attributed", postback=postback, version=0, decided_at=now_ms, conversion=conversion, click=click
    )
    return outcome, click, conversion
