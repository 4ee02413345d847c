"""`clickjoin deliveries list | show | resend | cancel | retemplate | test`: source postbacks, and wishes about them."""

from typing import Annotated

import typer

from clickjoin.cli import deliveries_made_up, deliveries_shown, deliveries_wishes
from clickjoin.cli.deliveries_options import (
    Click,
    Code,
    Destination,
    DryRun,
    Event,
    From,
    Ids,
    Limit,
    State,
    To,
    refuse_everything,
    refuse_unknown,
    wanted,
)
from clickjoin.cli.options import (
    DEFAULT_DATA,
    DEFAULT_FILE,
    WRONG,
    ConfigOption,
    DataOption,
    JsonOption,
    fail,
    load_for,
)

app = typer.Typer(
    no_args_is_help=True, help="Show the source postbacks, send them again, cancel them, or look at the next one."
)

Id = Annotated[str, typer.Argument(metavar="ID", help="Of a delivery.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept with what is cancelled.")]
Told = Annotated[
    str, typer.Argument(metavar="DESTINATION", help="Who is told: a source, webhook/NAME or conversion_api/NAME.")
]
OfEvent = Annotated[str, typer.Argument(metavar="EVENT", help="Of what.")]
Send = Annotated[bool, typer.Option("--send", help="Send it, once: needs the --source-click-id of a click of yours.")]
TheirId = Annotated[str, typer.Option("--source-click-id", metavar="ID", help="The source's own ID of a test click.")]
Payout = Annotated[str, typer.Option("--payout", metavar="AMOUNT", help='Like "1.20 USD".')]
Status = Annotated[str, typer.Option("--status", metavar="STATUS", help="pending, approved or rejected.")]
Txid = Annotated[str, typer.Option("--txid", metavar="ID", help="The network's transaction ID.")]
Params = Annotated[
    list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="What else the click brings; may be repeated.")
]
HideKeys = Annotated[bool, typer.Option("--hide-keys", help="Show *** instead of keys, headers and the body.")]


@app.command("list")
def list_(
    ids: Ids = None,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    destination: Destination = "",
    state: State = "",
    code: Code = "",
    event: Event = "",
    click: Click = "",
    since: From = "",
    until: To = "",
    limit: Limit = 100,
    as_json: JsonOption = False,
) -> None:
    """Show the last step of each source postback, the newest first."""
    meant = wanted(ids, destination, state, code, event, click, (since, until), limit)
    if not deliveries_shown.show_found(load_for("deliveries", config, quiet=True), meant, as_json):
        refuse_unknown(meant.destination, config, data)


@app.command()
def show(
    delivery_id: Id, config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA, as_json: JsonOption = False
) -> None:
    """Show every step of one source postback."""
    deliveries_shown.show_steps(load_for("deliveries", config, quiet=True), delivery_id, as_json)


@app.command()
def resend(
    ids: Ids = None,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    destination: Destination = "",
    state: State = "",
    code: Code = "",
    event: Event = "",
    click: Click = "",
    since: From = "",
    until: To = "",
    limit: Limit = 1000,
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Send again what failed, expired or was cancelled; by ID or --state also what was delivered.

    Each is a new delivery with an ID of its own, and the same request.
    """
    meant = wanted(ids, destination, state, code, event, click, (since, until), limit)
    refuse_everything(meant)
    settings = load_for("deliveries", config, quiet=True)
    if not deliveries_wishes.resend(settings, meant, dry_run=dry_run, as_json=as_json):
        refuse_unknown(meant.destination, config, data)


@app.command()
def cancel(
    ids: Ids = None,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    destination: Destination = "",
    state: State = "",
    code: Code = "",
    event: Event = "",
    click: Click = "",
    since: From = "",
    until: To = "",
    limit: Limit = 1000,
    reason: Reason = "",
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Cancel what still waits. What is under way at this moment goes out all the same."""
    meant = wanted(ids, destination, state, code, event, click, (since, until), limit)
    refuse_everything(meant)
    settings = load_for("deliveries", config, quiet=True)
    if not deliveries_wishes.cancel(settings, meant, reason, dry_run=dry_run, as_json=as_json):
        refuse_unknown(meant.destination, config, data)


@app.command()
def retemplate(
    ids: Ids = None,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    destination: Destination = "",
    state: State = "",
    code: Code = "",
    event: Event = "",
    click: Click = "",
    since: From = "",
    until: To = "",
    limit: Limit = 1000,
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Give what still waits the request of the present template; when it is due stays as it is.

    The templates are those of the running emit: reload it first.
    """
    meant = wanted(ids, destination, state, code, event, click, (since, until), limit)
    refuse_everything(meant)
    settings = load_for("deliveries", config, quiet=True)
    if not deliveries_wishes.retemplate(settings, meant, dry_run=dry_run, as_json=as_json):
        refuse_unknown(meant.destination, config, data)


@app.command("test")
def try_out(
    destination: Told,
    event: OfEvent,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    source_click_id: TheirId = "",
    payout: Payout = "",
    status: Status = "approved",
    txid: Txid = "",
    param: Params = None,
    send: Send = False,
    hide_keys: HideKeys = False,
    as_json: JsonOption = False,
) -> None:
    """Print the exact request that would tell a destination of a made-up conversion. It holds keys."""
    if send and not source_click_id and not destination.startswith("webhook/"):
        fail("--send wants --source-click-id: make a click of your own, and take the ID that the source gave it", WRONG)
    settings = load_for("deliveries", config, catalogue=data, quiet=True)
    from clickjoin.own_tests.made_up import made_up

    try:
        meant = made_up(destination, event, source_click_id, payout, status, txid, param or ())
    except ValueError as error:
        fail(str(error), WRONG)
    deliveries_made_up.tell(settings, meant, send=send, hide_keys=hide_keys, as_json=as_json)
