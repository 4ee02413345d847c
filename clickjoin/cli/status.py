"""`clickjoin status`: how everything stands."""

import sys
import time
from contextlib import suppress
from typing import Annotated

import typer

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
from clickjoin.status.destinations import Destination
from clickjoin.status.limits import Limits, beyond
from clickjoin.status.overall import Status
from schemas.settings.file import Settings
from schemas.settings.values import parse_duration

_WELL = Limits()

Watch = Annotated[bool, typer.Option("--watch", help="Show it again and again, until Ctrl-C.")]
Every = Annotated[float, typer.Option("--every", min=0.1, metavar="SECONDS", help="How often, with --watch.")]
MaxLag = Annotated[int, typer.Option("--max-lag", min=0, metavar="RECORDS", help="More behind than this: exit code 1.")]
MaxSpooled = Annotated[int, typer.Option("--max-spooled", min=0, metavar="RECORDS", help="The same for the spool.")]
MaxAge = Annotated[
    str, typer.Option("--max-age", metavar="AGE", help="No click or postback in ClickHouse for so long (1h): 1, too.")
]


def status(
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
    watch: Watch = False,
    every: Every = 2.0,
    max_lag: MaxLag = _WELL.lag,
    max_spooled: MaxSpooled = _WELL.spooled,
    max_age: MaxAge = "",
) -> None:
    """Show how far each role is behind, how fresh the tables are, and what is still to be delivered.

    Exits with 1 where something does not answer, or is beyond one of the limits; with --watch once it is stopped.
    """
    settings = load_for("status", config, quiet=True)
    limits = Limits(max_lag, max_spooled, _seconds(max_age))
    wrong: list[str] = []
    with suppress(KeyboardInterrupt):
        wrong = _show(settings, limits, as_json=as_json, clear=watch)
        while watch:
            time.sleep(every)
            wrong = _show(settings, limits, as_json=as_json, clear=watch)
    if wrong:
        raise typer.Exit(FAILED)


def _show(settings: Settings, limits: Limits, *, as_json: bool, clear: bool) -> list[str]:
    """Ask and print. Returns what is not well."""
    from clickjoin.status.overall import read_status

    found = read_status(settings)
    wrong = list(beyond(found, limits))
    if as_json:
        print_json(document(found) | {"beyond": wrong})
    else:
        if clear and sys.stdout.isatty():
            typer.echo("\x1b[2J\x1b[H", nl=False)
        _print(found, wrong)
    return wrong


def document(found: Status) -> dict[str, object]:
    """What --json prints."""
    roles = {
        role.role: {"workers": role.workers, "lag": role.lag, "topics": [lag._asdict() for lag in role.topics]}
        for role in found.roles
    }
    destinations = {name: one._asdict() for name, one in found.destinations.items()}
    return {**found._asdict(), "roles": roles, "destinations": destinations, "freshness": found.freshness}


def _seconds(text: str) -> float | None:
    try:
        return parse_duration(text) / 1000 if text else None
    except ValueError as error:
        fail(f"--max-age {error}", WRONG)


def _print(found: Status, wrong: list[str]) -> None:
    typer.echo(f"ingest is {'ready' if found.ingest_ready else 'not ready'}")
    if found.spooled:
        typer.echo(f"{found.spooled} records are spooled until Kafka takes them")
    rows = [
        (role.role, lag.topic, role.workers, lag.partitions, lag.committed, lag.end, lag.lag)
        for role in found.roles
        for lag in role.topics
    ]
    if rows:
        columns = ("role", "topic", "workers", "partitions", "committed", "end", "lag")
        print_table("roles", columns, rows, numbers=5)
    for word, age in found.newest.items():
        typer.echo(f"the newest {word} in ClickHouse came {age:.1f} s ago")
    if found.deliveries:
        print_table("source postbacks", ("state", "count"), found.deliveries.items(), numbers=1)
    typer.echo(f"{found.deliveries_pending} source postbacks are pending")
    if found.destinations:
        _print_destinations(found.destinations)
    for name in found.breakers_open or ():
        typer.echo(f"{name} does not answer, and is left alone for a while")
    for what in wrong:
        typer.echo(what, err=True)


def _print_destinations(found: dict[str, Destination]) -> None:
    rows = []
    for name, one in found.items():
        oldest = "" if one.oldest is None else f"{one.oldest:,.0f} s"
        times = ("" if ms is None else f"{ms:,.0f}" for ms in (one.p50_ms, one.p95_ms))
        rows.append((name, one.breaker or "not known", one.pending, oldest, one.attempts, one.delivered, *times))
    columns = ("destination", "breaker", "pending", "oldest", "attempts", "delivered", "p50 ms", "p95 ms")
    print_table("destinations; attempts are those of the last hour", columns, rows, numbers=6)
