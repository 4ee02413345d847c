"""`clickjoin up | demo | migrate`: everything on this machine, the same with traffic, and the tables."""

from typing import TYPE_CHECKING, Annotated

import typer

from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, ConfigOption, DataOption, JsonOption, fail, load_for
from clickjoin.cli.output import print_json

if TYPE_CHECKING:
    from sql.migrate import Pending

_NOTHING = "nothing to do: the tables are up to date"

Once = Annotated[bool, typer.Option("--once", help="End by itself, and print the figures as one JSON line last.")]
Clicks = Annotated[int, typer.Option("--clicks", min=1, help="How many clicks to send.")]
Plan = Annotated[bool, typer.Option("--plan", help="Print the SQL that would run on the tables, and change nothing.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed makes the same traffic.")]


def up(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA) -> None:
    """Run everything on this machine: servers where none are configured, and all roles. Ctrl-C stops it."""
    settings = load_for("up", config)
    from clickjoin.up import run_up

    raise typer.Exit(run_up(settings, config, data))


def demo(
    data: Annotated[str, typer.Option("--data", metavar="DIR", help="Instead of a folder of its own.")] = "",
    once: Once = False,
    clicks: Clicks = 5000,
    seed: Seed = 7,
) -> None:
    """Run everything with made-up traffic, and watch the funnel grow."""
    from clickjoin.demo import run_demo

    raise typer.Exit(run_demo(data=data or None, once=once, clicks=clicks, seed=seed))


def migrate(
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
    plan: Plan = False,
) -> None:
    """Create the topics and the ClickHouse tables, or bring them up to date."""
    settings = load_for("migrate", config, quiet=True)
    from clickjoin.embedded.errors import CannotStartError
    from clickjoin.prepare import prepare
    from clickjoin.status.overall import nobody_listens
    from sql.connect import address
    from sql.migrate import MigrationError
    from sql.migrate import plan as planned

    try:
        if plan:
            _print_plan(planned(settings.clickhouse.dsn, settings.clickhouse.retention.days), as_json=as_json)
            return
        applied = prepare(settings)
    except CannotStartError as error:
        fail(str(error))
    except MigrationError as error:
        why = nobody_listens(address(settings.clickhouse.dsn))
        fail(f"ClickHouse: {why}" if why else str(error))
    if as_json:
        print_json({"applied": applied})
    else:
        typer.echo("\n".join(f"applied {name}" for name in applied) or _NOTHING)


def _print_plan(pending: "list[Pending]", *, as_json: bool) -> None:
    if as_json:
        print_json({"pending": [{"name": name, "sql": sql} for name, sql in pending]})
    else:
        typer.echo("\n".join(f"-- {name}\n{sql}" for name, sql in pending) or _NOTHING)
