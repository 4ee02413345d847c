"""[rates]: what a unit of one currency is worth in another, and since which day. Pure."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Context, Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from schemas.values import Millis

_CODE = re.compile("[A-Z]{3}", re.ASCII)
_RATE = re.compile(r"\d{1,9}(?:\.\d{1,12})?", re.ASCII)
_EVER = "0001-01-01"
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)
_EXACT = Context(prec=80)  # no product of an amount and a rate has more digits


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise ValueError('write the ISO 4217 code of a currency, like "USD"')
    return text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"{text!r} is no date: write it as 2026-11-21") from None


def _rate(value: Any) -> Decimal:
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not _RATE.fullmatch(text) or not Decimal(text):
        raise ValueError('write a rate as "1.0842"')
    return Decimal(text)


def _by_day(value: Any) -> Any:
    """One rate without a date was it ever since. Raises ValueError here, where no date stands in the path."""
    if isinstance(value, dict):
        return value
    _rate(value)
    return {_EVER: value}


Code = Annotated[str, AfterValidator(_code)]
Day = Annotated[str, AfterValidator(_day)]
RateText = Annotated[Decimal, BeforeValidator(_rate)]
RateTable = dict[Code, dict[Code, Annotated[dict[Day, RateText], BeforeValidator(_by_day)]]]
"""From a currency to another: since a day = what one unit is worth."""


class Rates:
    """Looks up what was configured, in either direction."""

    def __init__(self, table: RateTable) -> None:
        self._days = {pair: [day for day, _ in by_day] for pair, by_day in _pairs(table)}
        self._rates = {pair: [rate for _, rate in by_day] for pair, by_day in _pairs(table)}

    def converted(self, amount: Decimal, currency: str, into: str, at: Millis) -> Decimal | None:
        """An amount in another currency by the rate of a moment's day (UTC); None where there is none.

        A product is exact, a quotient has far more digits than money: rounding is left to whoever writes it.
        """
        if rate := self._at((currency, into), at):
            return _EXACT.multiply(amount, rate)
        if rate := self._at((into, currency), at):
            return _EXACT.divide(amount, rate)
        return None

    def _at(self, pair: tuple[str, str], at: Millis) -> Decimal | None:
        days = self._days.get(pair)
        index = bisect_right(days, at // _DAY_MS) if days else 0
        return self._rates[pair][index - 1] if index else None


def _pairs(table: RateTable) -> Iterator[tuple[tuple[str, str], list[tuple[int, Decimal]]]]:
    for currency, others in table.items():
        for other, by_day in others.items():
            yield (currency, other), sorted((_number(day), rate) for day, rate in by_day.items())


def _number(day: str) -> int:
    """Days since 1970."""
    return (date.fromisoformat(day) - _EPOCH).days


def leads_into(table: Mapping[str, Mapping[str, object]], currency: str) -> bool:
    """Whether there is any rate into a currency."""
    return currency in table or any(currency in others for others in table.values())
