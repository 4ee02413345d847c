"""`clickjoin funnel | trace`: what ClickHouse knows, as tables."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from schemas.settings.file import Settings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from sql.reports import FunnelRow, Trace

_CONNECT_SECONDS = 5
_DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]

By = Annotated[str, typer.Option("--by", metavar="WHAT", help="A row for each campaign, source, creative, country …")]
Since = Annotated[datetime | None, typer.Option("--since", formats=_DAYS, help="Clicks from this moment on.")]
Until = Annotated[datetime | None, typer.Option("--until", formats=_DAYS, help="Clicks before this moment.")]
ClickId = Annotated[str, typer.Argument(metavar="CLICK_ID", help="Ours, or SOURCE:ID.")]


def funnel(
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    by: By = "",
    since: Since = None,
    until: Until = None,
    as_json: JsonOption = False,
) -> None:
    """Show the funnel: the clicks, and of each event how many of them reached it."""
    settings = load_for("funnel", config, quiet=True)
    from sql import reports

    if by and by not in reports.DIMENSIONS:
        fail(f"--by {by}: there are {', '.join(reports.DIMENSIONS)}", WRONG)
    with _clickhouse(settings) as client:
        rows = reports.funnel(client, events=settings.funnel, by=by or None, since=since, until=until)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        _print_funnel(rows, by, settings.funnel)


def trace(
    click_id: ClickId,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
) -> None:
    """Show the life of one click: its postbacks, what became of them, its conversions, who was told."""
    settings = load_for("trace", config, quiet=True)
    from sql import reports

    with _clickhouse(settings) as client:
        found = reports.trace(client, click_id)
    if not found.found:
        fail(f"nothing is known of the click {click_id}")
    if as_json:
        print_json(asdict(found))
    else:
        _print_trace(found)


@contextmanager
def _clickhouse(settings: Settings) -> "Iterator[Client]":
    """A client. Exits with 1, naming the address, where ClickHouse does not answer or refuses."""
    from clickhouse_connect.driver.exceptions import Error as ClickHouseError

    from clickjoin.status import nobody_listens
    from sql.connect import address, connect

    dsn = settings.clickhouse.dsn
    why = nobody_listens(address(dsn))
    if why:
        fail(f"ClickHouse: {why}")
    try:
        client = connect(dsn, connect_timeout=_CONNECT_SECONDS)
        try:
            yield client
        finally:
            client.close()
    except (ClickHouseError, OSError) as error:
        fail(f"ClickHouse at {address(dsn)}: {str(error).splitlines()[0]}")


def _print_funnel(rows: "Sequence[FunnelRow]", by: str, events: Sequence[str]) -> None:
    columns = [by or "all", "clicks", "cost"]
    for event in events:
        columns += [event, "of clicks", "payout"]
    cells = []
    for row in rows:
        line: list[Any] = [row.group or ("" if by else "clicks"), row.clicks, _money(row.cost)]
        for step in row.steps:
            line += [step.clicks, "" if step.rate is None else f"{step.rate:.1%}", _money(step.payout)]
        cells.append(line)
    print_table("funnel", columns, cells, numbers=len(columns) - 1)


def _money(amounts: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{amount:,.2f} {currency}" for currency, amount in amounts.items())


def _print_trace(found: "Trace") -> None:
    known = [(word, value) for word, value in (found.click or {}).items() if value]
    print_table(f"click {found.click_id}", ("what", "value"), known or [("click_id", "there is no such click yet")])
    print_table("its life", ("time (UTC)", "what", "detail"), timeline(found))


def timeline(found: "Trace") -> list[tuple[datetime, str, str]]:
    """All that happened to a click, in the order of time."""
    click = found.click
    happened = (
        [(click["clicked_at"], "click", f"{click['source']}, {click['campaign']}, {click['offer']}")] if click else []
    )
    happened += [(row["received_at"], f"postback {row['event']}", _postback(row)) for row in found.postbacks]
    happened += [(row["occurred_at"], f"conversion {row['event']}", _conversion(row)) for row in found.conversions]
    happened += [(row["attempted_at"], f"tell {row['event']}", _delivery(row)) for row in found.deliveries]
    return sorted(happened, key=lambda entry: entry[0])


def _postback(row: Mapping[str, Any]) -> str:
    txid = f", txid {row['txid']}" if row["txid"] else ""
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"{row['network']}{txid}: {row['outcome']}{reason}"


def _conversion(row: Mapping[str, Any]) -> str:
    payout = "" if row["payout"] is None else f", {row['payout'].normalize():f} {row['currency']}"
    return f"{row['status']}{payout}"


def _delivery(row: Mapping[str, Any]) -> str:
    attempt = f", attempt {row['attempt']}" if row["attempt"] else ""
    answer = f", HTTP {row['code']}" if row["code"] else ""
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"{row['destination']}{attempt}: {row['state']}{answer}{reason}"
