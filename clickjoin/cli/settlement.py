"""`clickjoin report settlement` and `clickjoin settle`: what a partner gets for a month, and that it was paid."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clickjoin.cli.clickhouse import clickhouse
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
from clickjoin.cli.partner_settings import partner_settings
from clickjoin.cli.report_options import utc_now
from schemas.settings.file import Settings

if TYPE_CHECKING:
    from clickjoin.partners.book import Statement

Partner = Annotated[str, typer.Option("--partner", metavar="NAME", help="Of settlement: whose it is.")]
Month = Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="Of settlement: what is payable by its end.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Of settlement: write a page to print.")]
Reference = Annotated[str, typer.Option("--reference", metavar="TEXT", help="Of the payment: kept, and shown.")]


def settle(
    partner: Partner,
    month: Month,
    reference: Reference = "",
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
) -> None:
    """Record that a partner was paid for a month. It is never computed again: what changes later is in the next one."""
    from clickjoin.partners.book import CannotSettleError
    from clickjoin.partners.book import settle as settle_month

    settings = partner_settings(config, data)
    _check(settings, partner, month)
    with clickhouse(settings) as client:
        try:
            _, made = settle_month(client, settings, partner, month, reference, utc_now())
        except CannotSettleError as error:
            fail(str(error))
    if as_json:
        print_json(made._asdict())
    else:
        paid = ", ".join(f"{amount:,.2f} {currency}" for currency, amount in made.totals.items()) or "nothing"
        typer.echo(f"{month} is settled with {partner}: {paid}, {made.lines} lines")


def settlement(
    config: Path, data: Path, partner: str, month: str, *, as_json: bool, as_csv: bool, page: Path | None
) -> None:
    """Print a partner's month, or write it as a page. Exits with 2 for a call that names neither."""
    from clickjoin.cli.files import write_file
    from clickjoin.partners.book import CannotSettleError, statement_of
    from clickjoin.partners.statement import COLUMNS, document, html, rows_of
    from dashboard.csv_file import csv_text

    settings = partner_settings(config, data)
    _check(settings, partner, month)
    with clickhouse(settings) as client:
        try:
            statement = statement_of(client, settings, partner, month, utc_now())
        except CannotSettleError as error:
            fail(str(error))
    if page:
        write_file([html(statement).encode()], page)
    elif as_json:
        print_json(document(statement))
    elif as_csv:
        typer.echo(csv_text(COLUMNS, [[row[name] for name in COLUMNS] for row in rows_of(statement)]), nl=False)
    else:
        _print(statement)


def _check(settings: Settings, partner: str, month: str) -> None:
    from clickjoin.partners.ledger import MONTH

    if partner not in settings.partners:
        known = ", ".join(settings.partners) or "none"
        fail(f"no partner {partner!r}: there are {known}" if partner else "name the partner: --partner NAME", WRONG)
    if not MONTH.fullmatch(month):
        fail(f"--month {month}: write it like 2026-11" if month else "name the month: --month 2026-11", WRONG)


def _print(statement: "Statement") -> None:
    from clickjoin.partners.statement import COLUMNS, document, rows_of, to_come

    settled = statement.settled
    when = f"settled on {settled.settled_at:%Y-%m-%d} {settled.reference}".rstrip() if settled else "not settled yet"
    rows = [[f"{row[name]:,.2f}" if name == "amount" else row[name] for name in COLUMNS] for row in rows_of(statement)]
    print_table(f"{statement.label}, {statement.month}: {when}", COLUMNS, rows, numbers=2)
    for currency, amount in document(statement)["totals"].items():
        typer.echo(f"payable: {amount:,.2f} {currency}")
    for one in to_come(statement.due.waiting):
        typer.echo(f"to come: {one.amount:,.2f} {one.currency}, {one.conversions} conversions {one.why}")
