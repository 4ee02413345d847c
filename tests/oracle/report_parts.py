"""What the oracle of the reports is made of: which rows a question is about, shares, quantiles and exact money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sql.reports.question import Question
from sql.reports.rates import Into
from tests.support.report_rows import Row, Rows

Found = dict[tuple[Any, ...], tuple[Any, ...]]


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def group(question: Question, row: Row, at: datetime) -> tuple[Any, ...]:
    """The values of the dimensions."""
    here = at.astimezone(ZoneInfo(question.zone))
    day = here.date()
    of_time: dict[str, Any] = {
        "hour": datetime.fromtimestamp(ms(here) // 3_600_000 * 3600, UTC),  # zones of whole hours
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "weekday": day.isoweekday(),
        "hour_of_day": here.hour,
    }
    return tuple(of_time[name] if name in of_time else row.get(name, "") for name in question.group_by)


def dated(question: Question, row: Row) -> datetime:
    """The moment that says whether a conversion counts."""
    moment: datetime = row["occurred_at"] if question.by == "conversion" else row["clicked_at"]
    return moment


def inside(question: Question, moment: datetime) -> bool:
    return question.since <= ms(moment) < question.until


def clean(question: Question, row: Row) -> bool:
    return (question.tests or not row["is_test"]) and (question.bots or not row.get("is_bot", False))


def clicks(question: Question, rows: Rows) -> Iterator[tuple[tuple[Any, ...], Row]]:
    for row in rows["clicks"]:
        if clean(question, row) and inside(question, row["clicked_at"]):
            yield group(question, row, row["clicked_at"]), row


def spent(rows: Rows) -> dict[str, list[tuple[str, Decimal]]]:
    """What each click cost, in whatever currencies: by the bills that name it or, without any, its own cost."""
    if "spent" in rows:
        return rows["spent"][0]
    found: dict[str, list[tuple[str, Decimal]]] = {
        row["click_id"]: [] if row["cost"] is None else [(row["currency"], row["cost"])] for row in rows["clicks"]
    }
    billed: dict[str, list[tuple[str, Decimal]]] = {}
    for bill in rows["costs"]:
        named = [row for row in rows["clicks"] if row["clicked_at"].date() == bill["day"] and _names(bill, row)]
        paid_for = sorted(row["click_id"] for row in named if not row["is_test"] and not row["is_bot"])
        for row in named:
            billed.setdefault(row["click_id"], [])
        for place, click_id in enumerate(paid_for):
            each = (bill["cost"] / len(paid_for)).quantize(Decimal("1e-8"), ROUND_DOWN)
            rest = Decimal(0) if place else bill["cost"] - each * len(paid_for)
            billed[click_id].append((bill["currency"], each + rest))
    return found | billed


def in_one_currency(question: Question, rows: Rows) -> Rows:
    """The rows with every amount in the currency asked for: of clicks by their day, else by its own."""
    if question.into is None:
        return rows
    factor, own = partial(_factor, question.into), spent(rows)
    paid = [
        row
        if row["payout"] is None
        else {
            **row,
            "payout": row["payout"] * factor(row["currency"], row["occurred_at"]),
            "currency": question.into.currency,
        }
        for row in rows["conversions"]
    ]
    paid = [
        row
        if row["cost"] is None
        else {
            **row,
            "cost": row["cost"] * factor(row["cost_currency"], row["occurred_at"]),
            "cost_currency": question.into.currency,
        }
        for row in paid
    ]
    costs = {
        row["click_id"]: [
            (question.into.currency, amount * factor(currency, row["clicked_at"]))
            for currency, amount in own[row["click_id"]]
        ]
        for row in rows["clicks"]
    }
    return {**rows, "conversions": paid, "spent": [costs]}


def _factor(into: Into, currency: str, at: datetime) -> Decimal:
    if currency == into.currency:
        return Decimal(1)
    day = (at.astimezone(UTC).date() - date(1970, 1, 1)).days
    return next(one.factor for one in into.factors if one.currency == currency and one.since <= day)


def _names(bill: Row, click: Row) -> bool:
    return all(click.get(name, "") == value for name, value in bill["dimensions"].items())


def conversions(question: Question, rows: Rows) -> list[Row]:
    """Those that may count, whenever they were."""
    wanted = [row for row in rows["conversions"] if clean(question, row)]
    return [row for row in wanted if not question.events or row["event"] in question.events]


def charged(question: Question, rows: Rows) -> Iterator[Row]:
    """Those that a source charges for, whichever are wanted."""
    for row in rows["conversions"]:
        if clean(question, row) and row["cost"] is not None and row["status"] == "approved":
            yield row


def credited(question: Question, rows: Rows) -> list[Row]:
    """Those of a wanted status that are no refund."""
    return [row for row in conversions(question, rows) if row["status"] in question.counted and not row["is_refund"]]


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def rounded(amount: Decimal, places: int) -> Decimal:
    with localcontext(prec=80):
        return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def per(amount: Decimal, count: Decimal | int, places: int) -> Decimal | None:
    with localcontext(prec=80):
        return rounded(amount / count, places) if count else None


def quantile(values: list[int], level: float) -> int:
    """The value at that place of them in order."""
    return sorted(values)[min(int(level * len(values)), len(values) - 1)]


def seconds(values: list[int], *levels: float) -> tuple[float | None, ...]:
    return tuple(quantile(values, level) / 1000 if values else None for level in levels)
