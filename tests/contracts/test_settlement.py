"""A partner's months on real tables: settled once, and what changes later is in the next one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from clickjoin.partners.book import CannotSettleError, settle, statement_of
from clickjoin.partners.ledger import totals
from clickjoin.partners.statement import COLUMNS, document, html
from schemas.partner_claims import claim
from schemas.settings.file import Settings
from schemas.settings.validation import validate
from sql.connect import connect
from sql.ledger import claims
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of
from tests.support.report_rows import OF_CLICKS_ALONE, Row

SECRET = "a secret of the click IDs"
OCTOBER, DECEMBER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
DAYS = 45


def configured(**bob: Any) -> Settings:
    tree: dict[str, Any] = {
        "ingest": {"secrets": [SECRET]},
        "events": {"install": {"step": 1}},
        "networks": {"acme": {"open": True}},
        "sources": {"pops": {}},
        "offers": {"game": {"network": "acme", "url": "https://offer.example/?s={click_id}"}},
        "campaigns": {"spring": {"source": "pops", "offers": ["game"]}},
        "partners": {"bob": {"shares": {"install": "70%"}, "hold": "14d", **bob}, "eve": {"shares": {"*": "50%"}}},
    }
    settings, problems = validate(tree, {})
    assert settings, problems
    return settings


class Tables:
    """Ninety conversions over 45 days: of bob, of eve, of bob with a wrong signature, of nobody, and bob's tests."""

    def __init__(self, client: Client) -> None:
        self.client = client
        said = [claim(SECRET, "bob", "spring"), claim(SECRET, "eve", "spring"), "bob.0000000000000000", ""]
        self.rows: list[Row] = []
        clicks = []
        for number in range(2 * DAYS):
            at = OCTOBER + timedelta(hours=12 * number)
            click = _click(number, at, said[number % 4])
            clicks.append(click)
            self.rows.append(_install(click, number))
        self._insert("clicks", clicks)
        self._insert("conversions", self.rows)

    def change(self, row: Row, **changed: Any) -> None:
        """The network says something else of a conversion."""
        row |= {**changed, "version": row["version"] + 1}
        self._insert("conversions", [row])

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

    def _insert(self, table: str, rows: list[Row]) -> None:
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


@pytest.fixture(scope="module")
def tables(clickhouse: ClickHouse) -> Iterator[Tables]:
    name = f"settlement_{os.getpid()}"
    client = connect(dsn_of(clickhouse, name))
    yield Tables(client)
    client.command(f"DROP DATABASE {name}")
    client.close()


def test_a_month_is_settled_once_and_what_changes_later_is_in_the_next(tables: Tables) -> None:
    settings, client = configured(), tables.client
    preview = statement_of(client, settings, "bob", "2026-10", DECEMBER)
    october, made = settle(client, settings, "bob", "2026-10", "wire 7", DECEMBER)
    assert october.due == preview.due
    assert made.totals == {"USD": tables.by_hand(datetime(2026, 11, 1, tzinfo=UTC))}
    assert {line.reason for line in october.due.lines} == {"earned"}
    assert {one.why for one in october.due.waiting} == {"pending", "held"}
    with pytest.raises(CannotSettleError, match=r"2026-10 was settled with bob on .* \(wire 7\): what changed since"):
        settle(client, settings, "bob", "2026-10", "", DECEMBER)

    first, second = (tables.rows[int(line.conversion_id[-3:])] for line in october.due.lines[:2])
    tables.change(first, status="rejected")
    tables.change(second, payout=Decimal("0.10"))
    tables.change(next(row for row in tables.rows[::4] if row["status"] == "pending"), status="approved")
    again = statement_of(client, settings, "bob", "2026-10", DECEMBER)
    assert again.settled is not None
    assert (again.settled.totals, again.due.lines) == (made.totals, october.due.lines)

    november, _ = settle(client, settings, "bob", "2026-11", "", DECEMBER)
    reasons = {line.conversion_id: line.reason for line in november.due.lines}
    assert (reasons[first["conversion_id"]], reasons[second["conversion_id"]]) == ("clawback", "amount")
    both = totals((*october.due.lines, *november.due.lines))
    assert both == {"USD": tables.by_hand(datetime(2026, 12, 1, tzinfo=UTC))}
    assert statement_of(client, settings, "eve", "2026-10", DECEMBER).settled is None


def test_a_month_is_not_settled_before_it_is_over_nor_out_of_turn_nor_while_its_partner_is_paused(
    tables: Tables,
) -> None:
    client = tables.client
    with pytest.raises(CannotSettleError, match="2026-12 is not over"):
        settle(client, configured(), "bob", "2026-12", "", DECEMBER)
    with pytest.raises(CannotSettleError, match=r"2026-11 is settled with bob, and has everything of 2026-09"):
        settle(client, configured(), "bob", "2026-09", "", DECEMBER)
    with pytest.raises(CannotSettleError, match=r"partners\.bob\.paused = true"):
        settle(client, configured(paused=True), "bob", "2026-11", "", DECEMBER)


def test_what_a_wrong_signature_held_is_credited_once_it_is_accepted(tables: Tables) -> None:
    wrong = "bob.0000000000000000"
    held = next(row for row in claims(tables.client) if row["claim"] == wrong)
    assert (held["campaign"], held["clicks"], held["conversions"]) == ("spring", 22, 22)
    before = statement_of(tables.client, configured(), "bob", "2026-12", DECEMBER)
    after = statement_of(tables.client, configured(accept=[wrong]), "bob", "2026-12", DECEMBER)
    found = {line.conversion_id for line in after.due.lines} - {line.conversion_id for line in before.due.lines}
    assert found
    assert {int(name[-3:]) % 4 for name in found} == {2}


def test_a_statement_shows_the_partner_s_amounts_and_nothing_of_ours(tables: Tables) -> None:
    statement = statement_of(tables.client, configured(label="Bob & Sons"), "eve", "2026-11", DECEMBER)
    said = document(statement)
    assert set(said["lines"][0]) == set(COLUMNS)
    page = html(statement)
    row = tables.rows[1]
    assert "&lt;i&gt;1<" in page
    assert (
        f"{row['payout'] / 2:.2f}" in page or f"{(row['payout'] / 2).quantize(Decimal('0.01'), ROUND_HALF_UP)}" in page
    )
    assert f"{row['payout']:.2f}" not in {cell.strip() for cell in page.replace("<", ">").split(">")}
