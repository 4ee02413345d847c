"""Whether a cap of the configuration is below what was used of it today, as the tables have it."""

import asyncio
from dataclasses import replace

from ingest.clickhouse_figures import ClickHouseFigures
from ingest.learner import AwayError, figures_of
from ingest.routing.caps import passed_caps
from ingest.routing.plan import route_plan
from schemas.settings.errors import Problem, path_text
from schemas.settings.file import Settings
from schemas.settings.traffic import Campaign
from schemas.values import Millis
from sql.connect import address


def caps_below_used(settings: Settings, now_ms: Millis) -> tuple[list[Problem], str]:
    """Those that are, and why that is not known. Without caps nobody is asked."""
    from clickjoin.status.overall import nobody_listens

    capped = {name: campaign for name, campaign in settings.campaigns.items() if route_plan(campaign).is_capped}
    if not capped:
        return [], ""
    if why := nobody_listens(address(settings.clickhouse.dsn)):
        return [], why
    try:
        return asyncio.run(_of_all(settings.clickhouse.dsn, capped, now_ms)), ""
    except AwayError as error:
        return [], str(error)


async def _of_all(dsn: str, campaigns: dict[str, Campaign], now_ms: Millis) -> list[Problem]:
    asker = ClickHouseFigures(dsn)
    try:
        return [one for name in campaigns for one in await _of(asker, name, campaigns[name], now_ms)]
    finally:
        await asker.close()


async def _of(asker: ClickHouseFigures, name: str, campaign: Campaign, now_ms: Millis) -> list[Problem]:
    plan = replace(route_plan(campaign), goal=None)  # caps alone
    figures = await figures_of(asker, name, plan, now_ms, lambda _: ())
    found = passed_caps(campaign.offers, lambda offer: figures.used_of(offer, figures.day))
    return [
        Problem(
            path_text(("campaigns", name, "offers", one.at, one.cap)),
            str(one.limit),
            f"{one.offer} has had {one.used} today ({campaign.timezone or 'UTC'}): it gets nobody more until midnight",
        )
        for one in found
    ]
