"""The reports by brute force: one row after the other, with sets and Decimals. Shares no code with the SQL.

Every function takes the rows that count (tests.support.report_rows.latest) and a question, and returns what the report
must hold: a key of group and words, with its figures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sql.reports.question import Question
from tests.oracle.report_offers import offers
from tests.oracle.report_optimise import optimise
from tests.oracle.report_parts import (
    Found,
    charged,
    clicks,
    conversions,
    credited,
    dated,
    group,
    inside,
    ms,
    per,
    rounded,
    seconds,
    share,
    spent,
)
from tests.oracle.report_service import approval, latency, quality
from tests.support.report_rows import Row, Rows

_AGES = (1, 7, 14, 30, 60, 90, 180, 365)
_DAY = 86_400_000
_MOST_PERIODS = 120


def funnel(question: Question, rows: Rows) -> Found:
    came: dict[Any, set[str]] = defaultdict(set)
    happened: Counter[Any] = Counter()
    money: dict[Any, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    groups = set() if question.group_by else {()}
    costs = spent(rows)
    for key, row in clicks(question, rows):
        groups.add(key)
        came[key, 0].add(row["click_id"])
        happened[key, 0] += 1
        for currency, cost in costs[row["click_id"]]:
            money[key, 0][currency] += cost
    reached = _in_order(question, rows) if question.strict else None
    for row in conversions(question, rows):
        if not inside(question, dated(question, row)) or row["status"] not in question.counted:
            continue
        key, step = group(question, row, dated(question, row)), question.events.index(row["event"]) + 1
        if row["status"] == "approved" and row["payout"] is not None:
            groups.add(key)
            money[key, step][row["currency"]] += row["payout"]
        if row["is_refund"] or (reached is not None and reached[row["click_id"]] < step):
            continue
        groups.add(key)
        came[key, step].add(row["click_id"])
        happened[key, step] += 1
    found: Found = {}
    for key in groups:
        counts = [len(came[key, step]) for step in range(len(question.events) + 1)]
        for step, count in enumerate(counts):
            amounts = {name: rounded(amount, question.decimals) for name, amount in money[key, step].items()}
            event = question.events[step - 1] if step else "click"
            before = share(count, counts[step - 1]) if step else None
            found[*key, step, event] = (count, happened[key, step], share(count, counts[0]), before, amounts)
    return found


def _in_order(question: Question, rows: Rows) -> Counter[str]:
    """How many steps each click reached one after the other."""
    of_click: dict[str, list[Row]] = defaultdict(list)
    for row in credited(question, rows):
        if inside(question, dated(question, row)):
            of_click[row["click_id"]].append(row)
    reached: Counter[str] = Counter()
    for click_id, found in of_click.items():
        last = found[0]["clicked_at"]
        for event in question.events:
            later = [row["occurred_at"] for row in found if row["event"] == event and row["occurred_at"] >= last]
            if not later:
                break
            last = min(later)
            reached[click_id] += 1
    return reached


def time(question: Question, rows: Rows) -> Found:
    first: dict[tuple[str, str], Row] = {}
    for row in sorted(credited(question, rows), key=lambda row: (row["occurred_at"], row["conversion_id"])):
        first.setdefault((row["click_id"], row["event"]), row)
    spans: dict[Any, list[int]] = defaultdict(list)
    for (_, event), row in first.items():
        if inside(question, dated(question, row)):
            key = (*group(question, row, dated(question, row)), event)
            spans[key].append(ms(row["occurred_at"]) - ms(row["clicked_at"]))
    found: Found = {}
    for key, values in spans.items():
        after = [value for value in values if value >= 0]
        found[key] = (len(values), len(values) - len(after), *seconds(after, 0.1, 0.5, 0.9, 0.99))
    return found


def revenue(question: Question, rows: Rows) -> Found:
    came: Counter[Any] = Counter()
    happened: Counter[Any] = Counter()
    money: dict[Any, dict[str, Any]] = defaultdict(lambda: defaultdict(Counter))
    groups = set()
    costs = spent(rows)
    for key, row in clicks(question, rows):
        groups.add(key)
        came[key] += 1
        for currency, cost in costs[row["click_id"]]:
            money[key][currency]["cost"] += cost
    for row in conversions(question, rows):
        if not inside(question, dated(question, row)):
            continue
        key = group(question, row, dated(question, row))
        groups.add(key)
        happened[key] += row["status"] in question.counted and not row["is_refund"]
        if row["payout"] is not None:
            amounts = money[key][row["currency"]]
            amounts[row["status"]] += row["payout"]
            amounts["payout"] += row["payout"] if row["status"] in question.counted else 0
    for row in charged(question, rows):
        if inside(question, dated(question, row)):
            key = group(question, row, dated(question, row))
            groups.add(key)
            money[key][row["cost_currency"]]["cost"] += row["cost"]
    found: Found = {}
    for key in groups:
        for currency, amounts in (money[key] or {"": Counter()}).items():
            sums = {name: Decimal(amounts[name]) for name in ("cost", "pending", "approved", "rejected", "payout")}
            profit = sums["payout"] - sums["cost"]
            fine = question.decimals + 2
            found[*key, currency] = (
                *(came[key], happened[key]),
                *(rounded(amount, question.decimals) for amount in (*sums.values(), profit)),
                *(per(profit, sums["cost"], fine), per(sums["payout"], came[key], fine)),
                per(sums["cost"], happened[key], fine),
            )
    return found


def cohorts(question: Question, rows: Rows) -> Found:
    of_click: dict[str, list[Row]] = defaultdict(list)
    for row in credited(question, rows):
        of_click[row["click_id"]].append(row)
    members: dict[Any, list[tuple[int, set[int]]]] = defaultdict(list)
    half = question.period_ms // 2
    for found_rows in of_click.values():
        begun = [row for row in found_rows if row["event"] == question.events[0]]
        if not begun:
            continue
        first = min(begun, key=lambda row: (row["occurred_at"], row["conversion_id"]))
        at = dated(question, first)
        if not inside(question, at):
            continue
        began = ms(first["occurred_at"])
        ages = [ms(row["occurred_at"]) - began + half for row in found_rows]
        periods = {age // question.period_ms if age >= 0 else -(-age // question.period_ms) for age in ages}
        day = at.astimezone(ZoneInfo(question.zone)).date()
        week = day - timedelta(days=day.weekday())
        members[*group(question, first, at), week].append((began, periods))
    found: Found = {}
    for key, ones in members.items():
        lived = question.now - max(began for began, _ in ones)
        shown = min(_MOST_PERIODS, max(1, (lived + half) // question.period_ms))
        for period in range(shown):
            retained = sum(period in periods for _, periods in ones)
            found[*key, period] = (len(ones), retained, retained / len(ones))
    return found


def ltv(question: Question, rows: Rows) -> Found:
    came: Counter[Any] = Counter()
    money: dict[Any, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    if question.by != "conversion":
        for key, row in clicks(question, rows):
            came.update((*key, days) for days in _ages(question, row["clicked_at"]))
    for row, began, is_first in _of_age(question, rows):
        for days in _ages(question, began):
            key = (*group(question, row, began), days)
            came[key] += is_first
            if row["payout"] is not None and ms(row["occurred_at"]) < ms(began) + days * _DAY:
                money[key][row["currency"]] += row["payout"]
    found: Found = {}
    for key, count in came.items():
        for currency, amount in (money[key] or {"": Decimal(0)}).items():
            paid = rounded(amount, question.decimals)
            found[*key[:-1], currency, key[-1]] = (count, paid, per(amount, count, question.decimals + 2))
    return found


def _ages(question: Question, began: datetime) -> list[int]:
    """The numbers of days that have passed by now."""
    return [days for days in _AGES if ms(began) + days * _DAY <= question.now]


def _of_age(question: Question, rows: Rows) -> Iterator[tuple[Row, datetime, bool]]:
    """The conversions, the moment from which their days count, and whether one makes a new customer."""
    counted = [row for row in conversions(question, rows) if row["status"] in question.counted]
    first: dict[str, Row] = {}
    for row in sorted(credited(question, rows), key=lambda row: (row["occurred_at"], row["conversion_id"])):
        first.setdefault(row["click_id"], row)
    for row in counted:
        by_click = question.by != "conversion"
        if by_click or row["click_id"] in first:
            began = row["clicked_at"] if by_click else first[row["click_id"]]["occurred_at"]
            if inside(question, began):
                yield row, began, not by_click and row is first[row["click_id"]]


BRUTE_FORCE: dict[str, Callable[[Question, Rows], Found]] = {
    one.__name__: one for one in (funnel, time, revenue, cohorts, ltv, approval, latency, quality, offers, optimise)
}
