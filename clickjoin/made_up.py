"""A made-up conversion of a source, for looking at the request that would tell of it. Pure."""

from typing import NamedTuple

from schemas.ids import conversion_id, delivery_id
from schemas.records import Click, Conversion, Outcome, Postback
from schemas.settings.file import Settings
from schemas.settings.values import Money, parse_money
from schemas.values import STATUSES, Millis, Status
from streams.emit.routing import Rendered, destination_of, render, route_for, routes_of

CLICK_ID, SOURCE_CLICK_ID, TXID = "made-up-click-id", "made-up-source-click-id", "made-up-txid"
_A_MINUTE = 60_000


class MadeUp(NamedTuple):
    """What is made up. What is empty is taken from the configuration, or made up too."""

    source: str
    event: str
    source_click_id: str = SOURCE_CLICK_ID
    payout: Money | None = None
    status: Status = "approved"
    txid: str = TXID


def made_up(source: str, event: str, source_click_id: str, payout: str, status: str, txid: str) -> MadeUp:
    """What was typed, with the rest made up. Raises ValueError, with what would be right."""
    found: list[Status] = [each for each in STATUSES if each == status]
    if not found:
        raise ValueError(f"--status {status}: there are {', '.join(STATUSES)}")
    money = parse_money(payout) if payout else None
    return MadeUp(source, event, source_click_id or SOURCE_CLICK_ID, money, found[0], txid or TXID)


class Trial(NamedTuple):
    """The request, and whether the conditions of the postback fit what was made up; that it is a test aside."""

    rendered: Rendered
    fits: bool


def request_for(settings: Settings, wanted: MadeUp, now_ms: Millis) -> Trial:
    """The request by which a source would be told. Raises LookupError, with what there is."""
    source = settings.sources.get(wanted.source)
    if source is None:
        raise LookupError(f"there is no [sources.{wanted.source}]: there are {', '.join(sorted(settings.sources))}")
    if wanted.event not in settings.events:
        raise LookupError(f"there is no [events.{wanted.event}]: there are {', '.join(settings.funnel)}")
    route = route_for(routes_of(settings), wanted.source, wanted.event)
    if route is None:
        raise LookupError(f"{wanted.source} is not told of {wanted.event}: there are {', '.join(source.postbacks)}")
    outcome, click, conversion = _outcome(settings, wanted, now_ms)
    id_ = delivery_id(conversion.postback_id, conversion.conversion_id, destination_of(wanted.source))
    conditions = route.conditions._replace(also=frozenset({"test"}))
    return Trial(render(outcome, click, conversion, route, id_), conditions.fit(outcome, click, conversion))


def _outcome(settings: Settings, wanted: MadeUp, now_ms: Millis) -> tuple[Outcome, Click, Conversion]:
    """Everything in it is marked as a test."""
    campaigns = ((name, each) for name, each in settings.campaigns.items() if each.source == wanted.source)
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
        source=wanted.source,
        source_click_id=wanted.source_click_id,
        offer=offer,
        network=network,
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
