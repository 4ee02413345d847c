"""A partner's months on real tables, settled once; and their page, which shows them that and nothing of anyone else."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from starlette.routing import Route

from clickjoin.pages import Pages
from clickjoin.partners.book import CannotSettleError, account_of, settle, statement_of
from clickjoin.partners.ledger import totals
from clickjoin.partners.statement import COLUMNS, document, html
from dashboard.app import build
from dashboard.passwords import hashed, is_right
from schemas.partner_claims import claim
from schemas.settings.file import Settings
from schemas.settings.servers import ClickHouse as ClickHouseSettings
from sql import ledger
from sql.connect import connect
from sql.ledger import Span, claims
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of
from tests.support.asgi import Browser
from tests.support.catalogue import memory_writer
from tests.support.partner_rows import DECEMBER, OCTOBER, SECRET, Tables, configured, told

PASSWORD = "correct horse battery"
HASH = hashed(PASSWORD)


@pytest.fixture(scope="module")
def tables(clickhouse: ClickHouse) -> Iterator[Tables]:
    name = f"settlement_{os.getpid()}"
    client = connect(dsn_of(clickhouse, name))
    yield Tables(client, name)
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


class Dashboard:
    """Its application over the tables, for anna, who may act, and the partners bob and eve."""

    def __init__(self, clickhouse: ClickHouse, database: str) -> None:
        self._clickhouse = ClickHouseSettings.model_construct(url=SecretStr(dsn_of(clickhouse, database)))
        settings = self.settings()
        self.catalogue = memory_writer({})
        self._pages = Pages(settings, now=lambda: DECEMBER, catalogue=self.catalogue, known=self.catalogue.read)
        self.app, self.close = build(self._pages.services(), asyncio.Event())

    def settings(self, **bob: object) -> Settings:
        users = {"dashboard": {"users": {"anna": {"password": HASH, "role": "act"}}}}
        found = configured(users, **{"password": HASH, "promotes": ["spring"], **bob})
        return found.model_copy(update={"clickhouse": self._clickhouse})

    def use(self, **bob: object) -> None:
        self._pages.use(self.settings(**bob))

    def browser_of(self, user: str) -> Browser:
        browser = Browser(self.app)
        assert browser.log_in(user, PASSWORD).status == 303
        return browser


@pytest.fixture(scope="module")
def dashboard(clickhouse: ClickHouse, tables: Tables) -> Iterator[Dashboard]:
    tables.insert("deliveries", [row for number in (0, 1, 2) for row in told(tables.rows[number], number)])
    found = Dashboard(clickhouse, tables.database)
    yield found
    found.close()


def test_a_partner_sees_their_own_balance_funnel_and_urls_in_their_own_amounts(
    dashboard: Dashboard, tables: Tables
) -> None:
    bob = dashboard.browser_of("bob")
    assert bob.get("/").headers["location"] == "/partner"
    text = bob.get("/partner?days=90").text
    account = account_of(tables.client, dashboard.settings(), "bob", OCTOBER, DECEMBER, ZoneInfo("UTC"))
    mine = [row for row in tables.rows[::4] if not row["is_test"]]
    assert account.total.clicks == len(tables.rows[::4])
    assert account.total.events == {"install": sum(row["status"] != "rejected" for row in mine)}
    (balance,) = account.balances
    assert balance.payable + balance.paid == tables.by_hand(DECEMBER)
    approved = sum(
        (row["payout"] * 7 / 10).quantize(Decimal("0.01"), ROUND_HALF_UP) for row in mine if row["status"] == "approved"
    )
    assert account.total.earned == {"USD": approved} == {"USD": balance.payable + balance.paid + balance.held}
    for word in (f"{balance.payable:,.2f} USD", f"{balance.held:,.2f} USD", f"{balance.paid:,.2f} USD"):
        assert f"<b>{word}</b>" in text
    assert f"/click/spring?partner={claim(SECRET, 'bob', 'spring')}" in text
    ours = {f"{row['payout']:.2f}" for row in tables.rows} - {f"{row['payout'] * 7 / 10:.2f}" for row in mine}
    assert not ours.intersection(re.findall(r"[0-9.,]+", text))
    assert not re.search(r"\b(eve|acme|game|pops)\b", text)
    told_of = re.findall(r"p[0-9]{3}", bob.get("/partner/statement.csv?month=2026-11").text)
    assert told_of
    assert {int(name[1:]) % 4 for name in told_of} == {0}
    assert bob.get("/partner/statement.csv?month=2026-13").status == 400


def test_nothing_of_anyone_else_is_found_by_an_id_or_a_parameter(dashboard: Dashboard) -> None:
    bob, eve = dashboard.browser_of("bob"), dashboard.browser_of("eve")
    for path in ("/partner", "/partner/postbacks", "/partner/statement.csv"):
        asked = "month=2026-11&days=30"
        others = "&".join(f"{word}=eve" for word in ("partner", "name", "user", "id", "destination", "session"))
        assert bob.get(f"{path}?{asked}&{others}").text == bob.get(f"{path}?{asked}").text
        assert bob.get(f"{path}?{asked}").text != eve.get(f"{path}?{asked}").text
    log = bob.get("/partner/postbacks").text
    assert re.findall(r"delivery-\d", log) == ["delivery-0"]
    assert "by_hand" in log
    assert "EUR" not in log + bob.get("/partner/postback?id=delivery-0").text  # what an operator noted
    assert [bob.get(f"/partner/postback?id=delivery-{number}").status for number in (0, 1, 2)] == [200, 404, 404]
    assert eve.get("/partner/postback?id=delivery-1").status == 200


def test_a_partner_s_session_opens_no_page_of_ours_and_ours_none_of_theirs(dashboard: Dashboard) -> None:
    bob, anna = dashboard.browser_of("bob"), dashboard.browser_of("anna")
    bob.get("/partner")
    routes = [route for route in dashboard.app.routes if isinstance(route, Route)]
    ours = [route for route in routes if not re.match("/(partner|login|logout|static|health|$)", route.path)]
    assert len(ours) > 25
    for route in ours:
        path = route.path.replace("{version:int}", "1").replace("{kind}", "partners").replace("{name}", "bob")
        for method in (*(route.methods or ()), "PUT", "DELETE", "POST"):
            answer = bob.call(method, path, {"token": bob.token}, x_clickjoin_token=bob.token)
            assert answer.status == 403, (method, path, answer)
    for path in ("//catalogue", "/partner/../catalogue", "/%2e%2e/catalogue", "/static/../live", "/login/x"):
        assert bob.get(path).status in (303, 403, 404), path
    assert anna.get("/set-up").status == 200
    assert [anna.get(path).status for path in ("/partner", "/partner/postbacks")] == [403, 403]


@pytest.mark.parametrize("change", [{"paused": True}, {"password": None}, {"password": hashed("another horse")}])
def test_a_partner_s_session_ends_when_they_are_paused_or_get_another_password(
    dashboard: Dashboard, change: dict[str, object]
) -> None:
    bob = dashboard.browser_of("bob")
    assert bob.get("/partner").status == 200
    dashboard.use(**change)
    assert bob.get("/partner").headers["location"].startswith("/login")
    assert Browser(dashboard.app).log_in("bob", PASSWORD).status == 401
    dashboard.use()


def test_a_password_typed_on_the_page_of_a_partner_is_kept_as_its_hash(dashboard: Dashboard) -> None:
    anna = dashboard.browser_of("anna")
    anna.get("/catalogue/entry?kind=partners")
    form = {"kind": "partners", "name": "zoe", "version": "-1", "rest": 'shares = { "*" = "50%" }'}
    refused = anna.post("/catalogue/save", **form, **{"field-password": "short"})
    assert (refused.status, "take 10 characters or more" in refused.text) == (422, True)
    assert anna.post("/catalogue/save", **form, **{"field-password": PASSWORD}).status == 303
    entry = dashboard.catalogue.read().named("partners")["zoe"].entry
    assert is_right(PASSWORD, entry["password"])
    assert PASSWORD not in str(entry)


def test_a_look_reads_the_months_of_which_something_is_open_and_no_others(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month in ("2026-10", "2026-11"):
        with suppress(CannotSettleError):  # a test before this one has settled it
            settle(tables.client, configured(), "bob", month, "", DECEMBER)
    spans: list[Span] = []
    read = ledger.conversions
    monkeypatch.setattr(ledger, "conversions", lambda *asked: spans.append(asked[-1]) or read(*asked))  # type: ignore[func-returns-value]
    mine = [row for row in tables.rows[::4] if not row["is_test"]]
    for row in mine:
        if row["status"] == "pending":
            tables.change(row, status="rejected")
    for opened in ((), (202610,)):
        found = [
            account_of(tables.client, configured(), "bob", since, DECEMBER, ZoneInfo("UTC")).balances
            for since in (DECEMBER, OCTOBER)
        ]
        assert found[0] == found[1] != []
        assert spans[-2].months == opened
        tables.change(next(row for row in mine if row["status"] == "approved"), status="rejected")
    gone = next(row["conversion_id"] for row in mine[1:] if row["received_at"].month == 10)
    tables.client.command("DELETE FROM conversions WHERE conversion_id = {gone:String}", {"gone": gone})
    assert (202610, "install", "gone") in [row[2:5] for row in ledger.months(tables.client, "bob", [], [], 1 << 41)]
