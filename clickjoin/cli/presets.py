"""`clickjoin presets`: known networks, sources and conversion APIs, how they spell things, and where that is from."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    WRONG,
    ConfigOption,
    DataOption,
    JsonOption,
    fail,
)
from clickjoin.cli.output import print_json, print_table

app = typer.Typer(
    invoke_without_command=True, help="List the presets of networks, sources and conversion APIs, or show one."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of a network, a source or a conversion API.")]


@app.callback()
def presets(
    context: typer.Context,
    config: ConfigOption = DEFAULT_FILE,  # taken by every command, as the next; nothing is read there
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
) -> None:
    """List the presets of networks, sources and conversion APIs, or show one: presets show NAME."""
    if context.invoked_subcommand:
        return
    found = [
        {"section": section, "name": name, "title": about.get("name", name), "sources": about.get("sources", [])}
        for section, name, about in _all()
    ]
    if as_json:
        print_json(found)
        return
    rows = [(each["section"], each["name"], each["title"], len(each["sources"])) for each in found]
    print_table(f"{len(rows)} presets", ("section", "preset", "name", "sourced from"), rows, numbers=1)


@app.command()
def show(
    name: Name,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
) -> None:
    """Show what a preset sets, where that is from, and a sample."""
    from presets.load import WITH_PRESETS, preset_names

    sections = [section for section in WITH_PRESETS if name in preset_names(section)]
    if not sections:
        known = sorted({each for section in WITH_PRESETS for each in preset_names(section)})
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`clickjoin presets` lists them"
        fail(f"there is no preset {name}: {hint}", WRONG)
    found = {section: _shown(section, name, whole=as_json) for section in sections}
    if as_json:
        print_json(found)
        return
    for section, preset in found.items():
        rows = [row for part, held in preset.items() for row in _rows(part, held)]
        print_table(f"{name}, a preset of {section}", ("what", "is"), rows)


def _shown(section: str, name: str, *, whole: bool) -> dict[str, Any]:
    """What is in a preset's file. whole: with what it sets by lying over another."""
    from presets.load import NOT_SETTINGS, read_preset, read_preset_file

    file = read_preset_file(section, name)
    own = {key: value for key, value in file.items() if key not in NOT_SETTINGS}
    return {
        "about": file.get("about", {}),
        "settings": read_preset(section, name) if whole else own,
        "samples": file.get("samples", []),
    }


def _all() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Section, name, and where it is from."""
    from presets.load import WITH_PRESETS, preset_names, read_preset_file

    for section in WITH_PRESETS:
        for name in preset_names(section):
            yield section, name, read_preset_file(section, name).get("about", {})


def _rows(place: str, held: Any) -> Iterator[tuple[str, str]]:
    """Each value with its path."""
    if isinstance(held, dict):
        for key, value in held.items():
            yield from _rows(f"{place}.{key}" if place != "settings" else key, value)
    elif isinstance(held, list) and any(isinstance(each, dict) for each in held):
        for index, value in enumerate(held):
            yield from _rows(f"{place}[{index}]", value)
    elif isinstance(held, list):
        yield place, ", ".join(map(str, held))
    elif held != "":
        yield place, str(held).strip()
