"""`clickjoin check`: is the configuration right, and what goes into each panel."""

import time
from pathlib import Path
from typing import Annotated

import typer

from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    WRONG,
    ConfigOption,
    DataOption,
    JsonOption,
    read_whole,
    refuse,
)
from clickjoin.cli.output import print_json
from clickjoin.panels.everyone import OtherPanel, Panels, SourcePanel
from clickjoin.panels.network import NetworkPanel
from schemas.settings.errors import ConfigError, Problem
from schemas.settings.file import Settings
from schemas.settings.routing_problems import ended
from schemas.topics import DELIVERIES, EVENTS
from schemas.values import Millis

HideKeys = Annotated[bool, typer.Option("--hide-keys", help="Show *** instead of the networks' keys.")]


def check(
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
    hide_keys: HideKeys = False,
) -> None:
    """Validate the configuration, with the catalogue, and print the URLs to paste into each panel. They hold keys.

    Where Kafka answers, waits are held against what its topics keep; where ClickHouse does, caps against what is used.
    """
    from clickjoin.panels.everyone import panels
    from clickjoin.panels.not_called import not_called

    try:
        settings, warnings = read_whole(config, data)
    except ConfigError as error:
        if as_json:
            print_json({"ok": False, "problems": [problem._asdict() for problem in error.problems], "warnings": []})
            raise typer.Exit(WRONG) from None
        refuse(config, error)
    too_long, not_known = _waits(settings)
    now_ms = time.time_ns() // 1_000_000
    passed, not_counted = _caps(settings, now_ms)
    warnings = [*warnings, *not_called(settings), *too_long, *passed, *ended(settings.campaigns, now_ms)]
    found = panels(settings, hide_keys=hide_keys)
    if as_json:
        print_json(_document(found, warnings))
    else:
        _print(config, found, warnings)
    if not_known:
        typer.echo(f"waits were not held against what Kafka's topics keep: {not_known}", err=True)
    if not_counted:
        typer.echo(f"caps were not held against what was used of them today: {not_counted}", err=True)


def _waits(settings: Settings) -> tuple[list[Problem], str]:
    """Those that last too long, and why that is not known (an embedded Kafka that does not run has what we give it)."""
    from clickjoin.topics.kept import ask
    from schemas.settings.waits import waits_too_long

    kept = ask(settings.kafka, (EVENTS, DELIVERIES))
    return waits_too_long(settings, kept.ms), "" if settings.kafka.is_embedded else kept.why_not


def _caps(settings: Settings, now_ms: Millis) -> tuple[list[Problem], str]:
    """Those that are below what was used, and why that is not known (embedded: nothing is used while it is off)."""
    from clickjoin.caps_used import caps_below_used

    passed, why_not = caps_below_used(settings, now_ms)
    return passed, "" if settings.clickhouse.is_embedded else why_not


def _document(found: Panels, warnings: list[Problem]) -> dict[str, object]:
    sections = {name: [entry._asdict() for entry in entries] for name, entries in found._asdict().items()}
    return {"ok": True, "problems": [], "warnings": [warning._asdict() for warning in warnings], **sections}


def _print(config: Path, found: Panels, warnings: list[Problem]) -> None:
    """Plain lines, never wrapped: URLs are to be copied."""
    typer.echo(f"{config} is right.")
    if found.networks or found.campaigns:
        typer.echo("Where no preset knows a panel's macros, replace each {word} by its macro for it.")
    for network in found.networks:
        _print_network(network)
    for campaign in found.campaigns:
        typer.echo(f"\ncampaign {campaign.campaign}, click URL for {campaign.source}:")
        typer.echo(f"  {campaign.click_url}")
        if campaign.mind:
            typer.echo(f"  {campaign.mind}")
        typer.echo(f"  its conversions come by the postback URL of {' and '.join(campaign.networks)}")
    for source in found.sources:
        typer.echo(f"\nsource {source.source} is told: {_told(source)}")
    for other in found.others:
        typer.echo(f"\n{other.destination}, {other.title}, is told: {_told_other(other)}")
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def _print_network(network: NetworkPanel) -> None:
    typer.echo(f"\nnetwork {network.network}, postback URL (guarded by {network.guarded_by}):")
    typer.echo(f"  {network.postback_url}")
    if network.header:
        typer.echo(f"  with the header {network.header}")
    for what in network.mind:
        typer.echo(f"  {what}")
    if network.offer_parameter:
        typer.echo(f"  its offer links carry our click ID so: {network.offer_parameter}")
    for theirs, ours in network.events.items():
        typer.echo(f"  {theirs} counts as {ours}")


def _told_other(other: OtherPanel) -> str:
    events = ", ".join(ours if ours == theirs else f"{ours} as {theirs}" for ours, theirs in other.events.items())
    of = f", of clicks of {' and '.join(other.sources)}" if other.sources else ""
    hours = other.max_click_age_hours
    age = "" if hours is None else f", of clicks up to {hours:g} hours old"
    return f"{events or 'any event'} ({' or '.join(other.statuses)}{of}{age}), {other.method} {other.host}"


def _told(source: SourcePanel) -> str:
    event = "any event" if source.event == "*" else source.event
    hours = source.max_click_age_hours
    age = "" if hours is None else f", of clicks up to {hours:g} hours old"
    return f"{event} ({' or '.join(source.statuses)}{age}), {source.method} {source.host}"
