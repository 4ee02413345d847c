"""Rows as messy as the tables may hold them: every version that was ever written, older ones last, some twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from clickhouse_connect.driver.client import Client

Row = dict[str, Any]
Rows = dict[str, list[Row]]

KEYS = {
    "clicks": ("id_day", "click_id"),
    "conversions": ("id_day", "click_id", "conversion_id"),
    "postbacks": ("click_id", "postback_id"),
    "deliveries": ("id_day", "click_id", "delivery_id", "attempt", "state"),
    "invalid": ("invalid_id",),
    "costs": ("day", "cost_id"),
}
"""What a row is one of: its sorting key."""
OF_CLICKS_ALONE = frozenset({"cost", "currency", "received_at", "version", "probability", "candidates"})
"""Columns that a conversion does not take from its click."""
EVENTS = ("install", "trial", "subscribe")
BEGAN = datetime(2026, 9, 20, tzinfo=UTC)
_DAYS = 60  # over the end of summer time
_SUBS = tuple(f"sub{number}" for number in range(1, 11))
_PARTS = 4
_REFUSED = (
    *(("duplicate", "same"), ("duplicate", "older"), ("late", ""), ("orphan", "")),
    *(("unattributed", "network"), ("waiting", "no_click")),
)


def messy_rows(count: int, seed: int) -> Rows:
    """What is written about so many clicks, in the order in which it is written."""
    random = Random(seed)
    rows: Rows = {name: [] for name in KEYS}
    for number in range(count):
        _tell_click(rows, number, random)
    for day in range(0, _DAYS, 2):
        _tell_bills(rows, BEGAN.date() + timedelta(days=day), random)
    for written in rows.values():
        written += random.sample(written, len(written) // 5)  # again, byte for byte
        random.shuffle(written)  # an older version may well come last
    return rows


def load(client: Client, rows: Rows) -> None:
    """Write all of it in several parts, which stay unmerged."""
    for table, written in rows.items():
        client.command(f"SYSTEM STOP MERGES {table}")
        size = len(written) // _PARTS + 1
        for first in range(0, len(written), size):
            part = written[first : first + size]
            columns = list(part[0])
            client.insert(table, [[row[name] for name in columns] for row in part], column_names=columns)


def latest(rows: Iterable[Row], key: tuple[str, ...]) -> list[Row]:
    """Of every row the version that counts."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        name = tuple(row[column] for column in key)
        if name not in found or row["version"] > found[name]["version"]:
            found[name] = row
    return list(found.values())


def _tell_click(rows: Rows, number: int, random: Random) -> None:
    at = BEGAN + timedelta(milliseconds=random.randrange(_DAYS * 86_400_000))
    click = _click(number, at, random)
    click |= _choice(number, click["offer"])
    written = [click]
    if random.random() < 0.2:  # recorded again, otherwise: the first facts stay
        written.append({**click, "campaign": "wrong", "cost": Decimal(99), "version": click["version"] - 1})
    rows["clicks"] += written
    if random.random() < 0.6:
        for event in random.sample((*EVENTS, "renewal"), random.randint(1, 4)):
            for repeat in range(random.randint(1, 4) if event in ("subscribe", "renewal") else 1):
                _tell_conversion(rows, click, event, repeat, random)
    for index in range(random.randint(0, 2)):
        _tell_refused(rows, click, index, random)


def _choice(number: int, offer: str) -> Row:
    """How the offer was chosen; of some clicks nobody knows."""
    if not offer or number % 5 == 0:
        return {"probability": None, "candidates": {}}
    if number % 7 == 0:
        return {"probability": 1.0, "candidates": {offer: 1.0}}
    share = (0.25, 0.5, 0.8)[number % 3]
    return {"probability": share, "candidates": {offer: share, "app" if offer == "game" else "game": 1 - share}}


def _tell_bills(rows: Rows, day: date, random: Random) -> None:
    """What sources billed for a day: by one dimension or two, over each other, and for clicks that never were."""
    for number in range(random.randint(1, 3)):
        named = random.choice(
            (
                {"campaign": random.choice(("spring", "autumn", "won't"))},
                {"source": "pops", "sub3": random.choice(("s1", "none"))},
                {"creative": "banner 1", "campaign": "spring"},
            )
        )
        row = {"day": day, "cost_id": f"{day}-{number}", "dimensions": named, "version": 7}
        row |= {"cost": Decimal(random.randint(1, 9_999_999)) / 10**7, "currency": random.choice(("USD", "EUR", "PLN"))}
        rows["costs"] += [row, {**row, "cost": Decimal(1000), "version": 6}]


def _click(number: int, at: datetime, random: Random) -> Row:
    network = random.choice(("acme", "billing", ""))
    costs = random.random() < 0.8
    return {
        "click_id": f"{number:08d}",
        "id_day": at.date(),
        "clicked_at": at,
        "received_at": at,
        "campaign": random.choice(("spring", "autumn", "won't")),
        "source": random.choice(("pops", "push")),
        "offer": random.choice(("game", "app", "")),
        "network": network,
        "country": random.choice(("DE", "FR", "")),
        "device": random.choice(("phone", "desktop")),
        "os": random.choice(("android", "ios")),
        "browser": random.choice(("chrome", "safari")),
        "placement": f"zone-{random.randint(1, 4)}",
        "creative": f"banner {random.randint(1, 3)}",
        "source_campaign": random.choice(("", "x")),
        "keyword": random.choice(("", "käse", "a'b")),
        "partner": random.choice(("", "bob", "held:unsigned")),
        **{name: random.choice(("", "s1", "s2")) for name in _SUBS},
        "cost": Decimal(random.randint(1, 99_999)) / 10**6 if costs else None,
        "currency": random.choice(("USD", "USD", "EUR")) if costs else "",
        "is_bot": random.random() < 0.1,
        "is_test": random.random() < 0.1,
        "version": 1 << 40,
    }


