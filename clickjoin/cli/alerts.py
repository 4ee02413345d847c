"""`clickjoin alerts`: what the configuration asks to be told of, as a process of its own, or once."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    FAILED,
    WRONG,
    ConfigOption,
    DataOption,
    JsonOption,
    fail,
    load_again,
    load_for,
)
from clickjoin.cli.output import print_json, print_table

if TYPE_CHECKING:
    from clickjoin.alerts.rules import Alarm

Once = Annotated[bool, typer.Option("--once", help="Look once, tell what is new, and end: for cron.")]
Show = Annotated[bool, typer.Option("--show", help="Print what the alerts find now, and tell nobody.")]


def alerts(
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    once: Once = False,
    show: Show = False,
    as_json: JsonOption = False,
) -> None:
    """Look for what [alerts] asks for, and tell its webhooks once."""
    settings = load_for("alerts", config, quiet=once or show)
    if once and show:
        fail("write --once or --show", WRONG)
    if not settings.alerts:
        fail(f"{config} has no [alerts.NAME]", WRONG)
    if not (once or show):
        from clickjoin.alerts.run import Watch
        from clickjoin.data_folder import looked_file

        Watch(settings, lambda: load_again("alerts", config), looked_file(data)).run()
        return
    from clickjoin.alerts.look import alarms_of
    from clickjoin.alerts.run import look

    with clickhouse(settings) as client:
        if show:
            _print(alarms_of(client, settings, time.time_ns() // 1_000_000), "to be told", as_json=as_json)
            return
        new, taken = look(client, settings)
    _print(taken, "told", as_json=as_json)
    if len(taken) < len(new):
        fail(f"{len(new) - len(taken)} of {len(new)} could not be told: the log says why", FAILED)


def _print(alarms: "list[Alarm]", what: str, *, as_json: bool) -> None:
    if as_json:
        print_json([alarm._asdict() for alarm in alarms])
    elif not alarms:
        typer.echo(f"nothing {what}")
    else:
        print_table(what, ("alert", "rule", "webhook", "says"), [(a.alert, a.rule, a.webhook, a.says) for a in alarms])
