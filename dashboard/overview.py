"""Today against yesterday: the figures of the first page, and their course by the hour. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from dashboard import cells

Rows = Sequence[Mapping[str, Any]]
HOURS = 24
_NONE = Decimal(0)


@dataclass(frozen=True)
class Figures:
    """Of some time: clicks, conversions by event, and money by currency."""

    clicks: int
    events: Mapping[str, int]
    cost: Mapping[str, Decimal]
    revenue: Mapping[str, Decimal]

    @property
    def profit(self) -> dict[str, Decimal]:
        """By currency."""
        names = {**self.cost, **self.revenue}
        return {name: self.revenue.get(name, _NONE) - self.cost.get(name, _NONE) for name in names}

    def roi(self) -> dict[str, Decimal]:
        """By currency, where there is a cost in it."""
        return {name: self.profit[name] / spent for name, spent in self.cost.items() if spent}


@dataclass(frozen=True)
class Tile:
    """One figure: its word, what it is, what it was, and by how much it changed (a share)."""

    word: str
    now: str
    before: str
    change: float | None
    unit: str = ""  # of both


def rows_of(found: Rows, events: Sequence[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the reports `funnel` and `revenue` say, of the rows of `overview`, grouped by `hour`."""
    counts: dict[tuple[Any, bool], dict[str, int]] = {}
    sums: dict[tuple[Any, bool], dict[str, dict[str, Any]]] = {}
    for row in found:
        group = row["hour"], row["earlier"]
        of_group = counts.setdefault(group, dict.fromkeys(("", *events), 0))
        if row["event"] in of_group:
            of_group[row["event"]] += row["conversions"] if row["event"] else row["clicks"]
        if row["amounts"]:
            none = {"currency": row["currency"], "cost": _NONE, "payout": _NONE}
            of_currency = sums.setdefault(group, {}).setdefault(row["currency"], none)
            of_currency["cost"] += row["cost"]
            of_currency["payout"] += row["payout"]
    funnel = [
        {"hour": hour, "earlier": earlier, "step": step, "event": event, "clicks": number, "conversions": number}
        for (hour, earlier), of_group in counts.items()
        for step, (event, number) in enumerate(of_group.items())
    ]
    revenue = [
        {"hour": hour, "earlier": earlier, **of_currency}
        for (hour, earlier), by_currency in sums.items()
        for of_currency in by_currency.values()
    ]
    return funnel, revenue


def figures_of(funnel: Rows, revenue: Rows) -> Figures:
    """Of the rows of the reports `funnel` and `revenue` about the same time, whatever they are grouped by."""
    events: dict[str, int] = {}
    clicks = 0
    for row in funnel:
        if row["step"] == 0:
            clicks += row["clicks"]
        else:
            events[row["event"]] = events.get(row["event"], 0) + row["conversions"]
    cost, paid = _sums(revenue, "cost"), _sums(revenue, "payout")
    return Figures(clicks, events, cost, paid)


def tiles(now: Figures, before: Figures) -> list[Tile]:
    """What stands at the top of the page."""
    counts = [("clicks", now.clicks, before.clicks)]
    counts += [(event, number, before.events.get(event, 0)) for event, number in now.events.items()]
    found = [Tile(word, cells.count(one), cells.count(other), _change(one, other)) for word, one, other in counts]
    found += [
        _money_tile("cost", now.cost, before.cost),
        _money_tile("revenue", now.revenue, before.revenue),
        _money_tile("profit", now.profit, before.profit),
    ]
    return [*found, Tile("ROI", _rois(now), _rois(before), None)]


def by_hour(funnel: Rows, revenue: Rows, midnight: datetime) -> dict[str, list[list[float | None]]]:
    """By measure the hours of today, and of yesterday: what the reports say, grouped by `hour`.

    Money is of the currency with the most rows; hours that have not begun are None.
    """
    currency = main_currency(revenue)
    measures: dict[str, dict[datetime, float]] = {"clicks": {}}

    def add(word: str, hour: datetime, number: float) -> None:
        of_word = measures.setdefault(word, {})
        of_word[hour] = of_word.get(hour, 0) + number

    for row in funnel:
        word, number = ("clicks", row["clicks"]) if row["step"] == 0 else (row["event"], row["conversions"])
        add(word, row["hour"], number)
    for row in revenue:
        if row["currency"] == currency:
            add("cost", row["hour"], float(row["cost"]))
            add("revenue", row["hour"], float(row["payout"]))
    spent, paid = measures.get("cost", {}), measures.get("revenue", {})
    for hour, cost in spent.items():
        if cost:
            add("ROI %", hour, 100 * (paid[hour] - cost) / cost)
    return {
        word: [_day(found, midnight), _day(found, midnight - timedelta(days=1))] for word, found in measures.items()
    }


def main_currency(revenue: Rows) -> str:
    """The currency with the most rows."""
    times: dict[str, int] = {}
    for row in revenue:
        times[row["currency"]] = times.get(row["currency"], 0) + 1
    return max(times, key=lambda name: (times[name], name), default="")


def _day(found: Mapping[datetime, float], midnight: datetime) -> list[float | None]:
    hours: list[float | None] = [None] * HOURS
    for hour, number in found.items():
        local = hour.astimezone(midnight.tzinfo)
        if local.date() == midnight.date():
            hours[local.hour] = (hours[local.hour] or 0) + number
    last = max((at for at, number in enumerate(hours) if number is not None), default=-1)
    return [number if number is not None or at > last else 0.0 for at, number in enumerate(hours)]


def _sums(rows: Rows, column: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row[column]:
            sums[row["currency"]] = sums.get(row["currency"], _NONE) + row[column]
    return dict(sorted(sums.items()))


def _money_tile(word: str, now: Mapping[str, Decimal], before: Mapping[str, Decimal]) -> Tile:
    currencies = {*now, *before}
    if len(currencies) != 1:
        return Tile(word, cells.money(now), cells.money(before), None)
    (currency,) = currencies
    one, other = now.get(currency, _NONE), before.get(currency, _NONE)
    return Tile(word, cells.amount(one), cells.amount(other), _change(float(one), float(other)), currency)


def _rois(figures: Figures) -> str:
    found = figures.roi()
    named = len(found) > 1
    return ", ".join(cells.share(one) + (f" {name}" if named else "") for name, one in found.items()) or cells.NOTHING


def _change(now: float, before: float) -> float | None:
    return (now - before) / abs(before) if before else None
