"""What an operator wants of source postbacks: that they are sent again, not any more, or in other words."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import typer

from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.deliveries_shown import COLUMNS, row
from clickjoin.cli.kafka import kafka
from clickjoin.cli.options import FAILED
from clickjoin.cli.output import print_json, print_table
from schemas.settings.file import Settings

if TYPE_CHECKING:
    from clickjoin.wishes import Asked, Wish
    from sql.deliveries import Found, Wanted

_ENDED_BADLY = ("failed", "expired", "cancelled")
_WAITING = ("scheduled", "held", "retry")
_RETEMPLATED = ("scheduled", "retry")


class Call(NamedTuple):
    """How it is called: `done` is the word for what is asked."""

    done: str
    dry_run: bool
    as_json: bool


def resend(settings: Settings, wanted: "Wanted", *, dry_run: bool, as_json: bool) -> bool:
    """Send again what is meant; where neither an ID nor a state is named, what failed, expired or was cancelled."""
    from clickjoin import wishes

    return _ask(
        settings,
        _of_states(wanted, _ENDED_BADLY),
        wishes.why_not_again,
        wishes.resend(_now_ms()),
        Call("sent again", dry_run, as_json),
    )


def cancel(settings: Settings, wanted: "Wanted", reason: str, *, dry_run: bool, as_json: bool) -> bool:
    """Cancel what is meant and still waits."""
    from clickjoin import wishes

    return _ask(
        settings,
        _of_states(wanted, _WAITING),
        wishes.why_not_cancelled,
        wishes.cancel(_now_ms(), reason),
        Call("cancelled", dry_run, as_json),
    )


def retemplate(settings: Settings, wanted: "Wanted", *, dry_run: bool, as_json: bool) -> bool:
    """Give what is meant and still waits the request that the present template makes."""
    from clickjoin import wishes

    return _ask(
        settings,
        _of_states(wanted, _RETEMPLATED),
        wishes.why_not_retemplated,
        wishes.retemplate(_now_ms()),
        Call("made anew", dry_run, as_json),
    )


def _of_states(wanted: "Wanted", states: tuple[str, ...]) -> "Wanted":
    return wanted if wanted.ids or wanted.states else replace(wanted, states=states)


def _ask(settings: Settings, wanted: "Wanted", why_not: "Callable[[Found], str]", wish: "Wish", call: Call) -> bool:
    """Ask for everything that can be asked for. Exits with 1 where something that was meant cannot.

    Says whether there is anything of what was meant.
    """
    from clickjoin.wishes import Asked, ask
    from sql.deliveries import find

    with clickhouse(settings) as client:
        found = find(client, wanted)
    refused = [Asked(one.delivery_id, problem=why) for one in found if (why := why_not(one))]
    known = {one.delivery_id for one in found}
    refused += [Asked(id_, problem="no such delivery") for id_ in wanted.ids if id_ not in known]
    possible = [one for one in found if not why_not(one)]
    asked = [Asked(one.delivery_id) for one in possible]
    if possible and not call.dry_run:
        with kafka(settings) as partitions:
            asked = ask(settings.kafka, partitions, possible, wish)
    _tell([*asked, *refused], possible, call)
    if len(found) == wanted.most:
        typer.echo(f"there may be more than these {wanted.most}: --limit takes more", err=True)
    if any(one.problem for one in (*asked, *refused)):
        raise typer.Exit(FAILED)
    return bool(found)


def _tell(results: "Sequence[Asked]", possible: "Sequence[Found]", call: Call) -> None:
    if call.as_json:
        print_json({"dry_run": call.dry_run, "deliveries": [one._asdict() for one in results]})
        return
    good = [one for one in results if not one.problem]
    if call.dry_run and possible:
        print_table(f"would be {call.done}", COLUMNS, [row(one) for one in possible])
    elif good:
        print_table(f"are asked to be {call.done}", ("delivery", "as"), [(one.delivery_id, one.new_id) for one in good])
    for one in results:
        if one.problem:
            typer.echo(f"{one.delivery_id}: {one.problem}", err=True)
    typer.echo(f"{len(good)} {'would be' if call.dry_run else 'are asked to be'} {call.done}")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
