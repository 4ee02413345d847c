"""One currency for all money of a report, by dated rates. Pure.

A cost counts by the rate of the day of its click, a payout by that of the day it occurred on, both in UTC. A rate holds
from its day on until the next. Where there is none in that direction, the other's inverse counts, to twenty places.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

_EPOCH = date(1970, 1, 1)
_FINE = Decimal(1).scaleb(-20)
_PRECISE = Context(prec=80, rounding=ROUND_HALF_EVEN)

Dated = Mapping[str, Mapping[str, Mapping[str, Decimal]]]
"""From a currency to another: since a day (YYYY-MM-DD) = what one unit is worth. schemas.settings.rates.RateTable."""


@dataclass(frozen=True)
class Factor:
    """What an amount is multiplied by, from a day on."""

    currency: str
    since: int  # days since 1970
    factor: Decimal


@dataclass(frozen=True)
class Into:
    """A currency, and what leads into it: of each other one what counts first stands first."""

    currency: str
    factors: tuple[Factor, ...] = ()


class NoRateError(ValueError):
    """An amount of the report has no rate; the text says which are missing."""


def into(currency: str, rates: Dated) -> Into:
    """What leads into a currency."""
    direct = [
        Factor(other, _number(day), rate)
        for other, others in rates.items()
        for day, rate in others.get(currency, {}).items()
    ]
    inverse = [
        Factor(other, _number(day), _PRECISE.divide(Decimal(1), rate).quantize(_FINE, context=_PRECISE))
        for other, by_day in rates.get(currency, {}).items()
        for day, rate in by_day.items()
    ]
    return Into(currency, tuple(_newest_first(direct) + _newest_first(inverse)))


def into_parameters(wanted: Into | None) -> dict[str, Any]:
    """The parameters of `rates.sql`."""
    factors = wanted.factors if wanted else ()
    return {
        "into": wanted.currency if wanted else "",
        "rate_currencies": [one.currency for one in factors],
        "rate_days": [one.since for one in factors],
        "rate_factors": [f"{one.factor:f}" for one in factors],  # as text: a number would go through a float
    }


def check_rates(wanted: Into | None, told: Iterable[str]) -> None:
    """Whether every amount could be converted, by the currencies that an answer tells of. Raises NoRateError."""
    missing = sorted({one for one in told if " " in one}) if wanted else []
    if wanted and missing:
        days: dict[str, list[str]] = {}
        for one in missing:
            currency, _, day = one.partition(" ")
            days.setdefault(currency, []).append(day)
        pairs = "; ".join(f"{currency}: {_span(found)}" for currency, found in days.items())
        first = next(iter(days))
        raise NoRateError(
            f"[rates] has none into {wanted.currency} for amounts of these days: {pairs}. Write for example "
            f'[rates.{first}] {wanted.currency} = {{ {days[first][0]} = "1.08" }}'
        )


def _span(days: list[str]) -> str:
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]} ({len(days)} days)"


def _newest_first(factors: list[Factor]) -> list[Factor]:
    return sorted(factors, key=lambda one: -one.since)


def _number(day: str) -> int:
    return (date.fromisoformat(day) - _EPOCH).days
