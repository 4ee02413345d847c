"""`clickjoin replay invalid`: what could not be used is read again, by the configuration as it is now."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
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
from schemas.settings.file import Settings

if TYPE_CHECKING:
    from clickjoin.replays import Replay, Row
    from schemas.records import Click, Postback

app = typer.Typer(no_args_is_help=True, help="Send what could not be used through again.")

Code = Annotated[str, typer.Option("--code", metavar="CODE", help="Why it could not be used: wrong_key, …")]
Network = Annotated[str, typer.Option("--network", metavar="NAME", help="Only what was sent for this network.")]
Since = Annotated[str, typer.Option("--since", metavar="TIME", help="Only what was received from then on.")]
Send = Annotated[bool, typer.Option("--send", help="Tell the sources, as of conversions that come in now.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look whether they can be used now.")]


@dataclass
class Figures:
    """What became of the rows."""

    replayed: int = 0
    records: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by the reason of today
    examples: dict[str, str] = field(default_factory=dict)


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
    from clickjoin.replays import Replay, Row
    from ingest.plans import prepare
    from sql.invalid import find

    if not settings.ingest.secrets:
        fail('ingest.secrets: is required to know our click IDs: secrets = ["env:CLICKJOIN_SECRET"]', WRONG)
    try:
        first, _ = report_options.time_between(since, "", report_options.utc_now())
    except ValueError as error:
        fail(str(error), WRONG)
    replay = Replay(prepare(settings), origin="" if send else "replay")
    with clickhouse(settings) as client:
        pages = ([Row(*row) for row in page] for page in find(client, code, network, max(first, 0)))
        if dry_run:
            figures = Figures()
            for page in pages:
                _read(page, replay, figures)
        else:
            figures = _sent(settings, pages, replay)
    _tell(figures, dry_run, as_json)


def _read(page: "list[Row]", replay: "Replay", figures: Figures) -> "list[tuple[Row, list[Click | Postback]]]":
    """The rows of which all can be used now, with their records."""
    from ingest.refusal import Refusal

    found = []
    for row in page:
        try:
            records = replay.make(row)
        except Refusal as refusal:
            figures.refused[refusal.code] += 1
            figures.examples.setdefault(refusal.code, refusal.detail)
        else:
            found.append((row, records))
            figures.replayed += 1
            figures.records += len(records)
    return found


def _sent(settings: Settings, pages: "Iterator[list[Row]]", replay: "Replay") -> Figures:
    """Append the records, then say of the rows that they were replayed: whoever is killed between does it again."""
    from clickjoin.imports.targets import as_sent, topic
    from clickjoin.replays import as_replayed
    from schemas.topics import INVALID
    from schemas.wire import encode

    figures = Figures()

    async def send(partitions: int) -> None:
        async with AsyncExitStack() as stack:
            to_events = await stack.enter_async_context(topic(settings.kafka, partitions))
            to_invalid = await stack.enter_async_context(topic(settings.kafka, partitions, INVALID))
            for page in pages:
                found = _read(page, replay, figures)
                await to_events([as_sent(record) for _, records in found for record in records])
                await to_invalid([(row.invalid_id.encode(), encode(as_replayed(row, made))) for row, made in found])

    with kafka(settings) as partitions:
        asyncio.run(send(partitions))
    return figures


def _tell(figures: Figures, dry_run: bool, as_json: bool) -> None:
    """The figures. Exits with 1 where a row still cannot be used."""
    refused = [(code, figures.examples[code], count) for code, count in figures.refused.most_common()]
    total = figures.refused.total()
    if as_json:
        found = {"replayed": figures.replayed, "records": figures.records, "refused": total, "dry_run": dry_run}
        print_json(
            found | {"reasons": [dict(zip(("code", "example", "requests"), each, strict=True)) for each in refused]}
        )
    else:
        done = "could be replayed" if dry_run else "replayed"
        typer.echo(f"{figures.replayed} requests {done}, with {figures.records} records")
        if refused:
            print_table(f"{total} still cannot be used", ("code", "for example", "requests"), refused, numbers=1)
    if total:
        raise typer.Exit(FAILED)
