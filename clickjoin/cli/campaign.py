"""`clickjoin campaign`: campaigns from the command line, without a text editor and a restart."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clickjoin.cli import catalogue_entry
from clickjoin.cli.catalogue_entry import Asked
from clickjoin.cli.catalogue_options import AuthorOption, NoteOption, writer
from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, WRONG, ConfigOption, DataOption, JsonOption, fail
from clickjoin.cli.output import print_json, print_table
from schemas.catalogue import key_of

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
Cpa = Annotated[
    list[str] | None,
    typer.Option(
        "--cpa", metavar="EVENT=MONEY", help='What the source charges for it: "subscribe=3.00 USD"; several: again.'
    ),
]
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
    cpa: Cpa = None,
    trafficback: Trafficback = "",
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a campaign. What else it may have (rules, caps, learning) is told to `clickjoin apply`."""
    charged = _charges(cpa or ())
    typed: dict[str, Any] = {"cost": cost, "cpm": cpm, "cpa": charged, "trafficback": trafficback, "landers": lander}
    entry: dict[str, Any] = {"source": source, "offers": [_rule(text) for text in offer]}
    entry |= {word: value for word, value in typed.items() if value}
    catalogue_entry.add(_KIND, name, entry, Asked(config, data, author, note, as_json))


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
    catalogue_entry.set_paused(_KIND, name, True, Asked(config, data, author, note, as_json), partial(_absent, name))


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
    catalogue_entry.set_paused(_KIND, name, False, Asked(config, data, author, note, as_json), partial(_absent, name))


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
    catalogue_entry.remove(_KIND, name, Asked(config, data, author, note, as_json))


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
    costs = [str(campaign.cost)] if campaign.cost else [f"{campaign.cpm} per 1000"] if campaign.cpm else []
    costs += [f"{charge} per {event}" for event, charge in campaign.cpa.items()]
    state = "paused" if campaign.paused else "runs"
    return {
        "source": campaign.source,
        "offers": ", ".join(campaign.offer_names),
        "cost": ", ".join(costs),
        "state": state,
    }


def _absent(name: str, in_file: bool) -> None:
    if not in_file:  # of the file's own the catalogue says it
        fail(f"there is no campaigns/{name}: `clickjoin campaign list` shows what there is", WRONG)


def _rule(text: str) -> str | dict[str, Any]:
    name, is_weighed, weight = text.partition("=")
    if not is_weighed:
        return name
    try:
        return {"offer": name, "weight": float(weight)}
    except ValueError:
        fail(f"--offer {text}: write NAME, or NAME=WEIGHT like quiz=70", WRONG)


def _charges(texts: Sequence[str]) -> dict[str, str]:
    charged: dict[str, str] = {}
    for text in texts:
        event, money = _charge(text)
        if event in charged:
            fail(f"--cpa {text}: {event} has {charged[event]} already: name each event once", WRONG)
        charged[event] = money
    return charged


def _charge(text: str) -> tuple[str, str]:
    event, is_said, money = text.partition("=")
    if not (event and is_said):
        fail(f'--cpa {text}: write EVENT=MONEY, like "subscribe=3.00 USD"', WRONG)
    return event.strip(), money.strip()
