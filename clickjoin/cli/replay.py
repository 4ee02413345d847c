"""`clickjoin replay invalid`: what could not be used is read again, by the configuration as it is now."""

from typing import TYPE_CHECKING, Annotated

import typer

from clickjoin.cli import report_options
from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.kafka import kafka
from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    FAILED,
    WRONG,
    ConfigOption,
    DataOption,
    JsonOption,
    fail,
    load_for,
)
from clickjoin.cli.output import print_json, print_table

if TYPE_CHECKING:
    from clickjoin.replays.run import Figures

app = typer.Typer(no_args_is_help=True, help="Send what could not be used through again.")

Code = Annotated[str, typer.Option("--code", metavar="CODE", help="Why it could not be used: wrong_key, …")]
Network = Annotated[str, typer.Option("--network", metavar="NAME", help="Only what was sent for this network.")]
Since = Annotated[str, typer.Option("--since", metavar="TIME", help="Only what was received from then on.")]
Send = Annotated[bool, typer.Option("--send", help="Tell the sources, as of conversions that come in now.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look whether they can be used now.")]


@app.callback()
def _replay() -> None:
    """Without it typer would take the only command for the program."""


@app.command()
def invalid(
    code: Code,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    network: Network = "",
    since: Since = "",
    send: Send = False,
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Read kept requests again: no key is asked for, times stay, and what is replayed twice counts once."""
    settings = load_for("replay", config, data=data, catalogue=data, quiet=True)
    from clickjoin.replays.run import looked_at, replay_of, replayed
    from sql.invalid import find

    try:
        replay = replay_of(settings, send=send)
        first, _ = report_options.time_between(since, "", report_options.utc_now())
    except ValueError as error:
        fail(str(error), WRONG)
    with clickhouse(settings) as client:
        pages = find(client, code, network, max(first, 0))
        if dry_run:
            figures = looked_at(pages, replay)
        else:
            with kafka(settings) as partitions:
                figures = replayed(settings.kafka, partitions, pages, replay)
    _tell(figures, dry_run, as_json)


def _tell(figures: "Figures", dry_run: bool, as_json: bool) -> None:
    """The figures. Exits with 1 where a row still cannot be used."""
    found = figures.document()
    if as_json:
        print_json({**found, "dry_run": dry_run})
    else:
        done = "could be replayed" if dry_run else "replayed"
        typer.echo(f"{figures.replayed} requests {done}, with {figures.records} records")
        if found["reasons"]:
            rows = [tuple(reason.values()) for reason in found["reasons"]]
            print_table(
                f"{found['refused']} still cannot be used", ("code", "for example", "requests"), rows, numbers=1
            )
    if found["refused"]:
        raise typer.Exit(FAILED)
