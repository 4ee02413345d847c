"""What a postback pays, as its network writes it: units, several amounts in one field, a highest one. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeVar
from urllib.parse import unquote

from ingest.amounts import WANTED, parse_amount, parse_currency
from ingest.refusal import bad_value
from schemas.settings.networks import ANY_CURRENCY
from schemas.settings.traffic import Network
from schemas.unreplaced import unreplaced_macro

Found = tuple[str, str]
"""The parameter that carries a word, and its value."""

_SMALLEST = -8  # exponent of the smallest amount that a record holds
_TOO_MUCH = Decimal(10**16)
_Parsed = TypeVar("_Parsed")


@dataclass(frozen=True, slots=True)
class PayoutPlan:
    """How the amounts of one network are read."""

    currency: str  # where the postback names none
    decimals: Mapping[str, int]
    separator: str
    pick: Literal["first", "last", "sum"]
    highest: Mapping[str, Decimal]


def payout_plan(network: Network) -> PayoutPlan:
    """Prepare what is configured."""
    return PayoutPlan(
        currency=network.currency,
        decimals=network.payout_decimals,
        separator=network.payout_separator,
        pick=network.payout_pick,
        highest={money.currency: money.amount for money in network.max_payout},
    )


def read_payout(plan: PayoutPlan, payout: Found, currency: Found) -> tuple[Decimal | None, str]:
    """The exact amount and its currency; none where the postback says none. Raises Refusal for what is no amount."""
    name, value = payout
    amounts = _said(value, plan.separator)
    if not amounts:
        return None, ""
    try:
        amount = _picked([_read(parse_amount, each) for each in amounts], plan.pick)
    except ValueError as error:
        raise bad_value("invalid_payout", name, value, str(error)) from None
    code = _currency(plan, currency)
    if plan.decimals:
        amount = amount.scaleb(-plan.decimals.get(code, plan.decimals.get(ANY_CURRENCY, 0)))
    exponent = amount.as_tuple().exponent
    if abs(amount) >= _TOO_MUCH or (isinstance(exponent, int) and exponent < _SMALLEST):
        raise bad_value("invalid_payout", name, value, WANTED)
    if plan.highest:
        _check_highest(plan.highest, amount, code, payout)
    return amount, code


def _said(value: str, separator: str) -> list[str]:
    """The values in a field, those that say nothing left out."""
    if not value:
        return []
    parts = [part.strip() for part in value.split(separator)] if separator else [value]
    return [part for part in parts if part and not unreplaced_macro(part)]


def _read(parse: Callable[[str], _Parsed], text: str) -> _Parsed:
    """Parse a text; if that fails and it was encoded twice, what it was before. Raises ValueError."""
    try:
        return parse(text)
    except ValueError:
        decoded = unquote(text)
        if decoded == text:
            raise
    return parse(decoded)


def _picked(amounts: list[Decimal], pick: str) -> Decimal:
    if pick == "sum":
        return sum(amounts, Decimal(0))
    return amounts[0 if pick == "first" else -1]


def _currency(plan: PayoutPlan, currency: Found) -> str:
    name, value = currency
    codes = _said(value, plan.separator)
    if not codes:
        return plan.currency
    try:
        read = [_read(parse_currency, code) for code in codes]
    except ValueError as error:
        raise bad_value("invalid_currency", name, value, str(error)) from None
    if plan.pick == "sum" and len(set(read)) > 1:
        raise bad_value("invalid_currency", name, value, "amounts in several currencies cannot be added: name one")
    return read[-1 if plan.pick == "last" else 0]


def _check_highest(highest: Mapping[str, Decimal], amount: Decimal, code: str, payout: Found) -> None:
    limit = highest.get(code)
    if limit is None:
        known = ", ".join(highest)
        wanted = f"max_payout is in {known}, and this is in {code or 'no currency'}"
        raise bad_value("payout_too_high", *payout, wanted)
    if abs(amount) > limit:
        raise bad_value("payout_too_high", *payout, f"max_payout is {limit} {code}")
