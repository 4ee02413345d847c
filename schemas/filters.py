"""How the value of a macro is written: `{payout|2}`, `{occurred_at|iso}`, `{country|lower}`. A closed set. Pure."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

Value = str | int | Decimal
"""Text, a moment in milliseconds, or an amount of money. Text is written as it is, whatever its macro usually is."""

AMOUNTS = frozenset({"payout", "cost"})
MOMENTS = frozenset({"clicked_at", "occurred_at", "received_at", "status_at"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACES = {str(places): Decimal(1).scaleb(-places) for places in range(9)}

_OF_TEXT: Mapping[str, Callable[[str], str]] = {"upper": str.upper, "lower": str.lower}
_OF_MOMENTS: Mapping[str, Callable[[int], str]] = {
    "s": lambda ms: str(ms // 1000),
    "ms": str,
    "iso": lambda ms: _moment(ms).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "date": lambda ms: _moment(ms).strftime("%Y-%m-%d"),
    "datetime": lambda ms: _moment(ms).strftime("%Y-%m-%d %H:%M:%S"),
    "offset": lambda ms: _moment(ms).strftime("%Y-%m-%d %H:%M:%S+00:00"),
}
NUMERIC = frozenset({"", "s", "ms", *_PLACES})
"""With these an amount or a moment is a number."""


def filters_of(macro: str) -> tuple[str, ...]:
    """The filters that a macro takes."""
    if macro in AMOUNTS:
        return tuple(_PLACES)
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
        return f"{value.quantize(_PLACES[filter_], ROUND_HALF_UP) if filter_ else value:f}"
    return _OF_MOMENTS[filter_ or "s"](value)


def _moment(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
