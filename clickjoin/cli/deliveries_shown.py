"""Source postbacks as tables: the last step of each, or every step of one."""

from typing import TYPE_CHECKING, Any

import typer

from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.options import fail
from clickjoin.cli.output import print_json, print_table
from schemas.settings.file import Settings

if TYPE_CHECKING:
    from sql.deliveries import Found, Wanted

COLUMNS = ("delivery", "destination", "event", "state", "attempt", "code", "at (UTC)", "next", "reason")
_SAME = ("destination", "event", "click_id", "conversion_id", "postback_id", "method", "url")
_STEPS = ("attempted_at", "state", "attempt", "code", "took_ms", "next_attempt_at", "reason", "answer", "worker")


def row(found: "Found") -> tuple[Any, ...]:
    """A line of a table with COLUMNS."""
    return (
        *(found.delivery_id, found.destination, found.event, found.state, found.attempt, found.code or ""),
        *(found.attempted_at, found.next_attempt_at, found.reason),
    )


def show_found(settings: Settings, wanted: "Wanted", as_json: bool) -> bool:
    """The last step of each that is meant. Says whether there is any."""
    from sql.deliveries import find

    with clickhouse(settings) as client:
        found = find(client, wanted)
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        print_table("source postbacks", COLUMNS, [row(one) for one in found])
    if len(found) == wanted.most:
        typer.echo(f"only the newest {wanted.most} are shown: --limit shows more", err=True)
    return bool(found)


def show_steps(settings: Settings, delivery_id: str, as_json: bool) -> None:
    """Every step of one. Exits with 1 where nothing is known of it."""
    from sql.deliveries import steps

    with clickhouse(settings) as client:
        found = steps(client, delivery_id)
    if not found:
        fail(f"nothing is known of the delivery {delivery_id}")
    if as_json:
        print_json(found)
        return
    print_table(f"delivery {delivery_id}", ("what", "value"), [(word, found[-1][word]) for word in _SAME])
    print_table("its steps (UTC)", _STEPS, [[step[word] for word in _STEPS] for step in found])
