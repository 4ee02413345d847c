"""Draws the funnel in the terminal, and says what to try next."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clickjoin.demo.market import CAMPAIGN, OfferFigures
from clickjoin.demo.question import EVENTS
from clickjoin.demo.system import System

_BARS = ((158, 18), (118, 8), (0, 0))  # from so many columns of the terminal, so long a bar
_QUERY = "SELECT outcome, count() FROM postbacks FINAL GROUP BY outcome"

Funnel = Mapping[str, Mapping[str, int]]


def screen(
    funnel: Funnel,
    outcomes: Mapping[str, int],
    told: int,
    line: str,
    columns: int,
    offers: Sequence[OfferFigures] = (),
) -> RenderableType:
    """The funnel by source, what became of the postbacks, what the sources were told; the smart link where it runs."""
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
        *([_smart_link(offers)] if offers else []),
    )


def _smart_link(offers: Sequence[OfferFigures]) -> Table:
    """Who gets the visitors: all alike at first, then whoever earns most."""
    table = Table(title=f"smart link /click/{CAMPAIGN}, which learns once a minute", title_justify="left", expand=False)
    for column in ("offer", "clicks", "installs", "rate", "of the last minute's clicks"):
        table.add_column(column, justify="left" if column == "offer" else "right")
    table.add_column("")
    lately = sum(one.lately for one in offers) or 1
    for one in offers:
        share = one.lately / lately
        rate = f"{one.installs / (one.clicks or 1):.1%}"
        bar = f"[cyan]{'█' * round(share * 20):<20}[/]"
        table.add_row(one.offer, str(one.clicks), str(one.installs), rate, f"{share:.0%}", bar)
    return table


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
            f"  a choice:  {program} route {CAMPAIGN} {options}",
            f"  what to cut: {program} report optimise --group-by placement {options}",
        )
    )
