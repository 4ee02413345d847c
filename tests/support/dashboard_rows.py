"""Two days of a small tracker, with what hostile visitors and networks write in every field that is theirs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.support.report_rows import KEYS, Row, Rows

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0, minute=0)
EVENTS = ("install", "trial", "subscribe")
MARKUP = "<script>window.hurt = 1</script><img src=x onerror='window.hurt = 1'>\"'><b>"
FORMULA = '=HYPERLINK("http://evil.example","click")'
RAW = f"GET /postback/acme?key=***&aff_sub={MARKUP} HTTP/1.1"
_BROUGHT = date(1970, 1, 1)  # the day of an ID that a source brought
_PAYOUTS = {"install": "1.20", "trial": "2.00", "subscribe": "9.99"}
_TODAY, _BEFORE = 90, 120  # clicks


def two_days() -> Rows:
    """The rows of all tables."""
    rows: Rows = {table: [] for table in KEYS}
    began = [MIDNIGHT + _after(at) for at in range(_TODAY)]
    began += [MIDNIGHT - timedelta(days=1) + _after(at + 3) * 1.15 for at in range(_BEFORE)]
    for number, at in enumerate(began):
        click = _click(number, at)
        rows["clicks"].append(click)
        for event in EVENTS[: (number % 7) // 2]:
            _convert(rows, number, click, event)
    rows["postbacks"].append(_postback(rows["conversions"][0], "duplicate", "same", "again"))
    rows["invalid"] = [_invalid(number, code) for number, code in enumerate(("bad_click_id", "wrong_key", MARKUP))]
    return rows


def _after(number: int) -> timedelta:
    """Few at night, more by day."""
    return timedelta(minutes=10 * number if number % 3 or number > 40 else 16 * number)


def _click(number: int, at: datetime) -> Row:
    return {
        "click_id": f"click-{number:03d}",
        "id_day": _BROUGHT,
        "clicked_at": at,
        "received_at": at,
        "campaign": "spring" if number % 3 else "summer",
        "source": "pops" if number % 3 else "push",
        "source_click_id": f"theirs-{number}",
        "offer": "game",
        "network": "acme",
        "country": "DE" if number % 4 else "FR",
        "device": "phone",
        "os": "android",
        "browser": "chrome",
        "placement": MARKUP if number % 5 == 0 else f"zone-{number % 4}",
        "creative": FORMULA if number % 5 == 1 else f"banner-{number % 3}",
        "source_campaign": f"@{MARKUP}",
        "keyword": f"+1+1|{MARKUP}",
        **{f"sub{at}": f"-{at}{MARKUP}" for at in range(1, 11)},
        "user_agent": MARKUP,
        "ip": "192.0.2.7",
        "params": {MARKUP: FORMULA},
        "cost": Decimal("0.0504"),
        "currency": "USD",
        "is_bot": False,
        "is_test": False,
        "version": 1,
    }


def _convert(rows: Rows, number: int, click: Row, event: str) -> None:
    left = ("cost", "currency", "received_at", "version", "user_agent", "ip", "params")
    at: datetime = click["clicked_at"] + timedelta(minutes=5)
    conversion = {name: value for name, value in click.items() if name not in left} | {
        "conversion_id": f"conversion-{event}-{number}",
        "event": event,
        "txid": f"tx-{event}-{number}{MARKUP if number == 3 else ''}",
        "status": "rejected" if number % 11 == 4 else "approved",
        "raw_status": MARKUP,
        "payout": Decimal(_PAYOUTS[event]),
        "currency": "USD",
        "is_refund": False,
        "postback_id": f"postback-{event}-{number}",
        "occurred_at": at,
        "received_at": at,
        "status_received_at": at,
        "version": 1,
    }
    rows["conversions"].append(conversion)
    rows["postbacks"].append(_postback(conversion, "attributed", "", ""))
    rows["deliveries"] += _deliveries(conversion, refused=number % 6 == 5)


def _postback(conversion: Row, outcome: str, reason: str, kind: str) -> Row:
    names: tuple[str, ...] = ("click_id", "event", "txid", "network", "received_at", "status", "payout", "currency")
    names = (*names, "campaign", "source", "offer", "is_test", "conversion_id")
    return {name: conversion[name] for name in names} | {
        "postback_id": conversion["postback_id"] + kind,
        "outcome": outcome,
        "reason": reason,
        "params": {MARKUP: FORMULA},
        "decided_at": conversion["received_at"] + timedelta(milliseconds=40),
        "version": 1,
    }


def _deliveries(conversion: Row, *, refused: bool) -> list[Row]:
    names = ("click_id", "id_day", "event", "source", "conversion_id", "postback_id")
    step = {name: conversion[name] for name in names} | {
        "delivery_id": f"delivery-{conversion['conversion_id']}",
        "destination": f"source/{conversion['source']}",
        "method": "GET",
        "url": f"https://pops.example/pb?cid={MARKUP}",
    }
    began: datetime = conversion["received_at"] + timedelta(milliseconds=60)
    told = (
        {"state": "failed", "code": 500, "reason": MARKUP}
        if refused
        else {"state": "delivered", "code": 200, "reason": ""}
    )
    scheduled = {"attempt": 0, "state": "scheduled", "code": 0, "reason": "", "took_ms": 0, "attempted_at": began}
    return [
        {**step, **scheduled, "version": 1},
        {**step, **told, "attempt": 1, "took_ms": 120, "attempted_at": began + timedelta(seconds=1), "version": 2},
    ]


def _invalid(number: int, code: str) -> Row:
    return {
        "invalid_id": f"invalid-{number}",
        "received_at": NOW - timedelta(minutes=10 * (number + 1)),
        "kind": "postback",
        "code": code,
        "detail": f"aff_sub={MARKUP}: no click ID of ours",
        "raw": RAW,
        "network": "acme",
        "source": "",
        "status": 400,
        "version": 1,
    }
