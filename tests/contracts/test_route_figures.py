"""What smart links learn from the real tables."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from clickjoin.caps_used import caps_below_used
from ingest.chance import normals
from ingest.clickhouse_figures import ClickHouseFigures
from ingest.learner import AwayError, Learner
from ingest.plans import prepare
from ingest.routing.figures import Figures, Used
from sql.connect import connect
from tests.contracts.clickhouse_front import ClickHouse, free_port
from tests.contracts.sink_records import dsn_of
from tests.ingest_samples import settings
from tests.support.report_rows import Row, load

NOW = datetime(2026, 11, 20, 22, tzinfo=UTC)
_PER_OFFER = 60


def click(number: int, **facts: Any) -> Row:
    at = NOW - timedelta(minutes=30 + number)
    return {
        "click_id": f"c{number}",
        "id_day": at.date(),
        "clicked_at": at,
        "received_at": at,
        "campaign": "smart",
        "offer": ("game", "quiz")[number % 2],
        "country": "DE",
        "device": "Mobile",
        "is_bot": False,
        "is_test": False,
        "version": 1,
    } | facts


def conversion(of: Row, **facts: Any) -> Row:
    at = of["clicked_at"] + timedelta(minutes=2)
    same = {key: of[key] for key in ("click_id", "id_day", "clicked_at", "campaign", "offer", "country", "device")}
    return {
        **same,
        "conversion_id": f"{of['click_id']}-install",
        "event": "install",
        "status": "approved",
        "payout": Decimal("1.20"),
        "currency": "USD",
        "is_refund": False,
        "is_bot": False,
        "is_test": False,
        "occurred_at": at,
        "received_at": at,
        "status_received_at": at,
        "version": 1,
    } | facts


def figures_of(dsn: str, **campaign: Any) -> Figures:
    plans = prepare(settings(campaigns={"smart": {"source": "free", "offers": ["game", "quiz"]} | campaign}))

    async def learnt() -> Figures:
        asker = ClickHouseFigures(dsn)
        learner = Learner(asker, normals, lambda: round(NOW.timestamp() * 1000))
        learner.use(plans.campaigns)
        await learner.refresh()
        await asker.close()
        return learner.figures["smart"]

    return asyncio.run(learnt())


def test_the_tables_say_what_each_offer_is_worth_and_what_is_used_of_its_cap(
    clickhouse: ClickHouse, database: str
) -> None:
    dsn = dsn_of(clickhouse, database)
    clicks = [click(number) for number in range(2 * _PER_OFFER)]
    ignored = [click(900, is_test=True), click(901, campaign="other"), click(902, is_bot=True, offer="game")]
    won = [conversion(one) for one in clicks[1::2][:30]] + [conversion(clicks[0])]
    lost = [conversion(clicks[2], status="rejected"), conversion(clicks[4], event="trial", currency="EUR")]
    client = connect(dsn)
    load(client, {"clicks": clicks + clicks[:20] + ignored, "conversions": won + won[:5] + lost})
    client.close()

    learnt = figures_of(dsn, optimise={"by": "epc", "currency": "USD"})
    worths = learnt.worths["de", "mobile"]
    assert worths["quiz"].mean == pytest.approx(30 * 1.2 / _PER_OFFER, rel=0.1)
    assert worths["game"].mean == pytest.approx(1 * 1.2 / _PER_OFFER, abs=0.02)
    assert learnt.best(("de", "mobile"), ("game", "quiz"), 0.0) == {"game": 0.0, "quiz": 1.0}

    by_event = figures_of(dsn, optimise={"by": "conversion:trial", "segments": []})
    assert by_event.worths[()]["game"].mean > by_event.worths[()]["quiz"].mean

    capped = figures_of(dsn, offers=[{"offer": "game", "daily_clicks": 9}, "quiz"])
    assert capped.used == {
        "game": Used(_PER_OFFER + 1, {"install": 1, "trial": 1}),
        "quiz": Used(_PER_OFFER, {"install": 30}),
    }

    offers = ["quiz", {"offer": "game", "daily_clicks": 9, "daily_conversions": 2, "cap_event": "trial"}]
    configured = settings(campaigns={"smart": {"source": "free", "offers": offers}})
    here = configured.clickhouse.model_copy(update={"url": SecretStr(dsn)})
    passed, why_not = caps_below_used(configured.model_copy(update={"clickhouse": here}), round(NOW.timestamp() * 1000))
    assert [str(one) for one in passed] == [
        "campaigns.smart.offers[1].daily_clicks = 9: game has had 61 today (UTC): it gets nobody more until midnight"
    ]
    assert why_not == ""


def test_clickhouse_that_is_away_is_told_so() -> None:
    async def ask() -> None:
        await ClickHouseFigures(f"http://127.0.0.1:{free_port()}/clickjoin").used("smart", 0)

    with pytest.raises(AwayError):
        asyncio.run(ask())