def _tell_conversion(rows: Rows, click: Row, event: str, repeat: int, random: Random) -> None:
    """A conversion, all its versions, its postback and what its source was told."""
    name = f"{click['click_id']}-{event}-{repeat}"
    # Some are before the click, some at its very moment, some at the moment of another.
    after = random.choice((-5000, 0, 1000, random.randrange(90 * 86_400_000)))
    occurred = click["clicked_at"] + timedelta(milliseconds=after)
    received = occurred + timedelta(milliseconds=random.randrange(100_000))
    pays = random.random() < 0.9
    facts = {column: value for column, value in click.items() if column not in OF_CLICKS_ALONE}
    row = facts | {
        "conversion_id": name,
        "event": event,
        "status": random.choice(("pending", "approved", "approved", "rejected")),
        "payout": Decimal(random.randint(-300, 2000)) / 8 if pays else None,
        "currency": random.choice(("USD", "USD", "EUR")) if pays else "",
        "network": random.choice(("acme", "billing")),
        "postback_id": f"p-{name}",
        "occurred_at": occurred,
        "received_at": received,
        "status_received_at": received + timedelta(milliseconds=random.choice((0, random.randrange(10**9)))),
        "is_test": click["is_test"] or random.random() < 0.05,
        "version": random.randint(1 << 30, 1 << 31),
        **_charged(int(click["click_id"]), event),
    }
    row["is_refund"] = pays and row["payout"] < 0
    older = {"status": "pending", "payout": Decimal("777.77"), "currency": "CHF", "version": row["version"] - 5}
    rows["conversions"] += [row, {**row, **older}] if random.random() < 0.5 else [row]
    _tell_postback(rows, click, row, random)
    _tell_deliveries(rows, row, random)


def _charged(number: int, event: str) -> Row:
    """What the source charges for it, of every third click."""
    if number % 3 or event == "trial":
        return {"cost": None, "cost_currency": ""}
    return {"cost": Decimal(number % 977 + 1) / 10**6, "cost_currency": "USD" if number % 2 else "EUR"}


def _tell_postback(rows: Rows, click: Row, conversion: Row, random: Random) -> None:
    received = conversion["received_at"]
    row = {name: conversion[name] for name in ("postback_id", "click_id", "event", "network", "received_at", "is_test")}
    row |= {name: conversion[name] for name in ("status", "clicked_at", "campaign", "source", "offer", "partner")}
    row |= {
        "conversion_id": conversion["conversion_id"],
        "outcome": random.choice(("attributed", "updated")),
        "reason": "",
        "decided_at": received + timedelta(milliseconds=random.randrange(5000)),
        "version": 9,
    }
    waited = {"outcome": "waiting", "reason": "no_click", "decided_at": received, "version": 8}
    rows["postbacks"] += [row, {**row, **waited}] if random.random() < 0.3 else [row]


def _tell_deliveries(rows: Rows, conversion: Row, random: Random) -> None:
    began = conversion["received_at"]
    row = {name: conversion[name] for name in ("click_id", "id_day", "event", "source", "conversion_id", "postback_id")}
    row |= {"delivery_id": f"d-{conversion['conversion_id']}", "destination": f"source/{conversion['source']}"}
    row |= {"attempt": 0, "state": "scheduled", "took_ms": 0, "attempted_at": began, "version": 1}
    rows["deliveries"].append(row)
    for attempt in range(1, random.randint(1, 4)):
        at = began + timedelta(milliseconds=attempt * random.randrange(1, 10_000))
        state = random.choice(("retry", "delivered", "failed"))
        step = {"attempt": attempt, "state": state, "took_ms": random.randrange(900), "attempted_at": at, "version": 5}
        rows["deliveries"] += [{**row, **step}, {**row, **step, "took_ms": 100_000, "version": 4}]
        if state != "retry":
            break


def _tell_refused(rows: Rows, click: Row, index: int, random: Random) -> None:
    """Postbacks that made no conversion, and input that was none."""
    received = click["clicked_at"] + timedelta(milliseconds=random.randrange(10**8))
    outcome, reason = random.choice(_REFUSED)
    known = outcome in ("duplicate", "late")
    rows["postbacks"].append(
        {
            "postback_id": f"q-{click['click_id']}-{index}",
            "click_id": click["click_id"],
            "event": random.choice(EVENTS),
            "network": random.choice(("acme", "billing")),
            "received_at": received,
            "is_test": random.random() < 0.1,
            "status": "approved",
            "clicked_at": click["clicked_at"] if known else None,
            **{name: click[name] if known else "" for name in ("campaign", "source", "offer", "partner")},
            "conversion_id": "",
            "outcome": outcome,
            "reason": reason,
            "decided_at": received,
            "version": 3,
        }
    )
    if random.random() < 0.3:
        invalid = {"invalid_id": f"i-{click['click_id']}-{index}", "received_at": received}
        invalid |= {
            "kind": random.choice(("postback", "click", "record")),
            "code": random.choice(("mac", "key", "replayed")),
        }
        rows["invalid"].append(invalid | {"network": random.choice(("acme", "")), "source": "", "version": 1})
