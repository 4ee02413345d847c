"""What a click costs, and what is owed for its events: as its source says, else as its campaign. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ingest.amounts import parse_amount, parse_currency
from schemas.settings.postbacks import Source
from schemas.settings.traffic import Campaign

COST_WORDS = ("cost", "cpm", "cpa")
_PER = {"cost": Decimal(1), "cpm": Decimal(1000)}
_SMALLEST = Decimal("1e-8")  # that a record holds

Said = Mapping[str, str]
"""By our word what the source says of the click."""


@dataclass(frozen=True, slots=True)
class CostPlan:
    """How the costs of one campaign's clicks are read."""

    cost: Decimal | None  # of a click
    currency: str  # of that; empty where there is none
    said_in: str  # the currency of what the source says, where it names none; empty: not known
    cpa: Mapping[str, str]  # event = "3.00 USD"


def cost_plan(campaign: Campaign, source: Source) -> CostPlan:
    """Prepare what is configured."""
    price = campaign.cost or campaign.cpm
    currency = price.currency if price else ""
    return CostPlan(
        cost=None if price is None else price.amount if campaign.cost else price.amount / _PER["cpm"],
        currency=currency,
        said_in=source.currency or currency or next((money.currency for money in campaign.cpa.values()), ""),
        cpa={event: str(money) for event, money in campaign.cpa.items()},
    )


def cost_of(plan: CostPlan, said: Said) -> tuple[Decimal | None, str]:
    """What the click costs, and in which currency: as the source says where it does so in a known currency.

    A source fills in 0 for the price that a campaign does not go by: of `cost` and `cpm` the one that is more counts.
    """
    if not (said["cost"] or said["cpm"]):
        return plan.cost, plan.currency
    found: Decimal | None = None
    for word, per in _PER.items():
        amount = _amount(said[word]) if said[word] else None
        if amount is not None and (found is None or not found):
            found = amount if per == 1 else _held(amount / per)
    currency = _currency(plan, said) if found is not None else ""
    return (found, currency) if found is not None and currency else (plan.cost, plan.currency)


def owed_for(plan: CostPlan, said: Said) -> dict[str, str]:
    """By event what the source charges for it: what it says counts for each event that the campaign names."""
    if not plan.cpa:
        return {}
    amount, currency = _amount(said["cpa"]) if said["cpa"] else None, _currency(plan, said)
    return dict.fromkeys(plan.cpa, f"{amount:f} {currency}") if amount and currency else dict(plan.cpa)


def _amount(text: str) -> Decimal | None:
    """An amount; none where there is no such amount, or one that nobody charges."""
    try:
        amount = parse_amount(text)
    except ValueError:
        return None
    return amount if amount >= 0 else None


def _held(amount: Decimal) -> Decimal:
    """The amount, cut to what a record holds."""
    exponent = amount.as_tuple().exponent
    return amount.quantize(_SMALLEST, ROUND_HALF_UP) if isinstance(exponent, int) and exponent < -8 else amount


def _currency(plan: CostPlan, said: Said) -> str:
    """The currency of what the source says; empty where it is not known."""
    try:
        return parse_currency(said["currency"]) if said["currency"] else plan.said_in
    except ValueError:
        return ""
