"""Clicks of long ago, and the tables that know of them, without a server."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from schemas.ids import mint_click_id
from schemas.records import Click, Facts, Outcome
from streams.facts import Row, facts_of
from streams.join.state import DAY_MS, MAX_DECIDED
from streams.rows import click_row, conversion_row, postback_row
from streams.tables import CLICKS, CONVERSIONS, POSTBACKS, SUBS, Table
from tests.support.join_samples import NOW


def minted(days_ago: int = 0, number: int = 0, now: int = NOW) -> str:
    """A click ID of ours of some days before NOW."""
    return mint_click_id(b"tests", now - days_ago * DAY_MS, number.to_bytes(8, "big"))


class Tables:
    """What the sink has written, row by row, and the answers of `sql/queries/facts_*.sql`."""

    def __init__(self) -> None:
        self.clicks: dict[str, dict[str, Any]] = {}
        self.conversions: dict[str, dict[str, Any]] = {}
        self.postbacks: dict[str, dict[str, Any]] = {}

    def write(self, clicks: Iterable[tuple[int, Click]], outcomes: Iterable[Outcome]) -> None:
        """Clicks with the offsets of their records, and what became of postbacks."""
        for offset, click in clicks:
            _replace(self.clicks, CLICKS, "click_id", click_row(click, 0, offset))
        for outcome in outcomes:
            if (row := conversion_row(outcome)) is not None:
                _replace(self.conversions, CONVERSIONS, "conversion_id", row)
            _replace(self.postbacks, POSTBACKS, "postback_id", postback_row(outcome))

    def facts(self, click_id: str) -> Facts:
        """The answer of a look-up; without a click where there is none."""
        postbacks = [row for row in self.postbacks.values() if row["click_id"] == click_id]
        postbacks.sort(key=lambda row: -row["version"])
        decided = [row for row in postbacks if row["outcome"] not in ("waiting", "orphan", "attributed")]
        same = [row for row in postbacks if (row["outcome"], row["reason"]) == ("duplicate", "same")]
        held = [row for row in self.conversions.values() if row["click_id"] == click_id]
        clicks = [self.clicks[click_id]] if click_id in self.clicks else []
        found = facts_of(decided[:MAX_DECIDED], _said_again(same), map(_conversion, held), map(_click, clicks))
        return found.get(click_id, Facts(click_id=click_id))


def _replace(rows: dict[str, dict[str, Any]], table: Table, key: str, row: tuple[Any, ...]) -> None:
    named = dict(zip(table.columns, row, strict=True))
    if named[key] not in rows or rows[named[key]]["version"] <= named["version"]:
        rows[named[key]] = named


def _said_again(same: list[dict[str, Any]]) -> list[Row]:
    answers: list[Row] = []
    for repeats in {row["repeats"] for row in same}:
        of_it = [row for row in same if row["repeats"] == repeats]  # the latest first
        txids = [row["txid"] for row in of_it if row["txid"]]
        last = of_it[0]
        answers.append(
            {
                "click_id": last["click_id"],
                "repeats": repeats,
                "said_at": last["version"],
                "first_txid": txids[-1] if txids else "",
                "last_raw_status": last["raw_status"],
                "last_status_at": _ms(last["occurred_at"]),
                "last_status_received_at": _ms(last["received_at"]),
            }
        )
    return answers


def _conversion(row: dict[str, Any]) -> Row:
    times = ("occurred", "received", "status", "status_received")
    return row | {"amount": _text(row["payout"])} | {f"{name}_ms": _ms(row[f"{name}_at"]) for name in times}


def _click(row: dict[str, Any]) -> Row:
    times = {f"{name}_ms": _ms(row[f"{name}_at"]) for name in ("clicked", "received")}
    return row | times | {"amount": _text(row["cost"]), "subs": [row[name] for name in SUBS]}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount.normalize(), "f")


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
