"""How the value of a macro is written: `{payout|2}`, `{occurred_at|iso}`, `{country|lower}`. A closed set. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

Value = str | int | Decimal
"""Text, a moment in milliseconds, or an amount of money. Text is written as it is, whatever its macro usually is."""

AMOUNTS = frozenset({"payout", "cost"})
MOMENTS = frozenset({"clicked_at", "occurred_at", "received_at", "status_at"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDE = Context(prec=80, rounding=ROUND_HALF_UP)
_MOST_PLACES = 8  # as amounts are held
_PLACES = {str(places): Decimal(1).scaleb(-places) for places in range(_MOST_PLACES + 1)}

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_OF_TEXT: Mapping[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "hashed": lambda text: text.lower() if _SHA256.fullmatch(text) else "",  # what is no SHA-256 is not handed on
}
_OF_MOMENTS: Mapping[str, Callable[[int], str]] = {
    "s": lambda ms: str(ms // 1000),
    "ms": str,
    "us": lambda ms: str(ms * 1000),
    "iso": lambda ms: _moment(ms).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "date": lambda ms: _moment(ms).strftime("%Y-%m-%d"),
    "datetime": lambda ms: _moment(ms).strftime("%Y-%m-%d %H:%M:%S"),
    "offset": lambda ms: _moment(ms).strftime("%Y-%m-%d %H:%M:%S+00:00"),
}
_AS_TEXT = "text"
NUMERIC = frozenset({"", "s", "ms", "us", *_PLACES})
"""With these an amount or a moment is a number."""


def filters_of(macro: str) -> tuple[str, ...]:
    """The filters that a macro takes."""
    if macro in AMOUNTS:
        return (*_PLACES, _AS_TEXT)
    return tuple(_OF_MOMENTS if macro in MOMENTS else _OF_TEXT)


def is_number(macro: str, filter_: str) -> bool:
    """Whether a macro with this filter (empty: none) is a number, where there is a difference: in JSON."""
    return macro in AMOUNTS | MOMENTS and filter_ in NUMERIC


def written(value: Value, filter_: str = "") -> str:
    """A value as text: amounts without an exponent, rounded half up; moments in UTC, without a filter unix seconds.

    Raises OverflowError for a moment that no calendar holds.
    """
    if isinstance(value, str):
        return _OF_TEXT[filter_](value) if filter_ in _OF_TEXT else value
    if isinstance(value, Decimal):
        return _amount(value.quantize(_PLACES[filter_], None, _WIDE) if filter_ in _PLACES else _short(value))
    return _OF_MOMENTS[filter_ or "s"](value)


def _amount(amount: Decimal) -> str:
    """An amount without an exponent. str() writes one where it is very small or ends in zeros, and takes a third."""
    text = str(amount)
    return f"{amount:f}" if "E" in text else text


def _short(amount: Decimal) -> Decimal:
    """An amount that was computed, with as many places as amounts have, and no zeros at its end."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -_MOST_PLACES:
        return amount
    return amount.quantize(_PLACES[str(_MOST_PLACES)], context=_WIDE).normalize(_WIDE)


def _moment(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
