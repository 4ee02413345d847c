"""What the queries `sql/queries/facts_*.sql` answer, back to what the join knows of a click. Pure.

A row is a mapping from the names in its query. What is made of the rows is what the join's state would be, had it never
been dropped.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any

from schemas.records import Click, Conversion, Facts
from streams.tables import SUBS

Row = Mapping[str, Any]


def facts_of(
    decided: Iterable[Row],
    said_again: Iterable[Row],
    conversions: Iterable[Row],
    clicks: Iterable[Row],
    forgotten: Iterable[Row] = (),
) -> dict[str, Facts]:
    """What the tables know of each click that is in `clicks`, and which are `forgotten`, by click ID."""
    ids = _by_click(decided)
    again = {(row["click_id"], row["repeats"]): row for row in said_again}
    held = _by_click(conversions)
    return {
        row["click_id"]: Facts(
            click_id=row["click_id"],
            click=_click(row),
            conversions=tuple(
                _conversion(one, again.get((one["click_id"], one["postback_id"])))
                for one in held.get(row["click_id"], ())
            ),
            decided=tuple(one["postback_id"] for one in reversed(ids.get(row["click_id"], []))),
        )
        for row in clicks
    } | {row["click_id"]: Facts(click_id=row["click_id"], forgotten=True) for row in forgotten}


def _by_click(rows: Iterable[Row]) -> dict[str, list[Row]]:
    return {click_id: list(group) for click_id, group in groupby(rows, lambda row: row["click_id"])}


def _click(row: Row) -> Click:
    return Click(
        click_id=row["click_id"],
        clicked_at=row["clicked_ms"],
        received_at=row["received_ms"],
        campaign=row["campaign"],
        source=row["source"],
        source_click_id=row["source_click_id"],
        offer=row["offer"],
        network=row["network"],
        may_credit=tuple(row["may_credit"]),
        payouts=dict(row["payouts"]),
        payout_fixed=row["payout_fixed"],
        country=row["country"],
        device=row["device"],
        os=row["os"],
        browser=row["browser"],
        placement=row["placement"],
        creative=row["creative"],
        source_campaign=row["source_campaign"],
        keyword=row["keyword"],
        lander=row["lander"],
        subs={name: value for name, value in zip(SUBS, row["subs"], strict=True) if value},
        params=dict(row["params"]),
        cost=_amount(row["amount"]),
        currency=row["currency"],
        ip=row["ip"],
        user_agent=row["user_agent"],
        is_bot=row["is_bot"],
        is_unique=row["is_unique"],
        is_prefetch=row["is_prefetch"],
        is_test=row["is_test"],
        origin=row["origin"],
        region=row["region"],
        isp=row["isp"],
        connection_type=row["connection_type"],
        language=row["language"],
        chosen_by=row["chosen_by"],
        choice_reason=row["choice_reason"],
        probability=row["probability"],
        candidates=dict(row["candidates"]),
        consent=row["consent"],
        cpa=dict(row["cpa"]),
        partner=row["partner"],
    )


def _conversion(row: Row, again: Row | None) -> Conversion:
    """A conversion as it stands. `again`: the last postback that said the same, if there is one."""
    if again is not None and again["said_at"] < row["version"]:
        again = None  # the row was written later, and has it
    return Conversion(
        conversion_id=row["conversion_id"],
        event=row["event"],
        network=row["network"],
        postback_id=row["postback_id"],
        txid=row["txid"] or (again["first_txid"] if again else ""),
        status=row["status"],
        raw_status=again["last_raw_status"] if again else row["raw_status"],
        payout=_amount(row["amount"]),
        currency=row["currency"],
        occurred_at=row["occurred_ms"],
        received_at=row["received_ms"],
        status_at=again["last_status_at"] if again else row["status_ms"],
        status_received_at=again["last_status_received_at"] if again else row["status_received_ms"],
        is_refund=row["is_refund"],
        is_test=row["is_test"],
    )


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
