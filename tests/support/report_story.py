"""Twenty-four clicks and what came of them: small enough to count by hand. For the page of the reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.support.report_rows import KEYS, OF_CLICKS_ALONE, Row, Rows

NOW = datetime(2026, 11, 1, tzinfo=UTC)
_BEGAN = datetime(2026, 8, 3, 9, tzinfo=UTC)  # a Monday
_CLICKS = 24
_PAYOUTS = {"install": "1.20", "trial": "2.00", "subscribe": "9.99"}
_SHARES = {"game": 0.75, "quiz": 0.25}
_MONTH = timedelta(days=30)


def story() -> Rows:
    """The rows of all tables."""
    rows: Rows = {table: [] for table in KEYS}
    for number in range(_CLICKS):
        click = _click(number)
        rows["clicks"].append(click)
        for conversion in _conversions(number, click):
            rows["conversions"].append(conversion)
            rows["postbacks"].append(_postback(conversion, "attributed", ""))
            rows["deliveries"] += _deliveries(conversion)
    made = rows["conversions"]
    rows["postbacks"] += [_postback(one, "duplicate", "same", "again") for one in made[::5]]
    rows["postbacks"] += [_postback(one, "late", "", "late") for one in made[3:4]]
    rows["postbacks"] += [_postback(one, "orphan", "", "lost") for one in made[6:8]]
    rows["invalid"] += [_invalid(at, code) for at, code in enumerate(("bad_click_id", "bad_click_id", "wrong_key"))]
    return rows


def _click(number: int) -> Row:
    at = _BEGAN + number * timedelta(hours=16)
    source, currency, cost = ("pops", "USD", "0.0504") if number % 3 else ("push", "EUR", "0.0396")
    offer = "quiz" if number % 6 in (2, 3) else "game"
    return {
        "click_id": f"click-{number:02d}",
        "id_day": at.date(),
        "clicked_at": at,
        "received_at": at,
        "campaign": "spring" if number // 2 % 3 else "summer",
        "source": source,
        "offer": offer,
        "network": "acme",
        "country": "DE" if number % 4 else "FR",
        "creative": f"banner-{number % 3 + 1}",
        "cost": Decimal(cost),
        "currency": currency,
        "is_bot": False,
        "is_test": False,
        "probability": _SHARES[offer],
        "candidates": _SHARES,
        "version": 1,
    }


def _conversions(number: int, click: Row) -> list[Row]:
    """Every second click installs, half of them try, some of those subscribe, and pay again for some months."""
    if number % 2:
        return []
    at: datetime = click["clicked_at"]
    made = [
        _conversion(click, "install", at + timedelta(minutes=5 + number), "rejected" if number == 4 else "approved")
    ]
    if number % 4 == 0:
        made.append(_conversion(click, "trial", at + timedelta(hours=2 + number), "approved"))
    if number % 6 == 0 or number == 8:
        for month in range(1 + number % 5 if number else 4):
            happened = at + timedelta(days=3) + month * _MONTH
            if happened < NOW:
                made.append(_conversion(click, "subscribe", happened, "pending" if number == 18 else "approved", month))
    if number == 12:
        made.append({**made[-1], "conversion_id": "refund-12", "payout": Decimal("-9.99"), "is_refund": True})
    return made


def _conversion(click: Row, event: str, at: datetime, status: str, month: int = 0) -> Row:
    facts = {name: value for name, value in click.items() if name not in OF_CLICKS_ALONE}
    decided = timedelta(days=2) if status == "rejected" else timedelta(0)
    return facts | {
        "conversion_id": f"{event}-{click['click_id']}-{month}",
        "event": event,
        "status": status,
        "payout": Decimal(_PAYOUTS[event]),
        "currency": "USD",
        "is_refund": False,
        "postback_id": f"postback-{event}-{click['click_id']}-{month}",
        "occurred_at": at,
        "received_at": at + timedelta(seconds=2),
        "status_received_at": at + timedelta(seconds=2) + decided,
        "version": 1,
    }


def _postback(conversion: Row, outcome: str, reason: str, kind: str = "first") -> Row:
    names = ("click_id", "event", "network", "received_at", "status", "campaign", "source", "offer", "is_test")
    milliseconds = 40 + len(conversion["conversion_id"])
    return {name: conversion[name] for name in names} | {
        "postback_id": f"{conversion['conversion_id']}-{kind}",
        "outcome": outcome,
        "reason": reason,
        "decided_at": conversion["received_at"] + timedelta(milliseconds=milliseconds),
        "version": 1,
    }


def _deliveries(conversion: Row) -> list[Row]:
    names = ("click_id", "id_day", "event", "source", "conversion_id", "postback_id")
    step = {name: conversion[name] for name in names} | {
        "delivery_id": f"d-{conversion['conversion_id']}",
        "version": 1,
    }
    began: datetime = conversion["received_at"] + timedelta(milliseconds=60)
    took = 120 + 10 * len(conversion["event"])
    told = began + timedelta(milliseconds=took + 5)
    return [
        {**step, "attempt": 0, "state": "scheduled", "took_ms": 0, "attempted_at": began},
        {**step, "attempt": 1, "state": "delivered", "took_ms": took, "attempted_at": told},
    ]


def _invalid(number: int, code: str) -> Row:
    at = _BEGAN + number * timedelta(days=1)
    return {
        "invalid_id": f"invalid-{number}",
        "received_at": at,
        "kind": "postback",
        "code": code,
        "network": "acme",
        "version": 1,
    }
