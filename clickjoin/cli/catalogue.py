"""`clickjoin apply` and `clickjoin catalogue`: what is configured besides the file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clickjoin.cli.catalogue_options import AuthorOption, NoteOption, key, name_of, tell, writer
from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, WRONG, ConfigOption, DataOption, JsonOption, fail
from clickjoin.cli.output import print_json, print_table
from schemas.catalogue import KINDS, Change, changes_of
from schemas.settings.errors import ConfigError, Problem, value_text

if TYPE_CHECKING:
    from schemas.catalogue import Past

app = typer.Typer(
    no_args_is_help=True,
    help="Networks, sources, offers, landers and campaigns that are changed without a restart.",
)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="TOML, of the same form as the configuration.")]
KeysArgument = Annotated[list[str], typer.Argument(metavar="KIND/NAME...", help="Like campaigns/spring.")]
VersionArgument = Annotated[int, typer.Argument(metavar="VERSION", help="As `history` lists it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be changed, or what is wrong.")]
Expect = Annotated[
    int, typer.Option("--expect", metavar="VERSION", help="Only if nobody changed it since it had this version.")
]
_ANY = -2


def apply(
    file: FileArgument,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Make or change networks, sources, offers, landers and campaigns: all that FILE holds, at once or not at all."""
    from presets.load import read_tree

    with writer(config, data) as catalogue:
        tree = read_tree(file)
        others = [
            Problem(name, "", f"cannot be applied: there are {', '.join(KINDS)}") for name in tree.keys() - {*KINDS}
        ]
        wrong = [
            Problem(name, value_text(tree[name]), "write a table here")
            for name in KINDS
            if not isinstance(tree.get(name, {}), dict)
        ]
        if others or wrong:
            raise ConfigError(sorted(others) + wrong)
        tell(
            catalogue.change(name_of(author), changes_of(tree), {}, note, dry_run=dry_run),
            as_json=as_json,
            dry_run=dry_run,
        )


@app.command("list")
def list_(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA, as_json: JsonOption = False) -> None:
    """All that the catalogue holds, with who changed it last, and when."""
    with writer(config, data) as catalogue:
        found = catalogue.read()
    rows = [
        {"entry": at, "version": held.version, "by": held.author, "at": _moment(held.at)}
        for at, held in sorted(found.entries.items())
    ]
    if as_json:
        print_json({"version": found.version, "entries": rows})
    else:
        print_table(f"catalogue, version {found.version}", ("entry", "version", "by", "at"), map(dict.values, rows))  # type: ignore[arg-type]


@app.command()
def show(
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KIND/NAME...]", help="Default: all of it.")] = None,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
) -> None:
    """Entries as TOML: change it, and `clickjoin apply` it. All of it is a backup."""
    import tomli_w

    wanted = [key(text) for text in keys or ()]
    with writer(config, data) as catalogue:
        tree = catalogue.read().tree
    found: dict[str, Any] = {}
    for kind, name in wanted or [(kind, name) for kind, entries in tree.items() for name in entries]:
        if name not in tree.get(kind, {}):
            fail(f"{kind}/{name} is not in the catalogue", WRONG)
        found.setdefault(kind, {})[name] = tree[kind][name]
    if as_json:
        print_json(found)
    else:
        typer.echo(tomli_w.dumps(found), nl=False)


@app.command()
def remove(
    keys: KeysArgument,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    expect: Expect = _ANY,
    as_json: JsonOption = False,
) -> None:
    """Take entries out, all at once."""
    changes = [Change(*key(text)) for text in keys]
    expected = {} if expect == _ANY else {change.key: expect for change in changes}
    with writer(config, data) as catalogue:
        tell(catalogue.change(name_of(author), changes, expected, note), as_json=as_json)


@app.command()
def history(
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KIND/NAME...]", help="Only of these.")] = None,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
) -> None:
    """Who changed what, and when: the last first."""
    wanted = {"/".join(key(text)) for text in keys or ()}
    with writer(config, data) as catalogue:
        past = [one for one in catalogue.past() if not wanted or wanted & one.before.keys()]
    rows = [_told(one) for one in past]
    if as_json:
        print_json(rows)
    else:
        cells = [(row["version"], row["at"], row["by"], row["note"], "\n".join(row["what"])) for row in rows]
        print_table("catalogue", ("version", "at", "by", "note", "what"), cells)


@app.command()
def revert(
    version: VersionArgument,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    author: AuthorOption = "",
    note: NoteOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make of what VERSION changed what it was before; refused where some of it was changed again since."""
    with writer(config, data) as catalogue:
        tell(catalogue.take_back(name_of(author), version, note), as_json=as_json)


def _told(past: "Past") -> dict[str, Any]:
    from schemas.catalogue import differences

    revision = past.revision
    what = [line for change in revision.changes for line in differences(change, past.before[change.key])]
    told = {"version": past.version, "at": _moment(revision.at), "by": revision.author, "note": revision.note}
    return {**told, "what": what}


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
