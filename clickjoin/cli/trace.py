"""`clickjoin trace`: the life of one click, found by any ID."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clickjoin.cli.clickhouse import clickhouse
from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, ConfigOption, DataOption, JsonOption, fail, load_for
from clickjoin.cli.output import print_json, print_table

if TYPE_CHECKING:
    from sql.trace import Trace

ANY_ID = "Ours, or SOURCE:ID; or the ID of a postback, a transaction, a conversion, a delivery, or the source's own."
ClickId = Annotated[str, typer.Argument(metavar="CLICK_ID", help=ANY_ID)]
_AT_ONCE = timedelta(seconds=1)


def trace(
    click_id: ClickId,
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    as_json: JsonOption = False,
) -> None:
    """Show the life of one click: its postbacks, what became of them, its conversions, who was told."""
    settings = load_for("trace", config, quiet=True)
    from sql.trace import clicks_of
    from sql.trace import trace as life_of

    with clickhouse(settings) as client:
        found = life_of(client, click_id)
        ids = [] if found.found else clicks_of(client, click_id)
        if len(ids) == 1:
            found = life_of(client, ids[0])
    if len(ids) > 1:
        fail(f"{click_id} leads to several clicks, of which trace one: {' '.join(ids)}")
    if not found.found:
        fail(f"nothing is known of the click {click_id}, and no other ID is {click_id}")
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
    came = {row["postback_id"]: row["received_at"] for row in found.postbacks}
    happened += [(row["received_at"], f"postback {row['event']}", _postback(row, came)) for row in found.postbacks]
    happened += [(row["occurred_at"], f"{_kind(row)} {row['event']}", _conversion(row)) for row in found.conversions]
    happened += [(row["attempted_at"], f"tell {row['event']}", _delivery(row)) for row in found.deliveries]
    return sorted(happened, key=lambda entry: entry[0])


def _postback(row: Mapping[str, Any], came: Mapping[str, datetime]) -> str:
    """What became of a postback, and what it said. `came`: when each of the click's came, by its ID."""
    txid = f", txid {row['txid']}" if row["txid"] else ""
    who = row["network"] or "by ourselves"  # of lander_click there is no network
    return f"{who}{txid}: {_outcome(row, came)}; said {row['status']}{_paid(row)}"


def _outcome(row: Mapping[str, Any], came: Mapping[str, datetime]) -> str:
    told: str = row["outcome"]
    if row["reason"]:
        told += f" ({row['reason']})"
    if row["repeats"]:
        first = came.get(row["repeats"])
        told += f" of {_moment(first) if first else row['repeats']}"
    if row["previous_status"] not in ("", row["status"]):
        told += f" from {row['previous_status']}"
    if row["decided_at"] - row["received_at"] > _AT_ONCE:
        told += f" at {_moment(row['decided_at'])}"
    return told


def _moment(of: datetime) -> str:
    return of.isoformat(" ", "milliseconds").partition("+")[0]


def _kind(row: Mapping[str, Any]) -> str:
    return "refund" if row["is_refund"] else "conversion"


def _conversion(row: Mapping[str, Any]) -> str:
    return f"{row['status']}{_paid(row)}"


def _paid(row: Mapping[str, Any]) -> str:
    return "" if row["payout"] is None else f", {row['payout'].normalize():f} {row['currency']}"


def _delivery(row: Mapping[str, Any]) -> str:
    attempt = f", attempt {row['attempt']}" if row["attempt"] else ""
    answer = f", HTTP {row['code']}" if row["code"] else ""
    answer += f" “{row['answer']}”" if row["answer"] else ""
    reason = f" ({row['reason']})" if row["reason"] else ""
    return f"{row['destination']}{attempt}: {row['state']}{answer}{reason}"
