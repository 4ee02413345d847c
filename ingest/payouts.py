"""What a postback pays, as its network writes it: units, several amounts in one field, a highest one. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeVar
from urllib.parse import unquote

from ingest.amounts import WANTED, parse_amount, parse_currency
from ingest.refusal import bad_value
from ingest.words import Found
from schemas.settings.networks import ANY_CURRENCY
from schemas.settings.traffic import Network
from schemas.unreplaced import unreplaced_macro

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
    if not payout[1]:
        return None, ""
    amount = _amount(plan, payout)
    if amount is None:
        return None, ""
    code = _currency(plan, currency)
    if plan.decimals:
        amount = amount.scaleb(-plan.decimals.get(code, plan.decimals.get(ANY_CURRENCY, 0)))
        _check_held(amount, payout)
    if plan.highest:
        _check_highest(plan.highest, amount, code, payout)
    return amount, code


def _amount(plan: PayoutPlan, payout: Found) -> Decimal | None:
    name, value = payout
    try:
        if not plan.separator:
            return _read(parse_amount, value)
        several = _each(parse_amount, value, plan.separator)
    except ValueError as error:
        raise bad_value("invalid_payout", name, value, str(error)) from None
    if not several or plan.pick != "sum":
        return several[0 if plan.pick == "first" else -1] if several else None
    total = sum(several, Decimal(0))
    _check_held(total, payout)
    return total


def _currency(plan: PayoutPlan, currency: Found) -> str:
    name, value = currency
    if not value:
        return plan.currency
    try:
        if not plan.separator:
            return _read(parse_currency, value) or plan.currency
        several = _each(parse_currency, value, plan.separator)
    except ValueError as error:
        raise bad_value("invalid_currency", name, value, str(error)) from None
    if plan.pick == "sum" and len(set(several)) > 1:
        raise bad_value("invalid_currency", name, value, "amounts in several currencies cannot be added: name one")
    return several[-1 if plan.pick == "last" else 0] if several else plan.currency


def _each(parse: Callable[[str], _Parsed], text: str, separator: str) -> list[_Parsed]:
    """What the parts of a field say, those left out that say nothing. Raises ValueError."""
    read = [_read(parse, part) for part in map(str.strip, text.split(separator)) if part]
    return [each for each in read if each is not None]


def _read(parse: Callable[[str], _Parsed], text: str) -> _Parsed | None:
    """What a text says; nothing if it is a macro; if it was encoded twice, what it was. Raises ValueError."""
    try:
        return parse(text)
    except ValueError:
        if unreplaced_macro(text):
            return None
        decoded = unquote(text)
        if decoded == text:
            raise
    return parse(decoded)


def _check_held(amount: Decimal, payout: Found) -> None:
    """Raises Refusal for an amount that no record holds."""
    exponent = amount.as_tuple().exponent
    if abs(amount) >= _TOO_MUCH or (isinstance(exponent, int) and exponent < _SMALLEST):
        raise bad_value("invalid_payout", *payout, WANTED)


def _check_highest(highest: Mapping[str, Decimal], amount: Decimal, code: str, payout: Found) -> None:
    limit = highest.get(code)
    if limit is None:
        known = ", ".join(highest)
        wanted = f"max_payout is in {known}, and this is in {code or 'no currency'}"
        raise bad_value("payout_too_high", *payout, wanted)
    if abs(amount) > limit:
        raise bad_value("payout_too_high", *payout, f"max_payout is {limit} {code}")
