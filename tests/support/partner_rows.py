"""Ninety conversions of partners, and whose they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from clickhouse_connect.driver.client import Client

from schemas.partner_claims import claim
from schemas.settings.file import Settings
from schemas.settings.validation import validate
from tests.support.report_rows import OF_CLICKS_ALONE, Row

SECRET = "a secret of the click IDs"
OCTOBER, DECEMBER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
DAYS = 45


def configured(servers: dict[str, Any] | None = None, **bob: Any) -> Settings:
    """Bob's setting of None is left out. His password is eve's too."""
    eve = {"shares": {"*": "50%"}} | ({"password": bob["password"]} if bob.get("password") else {})
    said = {word: value for word, value in bob.items() if value is not None}
    tree: dict[str, Any] = {
        **(servers or {}),
        "ingest": {"secrets": [SECRET]},
        "events": {"install": {"step": 1}},
        "networks": {"acme": {"open": True}},
        "sources": {"pops": {}},
        "offers": {"game": {"network": "acme", "url": "https://offer.example/?s={click_id}"}},
        "campaigns": {"spring": {"source": "pops", "offers": ["game"]}},
        "partners": {"bob": {"shares": {"install": "70%"}, "hold": "14d", **said}, "eve": eve},
    }
    settings, problems = validate(tree, {})
    assert settings is not None, problems
    assert problems == []
    return settings


class Tables:
    """Ninety conversions over 45 days: of bob, of eve, of bob with a wrong signature, of nobody, and bob's tests."""

    def __init__(self, client: Client, database: str) -> None:
        self.client, self.database = client, database
        said = [claim(SECRET, "bob", "spring"), claim(SECRET, "eve", "spring"), "bob.0000000000000000", ""]
        self.rows: list[Row] = []
        clicks = []
        for number in range(2 * DAYS):
            at = OCTOBER + timedelta(hours=12 * number)
            click = _click(number, at, said[number % 4])
            clicks.append(click)
            self.rows.append(_install(click, number))
        self.insert("clicks", clicks)
        self.insert("conversions", self.rows)

    def change(self, row: Row, **changed: Any) -> None:
        """The network says something else of a conversion."""
        row |= {**changed, "version": row["version"] + 1}
        self.insert("conversions", [row])

    def by_hand(self, until: datetime) -> Decimal:
        """What bob gets of what was approved and held long enough, one row after the other."""
        return sum(
            (
                (row["payout"] * 7 / 10).quantize(Decimal("0.01"), ROUND_HALF_UP)
                for row in self.rows[::4]
                if row["status"] == "approved" and not row["is_test"] and row["received_at"] < until - timedelta(14)
            ),
            Decimal(0),
        )

    def insert(self, table: str, rows: list[Row]) -> None:
        self.client.insert(table, [list(row.values()) for row in rows], column_names=list(rows[0]))


def _click(number: int, at: datetime, said: str) -> Row:
    times = {"id_day": at.date(), "clicked_at": at, "received_at": at}
    named = {"campaign": "spring", "source": "pops", "sub1": f"<i>{number}"}
    return {
        "click_id": f"p{number:03d}",
        **times,
        **named,
        "params": {"partner": said} if said else {},
        "version": 1,
    } | {
        "cost": None,
        "currency": "",
    }


def _install(click: Row, number: int) -> Row:
    facts = {name: value for name, value in click.items() if name not in {*OF_CLICKS_ALONE, "params"}}
    times = dict.fromkeys(("occurred_at", "received_at", "status_received_at"), click["clicked_at"])
    return facts | {
        "conversion_id": f"install-{number:03d}",
        "event": "install",
        "status": ("approved", "approved", "pending")[number % 3],
        "payout": Decimal("1.23") + number,
        "currency": "USD",
        "is_test": number == 40,
        **times,
        "version": 1,
    }


def told(row: Row, number: int) -> list[Row]:
    """What bob was told of a conversion; of the second eve was, of the third nobody, as its click is nobody's."""
    reason = ("by_hand: acme owes us EUR for it", "", "wrong_signature: it credits nobody")[number]
    step = {name: row[name] for name in ("click_id", "id_day", "event", "source", "conversion_id")}
    return [
        {
            **step,
            "delivery_id": f"delivery-{number}",
            "destination": "partner/eve" if number == 1 else "partner/bob",
            "attempt": int(number < 2),
            "state": ("cancelled", "delivered", "not_sendable")[number],
            "reason": reason,
            "attempted_at": DECEMBER - timedelta(hours=1),
            "version": 1,
        }
    ]
