"""The command line. What a command needs is imported when it runs: `clickjoin --help` loads none of it."""

from importlib.metadata import version
from typing import Annotated

import typer

from clickjoin.cli import (
    alerts,
    campaign,
    catalogue,
    check,
    dashboard,
    deliveries,
    doctor,
    export,
    forget,
    imports,
    partners,
    presets,
    removed,
    replay,
    report,
    roles,
    route,
    servers,
    settlement,
    status,
    trace,
)

app = typer.Typer(
    name="clickjoin",
    help="Joins clicks to every later postback, keeps the funnel in ClickHouse, and tells the traffic sources.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print the values of variables, and some of those are secrets
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"clickjoin {version('clickjoin')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Exit codes: 0 done, 1 it failed, 2 the call or the configuration is wrong."""


for command in (
    *(servers.up, servers.demo, settlement.settle),
    *(roles.ingest, roles.join, roles.sink, roles.emit, alerts.alerts),
    *(servers.migrate, check.check, catalogue.apply),
    *(
        report.report,
        report.funnel,
        export.export,
        forget.forget,
        trace.trace,
        status.status,
        doctor.doctor,
        removed.skip_removed,
        route.route,
    ),
):
    app.command()(command)
app.command("import")(imports.import_)
app.add_typer(campaign.app, name="campaign")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(partners.app, name="partners")
app.add_typer(presets.app, name="presets")
app.add_typer(replay.app, name="replay")
app.add_typer(dashboard.app, name="dashboard")
