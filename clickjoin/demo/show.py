"""Draws the funnel in the terminal, and says what to try next."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickjoin.demo.question import EVENTS
from clickjoin.demo.system import System

_BARS = ((158, 18), (118, 8), (0, 0))  # from so many columns of the terminal, so long a bar
_QUERY = "SELECT outcome, count() FROM postbacks FINAL GROUP BY outcome"

Funnel = Mapping[str, Mapping[str, int]]


def screen(funnel: Funnel, outcomes: Mapping[str, int], told: int, line: str, columns: int) -> RenderableType:
    """The funnel by source, what became of the postbacks, what the sources were told."""
    bar = next(length for least, length in _BARS if columns >= least)
    table = Table(title="clicks that became …", title_justify="left", expand=False)
    table.add_column("source")
    for event in EVENTS:
        table.add_column(event, justify="right")
        table.add_column("")
    for source, row in funnel.items():
        table.add_row(source, *_cells(row, bar))
    table.add_section()
    table.add_row("all", *_cells({event: sum(row[event] for row in funnel.values()) for event in EVENTS}, bar))
    became = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items(), key=lambda one: -one[1]))
    return Group(
        Text(line, style="bold"),
        table,
        Text(f"postbacks received: {became or 'none yet'}"),
        Text(f"postbacks sent to the sources: {told}"),
    )


def _cells(row: Mapping[str, int], bar: int) -> list[str]:
    clicks = row["click"] or 1
    cells: list[str] = []
    for event in EVENTS:
        share = row[event] / clicks
        cells += [str(row[event]), f"[cyan]{'█' * round(share * bar):<{bar}}[/]{share:>6.1%}"]
    return cells


def verdict(figures: Mapping[str, Any]) -> str:
    """One sentence about what was sent and what has come of it."""
    sent, conversions = figures["sent"], sum(figures["conversions"].values())
    told, differences = figures["source_postbacks"]["total"], figures["differences"]
    return (
        f"{sent['clicks']} clicks and {sent['postbacks']} postbacks were sent; "
        f"ClickHouse has {conversions} conversions, the sources were told {told} times: "
        f"{differences or 'no'} difference{'' if differences == 1 else 's'} from what it has to be."
    )


def next_steps(system: System, click_id: str) -> str:
    """What a newcomer can try while it runs."""
    program = Path(sys.argv[0])
    program = program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program
    options = f"--config {system.config} --data {system.data}"
    return "\n".join(
        (
            f"It goes on until Ctrl-C. Look at it: http://127.0.0.1:{system.ports['dashboard']}",
            "Try, from another terminal:",
            f"  a click:   curl -i '{system.ingest}/click/spring-pops?zoneclick=my-first-click&creative=banner-1'",
            f"  a query:   curl 'http://127.0.0.1:{system.ports['clickhouse']}/?database=clickjoin' -d '{_QUERY}'",
            f"  a life:    {program} trace {click_id} {options}",
            f"  a funnel:  {program} funnel {options}",
        )
    )
