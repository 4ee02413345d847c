"""Alerts on real tables, told to a real webhook: once, and again where it did not take them."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from clickjoin.alerts.look import alarms_of
from clickjoin.alerts.run import look
from schemas.settings.file import Settings
from schemas.settings.validation import validate
from sql.connect import connect
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of
from tests.stand_in import StandIn, stand_in
from tests.support.report_rows import OF_CLICKS_ALONE, Row

SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
NOW = datetime.now(UTC)
ALERTS = {
    "zones": {"rule": "loss", "webhook": "crm", "spent": "5.00 USD", "where": {"source": "pops"}},
    "acme": {"rule": "approval", "webhook": "crm"},
    "installs": {"rule": "step", "webhook": "crm", "event": "install", "within": "1h"},
}


def configured(url: str) -> Settings:
    tree: dict[str, Any] = {
        "events": {"install": {"step": 1}},
        "emit": {"allow": ["127.0.0.0/8"]},
        "webhooks": {"crm": {"url": url, "secret": "env:CRM"}},
        "alerts": ALERTS,
    }
    settings, problems = validate(tree, {"CRM": SECRET})
    assert settings, problems
    return settings


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


@pytest.fixture(scope="module")
def tables(clickhouse: ClickHouse) -> Iterator[Client]:
    """Of ten days: zone z1 only costs; lately acme approves nothing, and clicks of `autumn` install nothing."""
    name = f"alerts_{os.getpid()}"
    client = connect(dsn_of(clickhouse, name))
    clicks, conversions = [], []
    for number in range(2400):
        clicked = NOW - timedelta(hours=2) - timedelta(minutes=6 * number)
        is_late = NOW - clicked < timedelta(hours=25)
        click = _click(number, clicked)
        clicks.append(click)
        if number % 3 == 0 and click["placement"] != "z1" and not (is_late and click["campaign"] == "autumn"):
            conversions.append(_install(click, "rejected" if NOW - clicked < timedelta(days=3) else "approved"))
    for table, rows in (("clicks", clicks), ("conversions", conversions)):
        client.insert(table, [list(row.values()) for row in rows], column_names=list(rows[0]))
    yield client
    client.command(f"DROP DATABASE {name}")
    client.close()


def _click(number: int, at: datetime) -> Row:
    named = {"campaign": ("spring", "autumn")[number % 2], "source": "pops", "placement": f"z{1 + number % 5}"}
    times = {"id_day": at.date(), "clicked_at": at, "received_at": at}
    return {"click_id": f"c{number:05d}", **times, **named, "offer": "game", "network": "acme"} | {
        "cost": Decimal("0.05"),
        "currency": "USD",
        "version": 1,
    }


def _install(click: Row, status: str) -> Row:
    at = click["clicked_at"] + timedelta(minutes=10)
    facts = {name: value for name, value in click.items() if name not in OF_CLICKS_ALONE}
    return facts | {
        "conversion_id": f"i-{click['click_id']}",
        "event": "install",
        "status": status,
        "payout": Decimal("1.20"),
        "currency": "USD",
        **dict.fromkeys(("occurred_at", "received_at", "status_received_at"), at),
        "version": 1,
    }


def test_alerts_find_what_loses_what_is_refused_and_what_broke(tables: Client) -> None:
    found = alarms_of(tables, configured("http://127.0.0.1:9/"), round(NOW.timestamp() * 1000))
    assert {(alarm.alert, tuple(alarm.group.values())) for alarm in found} == {
        ("zones", ("pops", "z1")),
        ("acme", ("acme",)),
        ("installs", ("autumn",)),
    }


def test_an_alert_is_told_once_and_again_where_it_was_not_taken(tables: Client, server: StandIn) -> None:
    refused, taken = look(tables, configured(f"{server.url}/status/500"))
    assert (len(refused), taken) == (3, [])
    before = len(server.bodies)
    settings = configured(f"{server.url}/alerts")
    new, taken = look(tables, settings)
    assert new == taken
    told = [json.loads(body) for body in server.bodies[before:]]
    assert {one["type"] for one in told} == {"alert.loss", "alert.approval", "alert.step"}
    (loss,) = (one["data"] for one in told if one["type"] == "alert.loss")
    assert loss["group"] == {"source": "pops", "placement": "z1"}
    assert Decimal(loss["figures"]["payout"]) == 0 < Decimal(loss["figures"]["cost"])
    assert look(tables, settings) == ([], [])
    rows = tables.query("SELECT alert, webhook FROM alerts FINAL ORDER BY alert").result_rows
    assert [tuple(row) for row in rows] == [("acme", "crm"), ("installs", "crm"), ("zones", "crm")]
