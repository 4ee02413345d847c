"""`clickjoin partners`: who they are, the URLs that are theirs, and clicks that nobody is credited for."""

from typing import Annotated

import typer

from clickjoin.cli import partner_changes
from clickjoin.cli.clickhouse import clickhouse
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
from clickjoin.cli.output import print_json, print_table
from clickjoin.cli.partner_settings import partner_settings
from schemas.settings.partners import ShareRule

app = typer.Typer(help="Sub-affiliates: who they are, their URLs, and what is held.", no_args_is_help=True)
for change in (
    partner_changes.add,
    partner_changes.pause,
    partner_changes.resume,
    partner_changes.remove,
    partner_changes.password,
):
    app.command()(change)
app.command("import")(partner_changes.import_)


@app.command("list")
def list_(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA, as_json: JsonOption = False) -> None:
    """Show the partners, and what was settled with them last."""
    settings = load_for("partners", config, catalogue=data, quiet=True)
    from sql.ledger import settlements

    with clickhouse(settings) as client:
        last = {one.partner: one for one in settlements(client)}
    rows = [
        {
            "partner": name,
            "label": partner.label,
            "shares": {event: _shares(rule) for event, rule in partner.shares.items()},
            "hold_days": round(partner.hold / 86_400_000, 2),
            "paused": partner.paused,
            "last_settled": last[name].month if name in last else "",
        }
        for name, partner in settings.partners.items()
    ]
    if as_json:
        print_json(rows)
        return
    shown = [[_cell(value) for value in row.values()] for row in rows]
    print_table("partners", ("partner", "label", "shares", "hold days", "paused", "last settled"), shown)


def _shares(rule: ShareRule) -> str:
    """`50%, 60% after 100 (retroactive)`."""
    steps = [f"{step.share} after {step.after}" if step.after else step.share for step in rule.steps]
    return ", ".join(steps) + (" (retroactive)" if rule.retroactive else "")


def _cell(value: object) -> object:
    return "; ".join(f"{event} {share}" for event, share in value.items()) if isinstance(value, dict) else value


@app.command("url")
def url(
    partner: Annotated[str, typer.Argument(metavar="PARTNER")],
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN")],
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Print the URL of a campaign that is a partner's own, to give to them."""
    settings = partner_settings(config, data)
    from clickjoin.partners.book import url_of

    for name, known, what in (
        (partner, settings.partners, "partner"),
        (campaign, settings.campaigns, "campaign"),
    ):
        if name not in known:
            fail(f"no {what} {name!r}: there are {', '.join(known) or 'none'}", WRONG)
    typer.echo(url_of(settings, partner, campaign))


@app.command("held")
def held(config: ConfigOption = DEFAULT_FILE, data: DataOption = DEFAULT_DATA, as_json: JsonOption = False) -> None:
    """Show the clicks that named a partner in a way that credits nobody, and why."""
    settings = partner_settings(config, data)
    from clickjoin.partners.book import secrets_of
    from schemas.partner_claims import Claims
    from sql.ledger import claims

    with clickhouse(settings) as client:
        found = claims(client)
    of = Claims(settings.partners, secrets_of(settings))
    rows = [{**row, "why": why} for row in found if (why := of.owner(row["claim"], row["campaign"]).held)]
    if as_json:
        print_json(rows)
    elif not rows:
        typer.echo("nothing is held")
    else:
        columns = ("claim", "campaign", "why", "first", "last", "clicks", "conversions")
        print_table("held", columns, [[row[name] for name in columns] for row in rows], numbers=2)
        typer.echo('If they are a partner\'s all the same: [partners.NAME] accept = ["THE CLAIM"]')
