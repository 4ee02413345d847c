"""What `clickjoin deliveries` is told: which deliveries are meant."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from clickjoin.cli.options import WRONG, fail, load_whole
from clickjoin.period import WORDS, beginning, end
from schemas.values import DeliveryState

if TYPE_CHECKING:
    from sql.deliveries import Wanted

_MOST_CODE = 999
STATES: tuple[str, ...] = get_args(DeliveryState)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help="Of deliveries.")]
Destination = Annotated[
    str,
    typer.Option("--destination", metavar="NAME", help="A source, webhook/NAME, conversion_api/NAME or partner/NAME."),
]
State = Annotated[str, typer.Option("--state", metavar="STATE,…", help=f"Of the last step: {', '.join(STATES)}.")]
Code = Annotated[str, typer.Option("--code", metavar="CODE,…", help="Of the last answer; 0: there was none.")]
Event = Annotated[str, typer.Option("--event", metavar="EVENT", help="The event that is told.")]
Click = Annotated[str, typer.Option("--click", metavar="CLICK_ID", help="The click of the conversion.")]
From = Annotated[str, typer.Option("--from", metavar="TIME", help=f"Of the last step, at the earliest: {WORDS}.")]
To = Annotated[str, typer.Option("--to", metavar="TIME", help="The same, at the latest: a day is whole.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many, the newest first.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show which, and change nothing.")]


def wanted(
    ids: list[str] | None,
    destination: str,
    state: str,
    code: str,
    event: str,
    click: str,
    times: tuple[str, str],
    limit: int,
) -> "Wanted":
    """The deliveries that are meant. Exits with 2, and says what there is, for a word that nothing is known of."""
    from sql.deliveries import Wanted
    from streams.emit.routes import destination_of

    states = _words(state)
    unknown = [word for word in states if word not in STATES]
    if unknown:
        fail(f"--state {unknown[0]}: there are {', '.join(STATES)}", WRONG)
    codes = _words(code)
    if not all(each.isascii() and each.isdecimal() and int(each) <= _MOST_CODE for each in codes):
        fail(f"--code {code}: write HTTP codes, like 500,503; 0 means no answer", WRONG)
    found = Wanted(
        ids=tuple(ids or ()),
        destination=destination_of(destination) if destination and "/" not in destination else destination,
        states=states,
        codes=tuple(int(each) for each in codes),
        event=event,
        click_id=click,
        most=limit,
    )
    since, until = times
    now = datetime.now().astimezone()
    try:
        return replace(
            found,
            since=beginning(since, now) if since else found.since,
            until=end(until, now) if until else found.until,
        )
    except ValueError as error:
        fail(str(error), WRONG)


def refuse_everything(meant: "Wanted") -> None:
    """Exits with 2 where nothing says which deliveries are meant."""
    if meant.is_anything:
        fail("say which: by ID, --destination, --state, --code, --event, --click, --from or --to", WRONG)


def refuse_unknown(destination: str, config: Path, data: Path) -> None:
    """Nothing was found: exits with 2 where that is so because there is no such destination, in file or catalogue."""
    from streams.emit.routes import successes_of

    known = sorted(successes_of(load_whole(config, data)[0])) if destination else [""]
    if destination not in known:
        fail(f"nothing is found, and there is no destination {destination}: there are {', '.join(known)}", WRONG)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
