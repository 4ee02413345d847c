"""What `clickjoin import` shows: a bar on standard error while it runs, the counts on standard output at its end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from clickjoin.cli.options import FAILED
from clickjoin.cli.output import print_json, print_table

if TYPE_CHECKING:
    from clickjoin.imports.run import Counts


@contextmanager
def progress(name: str, size: int) -> Iterator[Callable[[int, int], None]]:
    """A bar with the rows so far and their rate; on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=size or None, rows=0, rate=0.0)
        rows = 0

        def told(count: int, position: int) -> None:
            nonlocal rows
            rows += count
            elapsed = bar.tasks[task].elapsed or 0.0
            bar.update(task, completed=position, rows=rows, rate=rows / elapsed if elapsed else 0.0)

        yield told


def tell(counts: "Sequence[Counts]", seconds: float, errors: Path, *, dry_run: bool, as_json: bool) -> None:
    """The counts of each file. Exits with 1 where a row could not be used."""
    rows, bad = sum(one.rows - one.skipped for one in counts), sum(one.bad for one in counts)
    rate = round(rows / seconds) if seconds else 0
    if as_json:
        figures = {"seconds": round(seconds, 2), "rows_per_second": rate, "dry_run": dry_run}
        print_json({"files": [one._asdict() for one in counts]} | figures)
    else:
        title = "would be imported" if dry_run else "imported"
        columns = ("file", "rows", "done before", "good", "bad")
        print_table(title, columns, [(one.file, *_numbers(one)) for one in counts], numbers=len(columns) - 1)
        typer.echo(f"{rows} rows in {seconds:.1f} s, {rate} a second")
    if bad:
        typer.echo(f"{bad} rows could not be used: {errors / 'NAME.errors.ndjson'} says which, and why", err=True)
        raise typer.Exit(FAILED)


def _numbers(one: "Counts") -> tuple[int, int, int, int]:
    return one.rows, one.skipped, one.rows - one.bad, one.bad
