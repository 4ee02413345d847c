"""What the commands that change the catalogue share: in whose name, and how it is told why something was not done."""

import getpass
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clickjoin.cli.options import WRONG, fail, load_for
from clickjoin.cli.output import print_json
from schemas.catalogue import KINDS, Catalogue, Change, ChangedMeanwhileError
from schemas.settings.errors import ConfigError

if TYPE_CHECKING:
    from clickjoin.catalogue.change import Writer

AuthorOption = Annotated[
    str,
    typer.Option(
        "--author", metavar="NAME", help="In whose name; default: who is logged in.", envvar="CLICKJOIN_AUTHOR"
    ),
]
NoteOption = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, for the history.")]


@contextmanager
def writer(config: Path, data: Path) -> Iterator["Writer"]:
    """What changes the catalogue. What is refused is told, and exits with 2; what does not answer with 1."""
    settings = load_for("catalogue", config, quiet=True)
    from clickjoin.catalogue.change import Writer
    from clickjoin.catalogue.kept import keep
    from clickjoin.catalogue.topic import KafkaLog
    from presets.load import read_tree

    tree = read_tree(config)
    try:
        yield Writer(lambda: tree, KafkaLog(settings.kafka), lambda catalogue: keep(data, catalogue))
    except OSError as error:
        fail(str(error))
    except ConfigError as error:
        count = "1 mistake" if len(error.problems) == 1 else f"{len(error.problems)} mistakes"
        fail("\n".join([f"{count}; nothing was changed.", *(f"  {problem}" for problem in error.problems)]), WRONG)
    except ChangedMeanwhileError as error:
        fail(f"nothing was changed: {error}", WRONG)
    except LookupError as error:
        fail(str(error.args[0]), WRONG)
    except ValueError as error:
        fail(str(error), WRONG)


def name_of(author: str) -> str:
    """Who changes something: as was typed, else who is logged in."""
    try:
        return author or getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return f"uid {os.getuid()}"


def tell(found: tuple[Catalogue, Sequence[Change]], *, as_json: bool, dry_run: bool = False) -> None:
    """What was changed."""
    catalogue, changes = found
    if as_json:
        removed = [change.key for change in changes if change.entry is None]
        changed = [change.key for change in changes if change.entry is not None]
        print_json({"version": catalogue.version, "changed": changed, "removed": removed, "dry_run": dry_run})
        return
    for change in changes:
        verb = "remove" if change.entry is None else "set"
        typer.echo(f"{'would ' if dry_run else ''}{verb} {change.key}")
    if not changes:
        typer.echo("nothing to change")
    elif not dry_run:
        typer.echo(f"version {catalogue.version}; in effect everywhere within seconds")


def key(text: str) -> tuple[str, str]:
    """Kind and name of `campaigns/spring` (or `campaigns.spring`). Exits with 2 where it is neither."""
    kind, slash, name = text.replace(".", "/", 1).partition("/")
    if kind not in KINDS or not slash or not name:
        fail(f"{text}: write KIND/NAME, like campaigns/spring; kinds are {', '.join(KINDS)}", WRONG)
    return kind, name
