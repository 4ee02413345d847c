"""`clickjoin campaign`: campaigns from the command line, without a text editor and a restart."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clickjoin.cli.catalogue_options import AuthorOption, NoteOption, name_of, tell, writer
from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, WRONG, ConfigOption, DataOption, JsonOption, fail
from clickjoin.cli.output import print_json, print_table
from schemas.catalogue import NONE, Change, key_of

if TYPE_CHECKING:
    from schemas.settings.traffic import Campaign

app = typer.Typer(no_args_is_help=True, help="Make, pause, resume, remove and list campaigns.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="As in /click/NAME.")]
Source = Annotated[str, typer.Option("--source", metavar="NAME", help="Whose traffic it is.")]
Offers = Annotated[
    list[str], typer.Option("--offer", metavar="NAME[=WEIGHT]", help="Where visitors go; several: again.")
]
Landers = Annotated[list[str] | None, typer.Option("--lander", metavar="NAME", help="Shown before; several: again.")]
Cost = Annotated[str, typer.Option("--cost", metavar="MONEY", help='Per click, like "0.05 USD".')]
Cpm = Annotated[str, typer.Option("--cpm", metavar="MONEY", help="Per thousand clicks.")]
Trafficback = Annotated[str, typer.Option("--trafficback", metavar="OFFER", help="Where those go whom no offer fits.")]

_KIND = "campaigns"


@app.command()
def add(
    name: Name,
    source: Source,
    offer: Offers,
    lander: Landers = None,
    cost: Cost = "",
    cpm: Cpm = "",
    trafficback: Trafficback = "",
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a campaign. What else it may have (rules, caps, learning) is told to `clickjoin apply`."""
    typed = {"cost": cost, "cpm": cpm, "trafficback": trafficback, "landers": lander}
    entry = {"source": source, "offers": [_rule(text) for text in offer]}
    entry |= {word: value for word, value in typed.items() if value}
    with writer(config, data) as catalogue:
        found = catalogue.change(name_of(author), [Change(_KIND, name, entry)], {key_of(_KIND, name): NONE}, note)
        tell(found, as_json=as_json)


@app.command()
def pause(
    name: Name,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send its visitors to its trafficback; where it has none, to its offers as before. Either is marked as paused."""
    _set_paused(name, True, config, data, author, note, as_json)


@app.command()
def resume(
    name: Name,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """End a pause."""
    _set_paused(name, False, config, data, author, note, as_json)


@app.command()
def remove(
    name: Name,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a campaign out: its click URL answers 404 from then on. What was clicked is told on as before."""
    with writer(config, data) as catalogue:
        tell(catalogue.change(name_of(author), [Change(_KIND, name)], {}, note), as_json=as_json)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA, as_json: JsonOption = False) -> None:
    """All campaigns: those of the file, which are changed there, and those of the catalogue."""
    import os

    from presets.load import read_tree, whole

    with writer(config, data) as catalogue:
        found, tree = catalogue.read(), read_tree(config)
        settings, _ = whole(tree, found, os.environ)
    rows = []
    for name, campaign in sorted(settings.campaigns.items()):
        where = "file" if name in tree.get(_KIND, {}) else f"version {found.version_of(key_of(_KIND, name))}"
        rows.append({"campaign": name, **_described(campaign), "from": where})
    if as_json:
        print_json(rows)
    else:
        print_table(
            "campaigns", ("campaign", "source", "offers", "cost", "state", "from"), [list(row.values()) for row in rows]
        )


def _described(campaign: "Campaign") -> dict[str, Any]:
    cost = str(campaign.cost) if campaign.cost else f"{campaign.cpm} per 1000" if campaign.cpm else ""
    state = "paused" if campaign.paused else "runs"
    return {"source": campaign.source, "offers": ", ".join(campaign.offer_names), "cost": cost, "state": state}


def _set_paused(name: str, paused: bool, config: Path, data: Path, author: str, note: str, as_json: bool) -> None:
    with writer(config, data) as catalogue:
        held = catalogue.read().named(_KIND).get(name)
        if held is None and name not in catalogue.file().get(_KIND, {}):
            fail(f"there is no campaigns/{name}: `clickjoin campaign list` shows what there is", WRONG)
        rest = {word: value for word, value in held.entry.items() if word != "paused"} if held else {}
        entry = {**rest, "paused": True} if paused else rest
        expected = {key_of(_KIND, name): held.version} if held else {}
        tell(catalogue.change(name_of(author), [Change(_KIND, name, entry)], expected, note), as_json=as_json)


def _rule(text: str) -> str | dict[str, Any]:
    name, is_weighed, weight = text.partition("=")
    if not is_weighed:
        return name
    try:
        return {"offer": name, "weight": float(weight)}
    except ValueError:
        fail(f"--offer {text}: write NAME, or NAME=WEIGHT like quiz=70", WRONG)
