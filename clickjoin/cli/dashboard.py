"""`clickjoin dashboard`: the pages, as a process of its own; and who may log in there."""

from typing import Annotated

import typer

from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    WRONG,
    ConfigOption,
    DataOption,
    begin,
    exit_code,
    fail,
    load_for,
)
from schemas.settings.values import is_address

app = typer.Typer(help="The pages: what comes in, what became of it, and what needs attention.")
users = typer.Typer(help="Who may log in.", no_args_is_help=True)
app.add_typer(users, name="user")

ListenOption = Annotated[
    str, typer.Option("--listen", metavar="HOST:PORT", help="On this machine, instead of [dashboard] listen.")
]


@app.callback(invoke_without_command=True)
def dashboard(
    context: typer.Context,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    listen: ListenOption = "",
) -> None:
    """Serve the pages. Without users only this machine reaches them."""
    if context.invoked_subcommand:
        return
    from clickjoin.catalogue.change import Writer
    from clickjoin.catalogue.follow import known
    from clickjoin.catalogue.topic import KafkaLog

    configuration, settings = begin("dashboard", config, data, known, keeps_secret=True)
    from clickjoin.pages import Pages
    from dashboard.access import is_loopback
    from dashboard.run import run

    listen = listen or settings.dashboard.listen
    if not is_address(listen):
        fail(f"--listen {listen}: write HOST:PORT, like 127.0.0.1:8081", WRONG)
    if not settings.dashboard.users and not is_loopback(listen.rpartition(":")[0]):
        fail(f"--listen {listen} is reached by others: add a user first (clickjoin dashboard user add NAME)", WRONG)
    catalogue = Writer(lambda: configuration.tree, KafkaLog(settings.kafka), configuration.heard)
    pages = Pages(settings, configuration.warnings, catalogue=catalogue, known=lambda: configuration.catalogue)
    typer.echo(f"The dashboard: http://{listen}", err=True)
    raise typer.Exit(
        exit_code(run(pages.services(), listen, configuration.read_again, pages.use, configuration.follow))
    )


@users.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    role: Annotated[str, typer.Option("--role", metavar="read|act", help="Act: may send postbacks again.")] = "read",
    config: ConfigOption = DEFAULT_FILE,
) -> None:
    """Write a user into the configuration. The password is asked for, and only its hash is written."""
    from pydantic import ValidationError

    from dashboard.passwords import SHORTEST, hashed
    from schemas.settings.dashboard import Dashboard

    settings = load_for("dashboard", config, quiet=True)
    if name in settings.dashboard.users:
        fail(f"{config} has [dashboard.users.{name}] already: change it there", WRONG)
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if len(password) < SHORTEST:
        fail(f"take a password of {SHORTEST} characters or more", WRONG)
    section = {"password": hashed(password), "role": role}
    try:
        Dashboard.model_validate({"users": {name: section}})
    except ValidationError as error:
        fail("; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors()), WRONG)
    with config.open("a", encoding="utf-8") as file:
        file.write(f'\n[dashboard.users.{name}]\npassword = "{section["password"]}"\nrole = "{role}"\n')
    typer.echo(f"{name} may log in to {role}, once the dashboard has read {config} again (SIGHUP, or a start)")
