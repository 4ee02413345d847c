"""A partner's account as their own page shows it: every amount is theirs, nothing is ours or anybody else's. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clickjoin.partners.ledger import Standing
from schemas.settings.partners import ANY_EVENT
from schemas.values import LANDER_CLICK
from sql.ledger import Settlement

_NOTHING = Decimal("0.00")
_COUNTED = ("payable", "pending", "held", "unpriced")
_EARNED = ("payable", "held")


class Clicks(NamedTuple):
    """How many clicks of theirs a campaign had on a day."""

    day: date
    campaign: str
    clicks: int


class Balance(NamedTuple):
    """What they get in a currency: so far, and perhaps."""

    currency: str
    payable: Decimal  # approved, its days over, and not paid yet
    held: Decimal
    pending: Decimal
    paid: Decimal


class Group(NamedTuple):
    """What a day or a campaign has brought."""

    name: str
    clicks: int
    events: dict[str, int]  # conversions that are not rejected, and no refunds
    earned: dict[str, Decimal]  # approved, refunds taken off; by currency


def balances(payable: dict[str, Decimal], waiting: Iterable[Standing], settled: Sequence[Settlement]) -> list[Balance]:
    """What is to be paid, what may be, and what was; by currency."""
    found: dict[str, Balance] = {}

    def add(currency: str, **amounts: Decimal) -> None:
        had = found.get(currency, Balance(currency, _NOTHING, _NOTHING, _NOTHING, _NOTHING))
        found[currency] = had._replace(**{word: getattr(had, word) + amount for word, amount in amounts.items()})

    for currency, amount in payable.items():
        add(currency, payable=amount)
    for one in waiting:
        if one.state in ("held", "pending") and one.amount:
            add(one.currency, **{one.state: one.amount})
    for settlement in settled:
        for currency, amount in settlement.totals.items():
            add(currency, paid=amount)
    return [found[currency] for currency in sorted(found)]


def groups(
    by: str, clicks: Iterable[Clicks], standings: Iterable[Standing], zone: ZoneInfo, events: Sequence[str]
) -> list[Group]:
    """The funnel by `day` or by `campaign`; "" is all of it. Conversions count on the day on which they came."""
    found: dict[str, Group] = {}

    def group(day: date, campaign: str) -> Group:
        name = {"day": day.isoformat(), "campaign": campaign}.get(by, "")
        return found.setdefault(name, Group(name, 0, dict.fromkeys(events, 0), {}))

    for one in clicks:
        had = group(one.day, one.campaign)
        found[had.name] = had._replace(clicks=had.clicks + one.clicks)
    for each in standings:
        conversion = each.conversion
        had = group(
            datetime.fromtimestamp(conversion.received_at / 1000, UTC).astimezone(zone).date(), conversion.campaign
        )
        if each.state in _COUNTED and not conversion.is_refund:
            had.events[conversion.event] = had.events.get(conversion.event, 0) + 1
        if each.state in _EARNED and each.amount:
            had.earned[each.currency] = had.earned.get(each.currency, _NOTHING) + each.amount
    return sorted(found.values(), key=lambda one: one.name, reverse=by == "day")


def told_events(funnel: Sequence[str], shared: Iterable[str], seen: Iterable[Standing]) -> tuple[str, ...]:
    """The events of their funnel in its order: those they have a share of, and those that came."""
    known = {*shared, *(one.conversion.event for one in seen)}
    steps = [name for name in funnel if name != LANDER_CLICK and (name in known or ANY_EVENT in known)]
    return (*steps, *sorted(known - {*steps, ANY_EVENT}))
