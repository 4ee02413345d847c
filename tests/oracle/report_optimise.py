"""The report of what to cut by brute force: the model of docs/reports.md, written a second time."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from math import erf, sqrt
from typing import Any, NamedTuple

from sql.reports.question import Question
from tests.oracle.report_parts import Found, charged, clicks, conversions, dated, group, inside, rounded, spent
from tests.support.report_rows import Rows

_NOTHING = Decimal(0)
_A_PAYING_CLICK = 1.0


class Known(NamedTuple):
    """What is known of the worth of a click: a Gamma distribution."""

    shape: float
    mean: float

    def at(self, normal: float) -> float:
        base = 1 - 1 / (9 * self.shape) + normal / (3 * sqrt(self.shape))
        return self.mean * max(base, 0.0) ** 3

    def below(self, limit: float) -> float:
        """How likely it is less than a limit."""
        normal = 3 * sqrt(self.shape) * ((limit / self.mean) ** (1 / 3) - 1 + 1 / (9 * self.shape))
        return (1 + erf(normal / sqrt(2))) / 2


def known(brought: list[Decimal], count: int, everything: list[Decimal], of: int) -> Known | None:
    """Of `count` clicks, some of which brought something; None: nobody brought anything."""
    whole, squares = float(sum(everything)), sum(float(amount) ** 2 for amount in everything)
    if whole <= 0:
        return None
    amount, own = float(sum(brought)), sum(float(each) ** 2 for each in brought)
    amount = amount if amount > 0 else 0.0
    unit = own / amount if amount else squares / whole
    return Known(
        _A_PAYING_CLICK + amount / unit,
        (amount + _A_PAYING_CLICK * unit) / (count + _A_PAYING_CLICK * unit / (whole / of)),
    )


class _Group:
    """What was counted of a group."""

    def __init__(self) -> None:
        self.came = 0
        self.cost: dict[str, Decimal] = defaultdict(Decimal)
        self.brought: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.reached: dict[str, set[str]] = defaultdict(set)


def optimise(question: Question, rows: Rows) -> Found:
    groups = _counted(question, rows)
    everything: dict[str, list[Decimal]] = defaultdict(list)
    for of_group in groups.values():
        for currency, amounts in of_group.brought.items():
            everything[currency] += amounts.values()
    all_clicks = sum(one.came for one in groups.values())
    found: Found = {}
    for key, one in groups.items():
        currencies = {*one.cost, *one.brought}
        steps = {event: len(one.reached[event]) for event in question.events}
        for currency in currencies or {""}:
            cost, paying = one.cost.get(currency, _NOTHING), list(one.brought.get(currency, {}).values())
            sums = [rounded(each, question.decimals) for each in (cost, sum(paying, _NOTHING), sum(paying) - cost)]
            is_told = one.came and cost > 0 and len(currencies) == 1
            told = known(paying, one.came, everything[currency], all_clicks) if is_told else None
            found[*key, currency] = (one.came, steps, *sums, *_verdict(question, told, one.came, cost))
    return found


def _counted(question: Question, rows: Rows) -> dict[Any, _Group]:
    groups: dict[Any, _Group] = defaultdict(_Group)
    costs = spent(rows)
    for key, row in clicks(question, rows):
        groups[key].came += 1
        for currency, amount in costs[row["click_id"]]:
            groups[key].cost[currency] += amount
    for row in conversions(question, rows):
        if not inside(question, row["clicked_at"]) or row["status"] not in question.counted:
            continue
        one = groups[group(question, row, dated(question, row))]
        if row["payout"] is not None:
            one.brought[row["currency"]][row["click_id"]] += row["payout"]
        if not row["is_refund"]:
            one.reached[row["event"]].add(row["click_id"])
    for row in charged(question, rows):
        if inside(question, row["clicked_at"]):
            groups[group(question, row, dated(question, row))].cost[row["cost_currency"]] += row["cost"]
    return groups


def _verdict(question: Question, told: Known | None, count: int, cost: Decimal) -> tuple[Any, ...]:
    if told is None:
        return None, None, None, "watch"
    low, high = (Decimal(f"{count * told.at(normal):.12f}") - cost for normal in (-1.6448536, 1.6448536))
    risk = round(told.below(float(cost) / count), 4)
    verdict = "cut" if risk >= question.cut else "keep" if risk <= question.keep else "watch"
    return rounded(low, question.decimals), rounded(high, question.decimals), risk, verdict
