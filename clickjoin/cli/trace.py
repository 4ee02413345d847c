"""`clickjoin trace`: the life of one click."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, ConfigOption, DataOption, JsonOption, fail, load_for
from clickjoin.cli.output import print_json, print_table

if TYPE_CHECKING:
    from sql.trace import Trace

ClickId = Annotated[str, typer.Argument(metavar="CLICK_ID", help="Ours, or SOURCE:ID.")]


def trace(
    click_id: ClickId,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
) -> None:
    """Show the life of one click: its postbacks, what became of them, its conversions, who was told."""
    settings = load_for("trace", config, quiet=True)
    from sql.trace import trace as life_of

    with clickhouse(settings) as client:
        found = life_of(client, click_id)
    if not found.found:
        fail(f"nothing is known of the click {click_id}")
    if as_json:
        print_json(asdict(found))
    else:
        _print_trace(found)


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
    who = row["network"] or "by ourselves"  # of lander_click there is no network
    return f"{who}{txid}: {row['outcome']}{reason}"


def _conversion(row: Mapping[str, Any]) -> str:
    payout = "" if row["payout"] is None else f", {row['payout'].normalize():f} {row['currency']}"
    return f"{row['status']}{payout}"


def _delivery(row: Mapping[str, Any]) -> str:
    attempt = f", attempt {row['attempt']}" if row["attempt"] else ""
    answer = f", HTTP {row['code']}" if row["code"] else ""
    answer += f" “{row['answer']}”" if row["answer"] else ""
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"{row['destination']}{attempt}: {row['state']}{answer}{reason}"
