"""How figures, money and moments are written for people. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

SHARES = frozenset({"rate", "step_rate", "approval_rate", "share", "roi", "loss_probability"})
NOTHING = "–"
_CENT = Decimal("0.01")
_STEPS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def count(value: float) -> str:
    """`12,345`."""
    return f"{value:,.0f}"


def share(value: float | Decimal | None) -> str:
    """`12.3%`; a dash where there is none."""
    return NOTHING if value is None else f"{value:.1%}"


def money(amounts: Mapping[str, Decimal]) -> str:
    """`1,234.50 USD, 2.00 EUR`, rounded to cents here and nowhere before; a dash where there is none."""
    written = [f"{amount(value)} {currency}".rstrip() for currency, value in amounts.items()]
    return ", ".join(written) or NOTHING


def steps(reached: Mapping[str, int]) -> str:
    """`install 12, trial 3`."""
    return ", ".join(f"{event} {count(clicks)}" for event, clicks in reached.items()) or NOTHING


def amount(value: Decimal) -> str:
    """`1,234.50`, half a cent away from zero."""
    return f"{value.quantize(_CENT, ROUND_HALF_UP):,f}"


def span(seconds: float) -> str:
    """`3 min`: the greatest unit of which there is a whole one."""
    for length, unit in _STEPS:
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return "0 s" if seconds < 0.001 else f"{seconds * 1000:.0f} ms"


def moment(value: datetime, zone: tzinfo) -> str:
    """`2026-11-21 16:20:31` in a time zone."""
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def cell(name: str, value: Any) -> str:
    """A cell of a report's table by the name of its column."""
    if value is None:
        return NOTHING
    if name == "steps":
        return steps(value)
    if isinstance(value, Mapping):
        return money(value)
    if name in SHARES:
        return share(value)
    if name.startswith("seconds_"):
        return span(value)
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:,d}" if isinstance(value, int) and name not in _NO_COUNTS else str(value)


def is_figure(values: Sequence[Any]) -> bool:
    """Whether a column is one of figures, which stand to the right."""
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, (int, float, Decimal, Mapping)) for value in known)


_NO_COUNTS = frozenset({"weekday", "hour_of_day", "step", "period", "days"})
