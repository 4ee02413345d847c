"""`clickjoin partners add | pause | resume | remove | password | import`: changes of the catalogue, without a start."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from clickjoin.cli import catalogue_entry
from clickjoin.cli.catalogue_entry import Asked
from clickjoin.cli.catalogue_options import AuthorOption, NoteOption, name_of, tell, writer
from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, WRONG, ConfigOption, DataOption, JsonOption, fail
from schemas.catalogue import NONE, Change, key_of

Name = Annotated[str, typer.Argument(metavar="NAME")]
Shares = Annotated[
    list[str], typer.Option("--share", metavar="[EVENT=]SHARE", help='install=70%, "trial=1.50 USD"; several: again.')
]
Hold = Annotated[str, typer.Option("--hold", metavar="SPAN", help="So long a conversion is not payable: 14d.")]
Label = Annotated[str, typer.Option("--label", metavar="TEXT", help="The name on statements.")]
Campaigns = Annotated[
    list[str] | None, typer.Option("--campaign", metavar="NAME", help="Of their own: every click is theirs.")
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV or NDJSON: name, share, share_EVENT, hold, label …")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be changed, or what is wrong.")]

_KIND = "partners"
_MOST_MISTAKES = 20


def add(
    name: Name,
    share: Shares,
    hold: Hold = "",
    label: Label = "",
    campaign: Campaigns = None,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add a partner. What else they may have (steps) is told to `clickjoin apply`."""
    from clickjoin.partners.rows import shares_of

    try:
        entry: dict[str, Any] = {"shares": shares_of(share)}
    except ValueError as error:
        fail(str(error), WRONG)
    typed = {"hold": hold, "label": label, "campaigns": campaign}
    entry |= {word: value for word, value in typed.items() if value}
    catalogue_entry.add(_KIND, name, entry, Asked(config, data, author, note, as_json))


def pause(
    name: Name,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Settle nothing with a partner, and tell them nothing. Their clicks are recorded as before."""
    catalogue_entry.set_paused(_KIND, name, True, Asked(config, data, author, note, as_json), partial(_absent, name))


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


def password(
    name: Name,
    none: Annotated[bool, typer.Option("--none", help="Take the password away: they do not log in any more.")] = False,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give a partner a login to their page on the dashboard. The password is asked for; its hash alone is kept."""
    from dashboard.passwords import SHORTEST, hashed

    typed = "" if none else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if not none and len(typed) < SHORTEST:
        fail(f"take a password of {SHORTEST} characters or more", WRONG)
    value = hashed(typed) if typed else None
    asked = Asked(config, data, author, note, as_json)
    catalogue_entry.set_key(_KIND, name, "password", value, asked, partial(_absent, name))


def remove(
    name: Name,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a partner out: what was settled stays, what they claim is held."""
    catalogue_entry.remove(_KIND, name, Asked(config, data, author, note, as_json))


def import_(
    file: File,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Add or change the partners of a file, all at once or none. What a row does not say stays as it was."""
    entries = _read(file)
    with writer(config, data) as catalogue:
        held = catalogue.read().named(_KIND)
        before = {name: held[name].entry if name in held else {} for name in entries}
        changes = [Change(_KIND, name, _merged(before[name], entry)) for name, entry in entries.items()]
        expected = {key_of(_KIND, name): held[name].version if name in held else NONE for name in entries}
        tell(
            catalogue.change(name_of(author), changes, expected, note, dry_run=dry_run),
            as_json=as_json,
            dry_run=dry_run,
        )


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """The partners in a file. Exits with 2, having told every mistake with its line."""
    from clickjoin.imports.files import WrongFile, opened
    from clickjoin.partners.rows import entry_of

    found: dict[str, dict[str, Any]] = {}
    mistakes: list[str] = []
    try:
        with opened(file) as there:
            for row in there.rows:
                try:
                    if row.problem:
                        raise ValueError(str(row.problem))
                    name, entry = entry_of(row.params)
                    if name in found:
                        raise ValueError(f"{name} stands above already")
                    found[name] = entry
                except ValueError as error:
                    mistakes.append(f"{file}: line {row.line}: {error}")
                    if len(mistakes) == _MOST_MISTAKES:
                        break
    except WrongFile as error:
        fail(str(error), WRONG)
    if mistakes:
        fail("\n".join(mistakes), WRONG)
    return found


def _merged(before: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    shares = {**before.get("shares", {}), **entry.get("shares", {})}
    return {**before, **entry, **({"shares": shares} if shares else {})}


def _absent(name: str, in_file: bool) -> None:
    hint = "it stands in the file: change it there" if in_file else ""
    fail(f"there is no {_KIND}/{name} in the catalogue{': ' + hint if hint else ''}", WRONG)
