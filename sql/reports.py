"""The reports: one SQL file each under `queries/`, parameters bound by the server."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from clickhouse_connect.driver.client import Client

DIMENSIONS = (
    *("campaign", "source", "offer", "network", "country", "device", "os", "browser"),
    *("placement", "creative", "source_campaign", "keyword", "day"),
    *(f"sub{number}" for number in range(1, 11)),
)
"""What a funnel can be grouped by."""
_BEGIN, _END = 0, 9_000_000_000_000  # milliseconds: 1970, and 2255

Money = Mapping[str, Decimal]
"""Amounts by currency. Currencies are never added up."""


@dataclass(frozen=True)
class Step:
    """One event of a funnel."""

    event: str
    clicks: int  # that reached it, each once
    conversions: int  # an event may repeat
    payout: Money  # approved, refunds taken off
    rate: float | None  # of all clicks; None where there are none
    step_rate: float | None  # of the clicks of the step before


@dataclass(frozen=True)
class FunnelRow:
    """The funnel of one group."""

    group: str  # a value of the dimension; empty where there is none
    clicks: int
    cost: Money
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Trace:
    """The life of one click, each list in the order of time. Rows are columns by name."""

    click_id: str
    click: dict[str, Any] | None = None
    postbacks: list[dict[str, Any]] = field(default_factory=list)
    conversions: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def found(self) -> bool:
        """Whether anything at all is known of it."""
        return bool(self.click or self.postbacks or self.conversions or self.deliveries)


def funnel(
    client: Client,
    *,
    events: Sequence[str],
    by: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    tests: bool = False,
) -> list[FunnelRow]:
    """The funnel of the clicks in [since, until), most clicks first. `events`: its steps after the click, in order.

    Times without a zone are the machine's. `tests`: count what is marked as a test too. Raises ValueError for a
    dimension that does not exist.
    """
    if by is not None and by not in DIMENSIONS:
        raise ValueError(f"no dimension {by!r}: there are {', '.join(DIMENSIONS)}")
    parameters = {
        "grouped": by is not None,
        "dimension": by or DIMENSIONS[0],
        "events": list(events),
        "since": _milliseconds(since, _BEGIN),
        "until": _milliseconds(until, _END),
        "tests": tests,
    }
    found: dict[str, dict[str, tuple[int, int, Money]]] = {} if by else {"": {}}  # the whole is there, even of nothing
    for group, event, *counts in client.query(statement("funnel"), parameters).result_rows:
        found.setdefault(group, {})[event] = (counts[0], counts[1], counts[2])
    rows = [_funnel_row(group, events, steps) for group, steps in found.items()]
    return sorted(rows, key=lambda row: (-row.clicks, row.group))


def conversions_per_event(client: Client) -> dict[str, int]:
    """How many conversions there are of each event, whatever their status."""
    return dict(_pairs(client.query(statement("conversions_per_event")).result_rows))


def trace(client: Client, click_id: str) -> Trace:
    """Everything that is known of a click."""
    clicks, postbacks, conversions, deliveries = (
        list(client.query(statement(f"trace_{part}"), {"click_id": click_id}).named_results())
        for part in ("click", "postbacks", "conversions", "deliveries")
    )
    return Trace(click_id, clicks[0] if clicks else None, postbacks, conversions, deliveries)


@cache
def statement(name: str) -> str:
    """The text of `queries/NAME.sql`."""
    return (files("sql") / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def _funnel_row(group: str, events: Sequence[str], found: Mapping[str, tuple[int, int, Money]]) -> FunnelRow:
    clicks, _, cost = found.get("click", (0, 0, {}))
    steps = []
    before = clicks
    for event in events:
        reached, conversions, payout = found.get(event, (0, 0, {}))
        steps.append(Step(event, reached, conversions, payout, _rate(reached, clicks), _rate(reached, before)))
        before = reached
    return FunnelRow(group, clicks, cost, tuple(steps))


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _pairs(rows: Iterable[Sequence[Any]]) -> Iterable[tuple[str, int]]:
    return ((str(name), int(count)) for name, count in rows)


def _milliseconds(moment: datetime | None, default: int) -> int:
    return default if moment is None else round(moment.timestamp() * 1000)
