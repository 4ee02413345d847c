"""A report as a table that people sort, page through and drill into; the funnel with a line for each group. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from dashboard.cells import SHARES, cell, is_figure

PAGE = 100
DEEPER = (
    "campaign",
    "source",
    "offer",
    "network",
    "country",
    "device",
    "os",
    "creative",
    "placement",
    "keyword",
    "day",
)
"""What is asked for next where somebody clicks on a value."""
_CENT = Decimal("0.01")
_NONE = Decimal(0)


@dataclass(frozen=True)
class Table:
    """Columns and rows; the first `groups` columns are the dimensions it is grouped by.

    many: of how many rows these are one page, as they are sorted; 0: these are all.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    groups: int
    many: int = 0

    def figures(self) -> list[bool]:
        """Of each column whether it is one of figures."""
        sample = self.rows[:PAGE]
        return [at >= self.groups and is_figure([row[at] for row in sample]) for at in range(len(self.columns))]

    def sorted_by(self, key: str) -> "Table":
        """By a column, `-column` the greatest first; as it is where there is none. What is nothing is last."""
        name = key.removeprefix("-")
        if name not in self.columns or self.many:
            return self
        at = self.columns.index(name)
        known = [row for row in self.rows if _order(row[at]) is not None]
        nothing = [row for row in self.rows if _order(row[at]) is None]
        known.sort(key=lambda row: _order(row[at]), reverse=key.startswith("-"))
        return Table(self.columns, (*known, *nothing), self.groups)


def written(name: str, value: Any) -> str:
    """A cell as people read it."""
    return cell("rate" if name in SHARES or name.endswith(" rate") else name, value)


def of_funnel(rows: Sequence[Mapping[str, Any]], group_by: Sequence[str]) -> Table:
    """A line for each group: its clicks, how many reached each step, what they cost and brought.

    rows: of the report, with money that is not rounded yet.
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in group_by), []).append(row)
    events = list(dict.fromkeys(row["event"] for row in rows if row["step"]))
    heads = [column for event in events for column in (event, f"{event} rate")]
    columns = (*group_by, "clicks", *heads, "cost", "revenue", "profit", "roi")
    return Table(columns, tuple((*group, *_figures(steps, events)) for group, steps in groups.items()), len(group_by))


def _figures(steps: Sequence[Mapping[str, Any]], events: Sequence[str]) -> list[Any]:
    by_event = {row["event"]: row for row in steps if row["step"]}
    click = next((row for row in steps if not row["step"]), None)
    line: list[Any] = [click["clicks"] if click else 0]
    for event in events:
        row = by_event.get(event)
        line += [row["clicks"], row["rate"]] if row else [0, None]
    cost = dict(click["money"]) if click else {}
    revenue: dict[str, Decimal] = {}
    for row in by_event.values():
        for currency, amount in row["money"].items():
            revenue[currency] = revenue.get(currency, _NONE) + amount
    profit = {name: revenue.get(name, _NONE) - cost.get(name, _NONE) for name in {**cost, **revenue}}
    only = next(iter(cost)) if len(cost) == 1 and set(revenue) <= set(cost) else ""
    roi = profit[only] / cost[only] if only and cost[only] else None
    return [*line, _rounded(cost), _rounded(revenue), _rounded(profit), roi]


def deeper(group_by: Sequence[str], dimension: str, filtered: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """What a report is grouped by once somebody clicked on a value of `dimension`."""
    used = {*group_by, *filtered}
    following = next((name for name in DEEPER if name in known and name not in used), None)
    return tuple(name for name in (following if one == dimension else one for one in group_by) if name)


def _rounded(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {name: amounts[name].quantize(_CENT, ROUND_HALF_UP) for name in sorted(amounts)}


def _order(value: Any) -> Any:
    """What a value is sorted by; of money its greatest amount."""
    return max(value.values(), default=None) if isinstance(value, Mapping) else value
