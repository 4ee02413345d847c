"""`clickjoin export`: a table as a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from clickjoin.cli import report_options as options
from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, WRONG, ConfigOption, DataOption, fail, load_for

Table = Annotated[
    str, typer.Argument(metavar="TABLE", help="clicks, conversions, postbacks, deliveries, invalid, costs.")
]
Format = Annotated[str, typer.Option("--format", metavar="csv|parquet", help="Default: as the file is called.")]
File = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: standard output.")]


def export(
    table: Table,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    since: options.From = "",
    until: options.To = "",
    zone: options.Zone = "UTC",
    form: Format = "",
    output: File = None,
) -> None:
    """Write the rows of a table as they stand now: all of them, or those of a time."""
    settings = load_for("export", config, quiet=True)
    from clickjoin.cli.files import print_pieces, write_file
    from sql.export import FORMATS, MOMENTS
    from sql.export import export as rows_of

    form = form or (output.suffix.removeprefix(".") if output else "csv")
    if table not in MOMENTS:
        fail(f"no table {table!r}: there are {', '.join(MOMENTS)}", WRONG)
    if form not in FORMATS:
        fail(f"no format {form!r}: there are {', '.join(FORMATS)}", WRONG)
    if form == "parquet" and not output and sys.stdout.isatty():
        fail("Parquet is nothing to look at: name a file with -o", WRONG)
    try:
        first, last = options.time_between(since, until, options.utc_now().astimezone(options.zone_named(zone)))
    except ValueError as error:
        fail(str(error), WRONG)
    with clickhouse(settings) as client:
        pieces = rows_of(client, table, form, first, last)
        if output:
            write_file(pieces, output)
        else:
            print_pieces(pieces)
