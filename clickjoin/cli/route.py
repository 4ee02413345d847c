"""`clickjoin route`: which offer a visitor would be sent to, and why."""

import asyncio
import random
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    WRONG,
    ConfigOption,
    DataOption,
    JsonOption,
    fail,
    load_for,
)
from clickjoin.cli.output import print_json, print_table
from schemas.settings.file import Settings
from schemas.settings.routing_problems import moment_ms

if TYPE_CHECKING:
    from clickjoin.route_explained import Explanation
    from ingest.routing.figures import Figures

CampaignName = Annotated[str, typer.Argument(metavar="CAMPAIGN")]
At = Annotated[
    str, typer.Option("--at", metavar="TIME", help="2026-11-20T22:00, in the campaign's zone. Default: now.")
]
Country = Annotated[str, typer.Option(metavar="CODE", help="What the visitor's click would say, as all of these.")]
Said = Annotated[str, typer.Option(metavar="TEXT")]


def route(
    campaign: CampaignName,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    country: Country = "",
    region: Said = "",
    device: Said = "",
    os: Said = "",
    browser: Said = "",
    language: Said = "",
    isp: Said = "",
    connection_type: Said = "",
    at: At = "",
    as_json: JsonOption = False,
) -> None:
    """Explain which offer a visitor would be sent to: every offer, whether it fits, why not, its probability."""
    settings = load_for("route", config, catalogue=data, quiet=True)
    from clickjoin.route_explained import explained

    if campaign not in settings.campaigns:
        names = ", ".join(sorted(settings.campaigns)) or "none"
        fail(f"there is no [campaigns.{campaign}]: there are {names}", WRONG)
    zone = settings.campaigns[campaign].timezone
    try:
        at_ms = moment_ms(datetime.fromisoformat(at), zone) if at else time.time_ns() // 1_000_000
    except ValueError:
        fail(f"--at {at}: write a moment like 2026-11-20T22:00", WRONG)
    known = {"country": country, "region": region, "device": device, "os": os, "browser": browser}
    known |= {"language": language, "isp": isp, "connection_type": connection_type}
    figures, why_none = asyncio.run(_figures(settings, campaign))
    found = explained(settings.campaigns[campaign], known, figures, at_ms)
    if as_json:
        told = {"campaign": campaign, "at": datetime.fromtimestamp(at_ms / 1000, UTC), "visitor": known}
        offers = [one._asdict() for one in found.offers]
        print_json({**told, "no_figures": why_none, **asdict(found), "offers": offers})
    else:
        _print(campaign, found, why_none)


async def _figures(settings: Settings, campaign: str) -> "tuple[Figures, str]":
    """What ingest would go by now, and why there is nothing. Campaigns without caps and learning need none."""
    from ingest.clickhouse_figures import ClickHouseFigures
    from ingest.learner import AwayError, figures_of
    from ingest.routing.figures import NO_FIGURES
    from ingest.routing.plan import route_plan

    plan = route_plan(settings.campaigns[campaign])
    if not plan.needs_figures:
        return NO_FIGURES, ""
    asker, numbers = ClickHouseFigures(settings.clickhouse.dsn), random.Random(0)  # noqa: S311 - the same each time
    try:
        now_ms = time.time_ns() // 1_000_000
        normals = lambda count: tuple(numbers.gauss(0, 1) for _ in range(count))  # noqa: E731
        return await figures_of(asker, campaign, plan, now_ms, normals), ""
    except AwayError as error:
        return NO_FIGURES, str(error)
    finally:
        await asker.close()


def _print(campaign: str, found: "Explanation", why_none: str) -> None:
    rows = [
        (
            one.offer,
            one.rank,
            f"{one.weight:g}",
            "yes" if one.fits else "no",
            one.why_not,
            "" if one.worth is None else f"{one.worth:.4f}",
            f"{one.probability:.1%}",
        )
        for one in found.offers
    ]
    print_table(
        f"{campaign}: decided by {found.by or 'there being one offer'}",
        ("offer", "rank", "weight", "fits", "why not", "worth of a click", "probability"),
        rows,
        numbers=2,
    )
    if found.by == "trafficback":
        typer.echo(f"no offer fits: the visitor goes to the trafficback, {found.trafficback}")
    if why_none:
        typer.echo(f"without what ClickHouse would say of caps and worth: {why_none}", err=True)
