"""`clickjoin import`: clicks, conversions or costs from files."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.imports_shown import progress, tell
from clickjoin.cli.kafka import kafka
from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    WRONG,
    ConfigOption,
    DataOption,
    JsonOption,
    fail,
    load_for,
)
from schemas.settings.file import Settings

if TYPE_CHECKING:
    from clickjoin.imports.row import Columns
    from clickjoin.imports.run import Counts
    from clickjoin.imports.session import Session
    from clickjoin.imports.workshop import Maker

KINDS = ("clicks", "conversions", "costs")

Kind = Annotated[str, typer.Argument(metavar="KIND", help="clicks, conversions or costs.")]
Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help="CSV or NDJSON, gzipped or not; - is standard input.")
]
Map = Annotated[list[str] | None, typer.Option("--map", metavar="OURS=THEIRS", help="Their column for a word of ours.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="OURS=VALUE", help="What every row says.")]
Errors = Annotated[Path, typer.Option("--errors", metavar="DIR", help="Where NAME.errors.ndjson gets the bad rows.")]
Send = Annotated[bool, typer.Option("--send", help="Tell the sources, as of conversions that come in now.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look at the rows.")]


def import_(
    kind: Kind,
    files: Files,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    mapped: Map = None,
    said: Set = None,
    errors: Errors = Path(),
    send: Send = False,
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Import clicks, conversions or costs from files. Importing them twice adds nothing."""
    if kind not in KINDS:
        fail(f"no kind {kind!r}: there are {', '.join(KINDS)}", WRONG)
    settings = load_for("import", config, data=data, catalogue=data, quiet=True)
    from clickjoin.imports.files import WrongFile
    from clickjoin.imports.row import columns

    words, maker = _maker(kind, settings, send)
    try:
        read_as = columns(tuple(mapped or ()), tuple(said or ()), words)
    except ValueError as error:
        fail(str(error), WRONG)
    how = (kind, str(send), *map(repr, (sorted(read_as.renamed.items()), sorted(read_as.said.items()))))
    places = None if kind == "costs" or dry_run else data / "imports"
    began = time.monotonic()
    try:
        counts = _run(settings, kind, _session(kind, files, read_as, maker, errors, places, how), dry_run)
    except WrongFile as error:
        fail(str(error), WRONG)
    except KeyboardInterrupt:
        fail("stopped: the same call goes on where this one ended")
    tell(counts, time.monotonic() - began, errors, dry_run=dry_run, as_json=as_json)


def _session(
    kind: str,
    files: list[Path],
    read_as: "Columns",
    maker: "Maker",
    errors: Path,
    places: Path | None,
    how: tuple[str, ...],
) -> "Session":
    from clickjoin.imports.session import Session
    from clickjoin.imports.targets import as_sent
    from clickjoin.imports.workshop import Way, alone, shared

    # Costs remember the rows before: they are made in one process.
    is_alone = kind == "costs"
    way = Way(read_as, maker, _unchanged if is_alone else as_sent)
    return Session(files, way, alone if is_alone else shared, errors, places, how)


def _maker(kind: str, settings: Settings, send: bool) -> "tuple[tuple[str, ...], Maker]":
    """The words that its columns may be called by, and what makes records of its rows."""
    from clickjoin.imports.costs import COST_COLUMNS, Costs
    from clickjoin.imports.records import CLICK_COLUMNS, CONVERSION_COLUMNS, Clicks, Conversions
    from ingest.plans import prepare

    now_ms = time.time_ns() // 1_000_000
    if kind == "costs":
        return COST_COLUMNS, Costs(settings, version=now_ms)
    if not settings.ingest.secrets:
        fail('ingest.secrets: is required to know our click IDs: secrets = ["env:CLICKJOIN_SECRET"]', WRONG)
    plans = prepare(settings)
    if kind == "clicks":
        return CLICK_COLUMNS, Clicks(plans, origin="" if send else "import", now_ms=now_ms)
    return CONVERSION_COLUMNS, Conversions(plans, settings.sources, origin="" if send else "import")


def _run(settings: Settings, kind: str, session: "Session", dry_run: bool) -> "list[Counts]":
    """Import all of it. Exits where Kafka or ClickHouse is not there."""
    from clickjoin.imports.session import import_all
    from clickjoin.imports.targets import costs_into, nowhere, topic

    if dry_run:
        return asyncio.run(import_all(session, _always(nowhere), progress))
    if kind == "costs":
        with clickhouse(settings) as client:
            return asyncio.run(import_all(session, _always(costs_into(client)), progress))
    with kafka(settings) as partitions:
        return asyncio.run(import_all(session, topic(settings.kafka, partitions), progress))


@asynccontextmanager
async def _always(put: Any) -> AsyncIterator[Any]:
    """A target that needs no preparation."""
    yield put


def _unchanged(made: Any) -> Any:
    return made
