"""The report of the offers by brute force: each click stands for as many as its choice was unlikely."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sql.reports.question import Question
from tests.oracle.report_parts import Found, clicks, conversions
from tests.support.report_rows import Rows


def offers(question: Question, rows: Rows) -> Found:
    paid: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in conversions(question, rows):
        if row["status"] in question.counted and row["payout"] is not None:
            paid[row["click_id"]][row["currency"]] += row["payout"]
    could: dict[Any, int] = defaultdict(int)
    sent: dict[Any, list[tuple[float, dict[str, Decimal]]]] = defaultdict(list)
    for key, row in clicks(question, rows):
        for offer in row["candidates"] if row["probability"] else ():
            could[*key, offer] += 1
            if offer == row["offer"]:
                sent[*key, offer].append((1 / row["probability"], paid[row["click_id"]]))
    return {
        (*group, currency): (len(sent[group]), count, *_figures(sent[group], currency, question.decimals + 2))
        for group, count in could.items()
        for currency in sorted({name for _, amounts in sent[group] for name in amounts}) or [""]
    }


def _figures(sent: list[tuple[float, dict[str, Decimal]]], currency: str, places: int) -> tuple[Any, ...]:
    if not sent:
        return (None,) * 5
    brought = [(weight, float(amounts.get(currency, 0))) for weight, amounts in sent]
    weights = sum(weight for weight, _ in brought)
    mean = sum(weight * amount for weight, amount in brought) / weights
    off = 1.96 * sum((weight * (amount - mean)) ** 2 for weight, amount in brought) ** 0.5 / weights
    as_sent = sum(amount for _, amount in brought) / len(brought)
    effective = round(weights**2 / sum(weight**2 for weight, _ in brought), 1)
    return (effective, *(_rounded(each, places) for each in (as_sent, mean, mean - off, mean + off)))


def _rounded(value: float, places: int) -> Decimal:
    return Decimal(f"{value:.12f}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
