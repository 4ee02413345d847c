"""`clickjoin status`: how everything stands."""

import typer

from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, FAILED, ConfigOption, DataOption, JsonOption, load_for
from clickjoin.cli.output import print_json, print_table
from clickjoin.status import Status


def status(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA, as_json: JsonOption = False) -> None:
    """Show how far each role is behind, whether ingest is ready, and what is still to be delivered.

    Exits with 1 where something does not answer.
    """
    settings = load_for("status", config, quiet=True)
    from clickjoin.status import read_status

    found = read_status(settings)
    if as_json:
        print_json(document(found))
    else:
        _print(found)
    if found.away:
        raise typer.Exit(FAILED)


def document(found: Status) -> dict[str, object]:
    """What --json prints."""
    roles = {
        role.role: {"workers": role.workers, "lag": role.lag, "topics": [lag._asdict() for lag in role.topics]}
        for role in found.roles
    }
    return {**found._asdict(), "roles": roles}


def _print(found: Status) -> None:
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
    if found.deliveries:
        print_table("source postbacks", ("state", "count"), found.deliveries.items(), numbers=1)
    typer.echo(f"{found.deliveries_pending} source postbacks are pending")
    for name, why in found.away.items():
        typer.echo(f"{name}: {why}", err=True)
