"""The options that every command takes, and what it does with them before anything else."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from schemas.settings.errors import CatalogueError, ConfigError, Problem
from schemas.settings.file import Settings

if TYPE_CHECKING:
    from clickjoin.catalogue.configuration import Configuration
    from schemas.catalogue import Catalogue
    from schemas.settings.servers import Kafka

DEFAULT_FILE = Path("clickjoin.toml")
EXAMPLE_FILE = "clickjoin.example.toml"
FAILED, WRONG = 1, 2
"""Exit codes: it failed; the call or the configuration is wrong."""

ConfigOption = Annotated[Path, typer.Option("--config", metavar="FILE", help="The configuration.")]
DataOption = Annotated[Path, typer.Option("--data", metavar="DIR", help="Where data and local state are kept.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

DEFAULT_DATA = Path("data")


def load(config: Path) -> Settings:
    """The settings for a command. Exits with 2, having told everything that is wrong, where they cannot be used."""
    from clickjoin.authorities import unusable_authorities
    from presets.load import load_settings

    try:
        settings = load_settings(config, os.environ)
    except ConfigError as error:
        refuse(config, error)
    if unusable := list(unusable_authorities(settings)):
        refuse(config, ConfigError(unusable))
    return settings


def load_whole(config: Path, data: Path) -> tuple[Settings, list[Problem]]:
    """The settings of the file and the catalogue for a command, and what `check` warns of. Exits with 2."""
    try:
        return read_whole(config, data)
    except ConfigError as error:
        refuse(config, error)


def read_whole(config: Path, data: Path) -> tuple[Settings, list[Problem]]:
    """The same. Raises ConfigError."""
    from clickjoin.catalogue.follow import at_hand
    from presets.load import read_tree, settings_of, whole

    tree = read_tree(config)
    alone, _ = settings_of(tree, os.environ)
    return whole(tree, at_hand(alone.kafka, data), os.environ)


def load_for(
    role: str, config: Path, *, data: Path | None = None, catalogue: Path | None = None, quiet: bool = False
) -> Settings:
    """The settings for a process that logs: its logs are set up too, with its secrets hidden.

    data: for a process that needs the secret which is kept there. catalogue: the same folder, for a command that needs
    what the catalogue holds. quiet: for commands that print a result and end:
    libraries log nothing then.
    """
    from clickjoin.data_folder import with_kept_secret
    from clickjoin.logging import configure_logging
    from schemas.settings.masks import secret_values

    settings = load(config) if catalogue is None else load_whole(config, catalogue)[0]
    try:
        settings = with_kept_secret(settings, data) if data else settings
    except (OSError, ValueError) as error:
        fail(f"the data folder {data} cannot be used: {error}")
    configure_logging(secret_values(settings), role=role, libraries=logging.CRITICAL if quiet else logging.WARNING)
    return settings


def load_again(role: str, config: Path, *, data: Path | None = None) -> Settings:
    """The settings of a process that runs, from the file as it is now. Raises ConfigError, OSError, ValueError."""
    from clickjoin.data_folder import with_kept_secret
    from clickjoin.logging import configure_logging
    from presets.load import load_settings
    from schemas.settings.masks import secret_values

    settings = load_settings(config, os.environ)
    settings = with_kept_secret(settings, data) if data else settings
    configure_logging(secret_values(settings), role=role)
    return settings


def begin(
    role: str, config: Path, data: Path, find: "Callable[[Kafka, Path], Catalogue]", *, keeps_secret: bool = False
) -> "tuple[Configuration, Settings]":
    """What a role that follows the catalogue goes by, and its first settings. Exits as `load_for` does.

    find: the catalogue, as the role may begin with it: clickjoin.catalogue.follow.
    """
    from clickjoin.catalogue.configuration import Configuration

    configuration = Configuration(role, config, data, keeps_secret=keeps_secret)
    try:
        return configuration, configuration.begin(lambda settings: find(settings.kafka, data))
    except ConfigError as error:
        refuse(config, error)
    except (OSError, ValueError) as error:
        fail(f"the data folder {data} cannot be used: {error}")


def exit_code(code: int) -> int:
    """The exit code of a role as the command line promises it: whatever is neither 0 nor 2 is a failure."""
    return code if code in (0, WRONG) else FAILED


def refuse(config: Path, error: ConfigError) -> NoReturn:
    """Tell on standard error what is wrong with a configuration, and exit with 2."""
    if isinstance(error, CatalogueError):
        typer.echo("The catalogue does not fit the file: mend one of them (clickjoin catalogue --help).", err=True)
    for line in refusal(config, error.problems):
        typer.echo(line, err=True)
    raise typer.Exit(WRONG)


def refusal(config: Path, problems: tuple[Problem, ...]) -> list[str]:
    """What to tell of a configuration that cannot be used."""
    if not config.exists():
        return [
            f"There is no {config}.",
            f"Write one (the repository's {EXAMPLE_FILE} is a whole one, with comments), or name it: --config FILE.",
        ]
    count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    return [f"{config}: {count}; nothing was started.", *(f"  {problem}" for problem in problems)]


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say on standard error why it did not work, and exit."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
