"""The life of one click as a time line: what came, what became of it, who was told and what was answered. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.cells import amount, span
from sql.trace import Trace

Row = Mapping[str, Any]
GOOD, BAD = frozenset({"attributed", "updated", "delivered", "approved"}), frozenset({"failed", "rejected", "expired"})


@dataclass(frozen=True)
class Moment:
    """Something that happened, and how it ended: a state, in one word."""

    at: datetime
    what: str
    state: str
    detail: str
    sent: str = ""  # of an attempt: what was called
    delivery: str = ""

    @property
    def weight(self) -> str:
        """How the state is coloured."""
        return weight_of(self.state)


def weight_of(state: str) -> str:
    """good, bad, or neither."""
    if state in GOOD:
        return "good"
    if state in BAD:
        return "bad"
    return "warn" if state in ("retry", "held", "late", "orphan", "not_sendable", "cancelled", "invalid") else ""


def time_line(trace: Trace) -> list[Moment]:
    """All that happened to a click, in the order of time."""
    found = [_click(trace.click)] if trace.click else []
    found += map(_postback, trace.postbacks)
    found += map(_conversion, trace.conversions)
    found += map(_step, trace.deliveries)
    return sorted(found, key=lambda one: one.at)


def facts_of(click: Row) -> list[tuple[str, str]]:
    """What is known of the visit."""
    return [
        (name, str(value)) for name, value in click.items() if value not in ("", None, False) and value not in ([], {})
    ]


def _click(row: Row) -> Moment:
    return Moment(
        row["clicked_at"],
        "click",
        _test(row),
        ", ".join(filter(None, (row["source"], row["campaign"], row["offer"]))),
    )


def _postback(row: Row) -> Moment:
    said = [_test(row), row["network"], f"txid {row['txid']}" if row["txid"] else "", row["reason"]]
    return Moment(row["received_at"], f"postback {row['event']}", row["outcome"], ", ".join(filter(None, said)))


def _conversion(row: Row) -> Moment:
    paid = "" if row["payout"] is None else f"{amount(row['payout'])} {row['currency']}"
    word = "refund" if row["is_refund"] else "conversion"
    said = ", ".join(filter(None, (_test(row), paid)))
    return Moment(row["occurred_at"], f"{word} {row['event']}", row["status"], said)


def _test(row: Row) -> str:
    """Marks what is a test."""
    return "test" if row["is_test"] else ""


def _step(row: Row) -> Moment:
    said = [row["destination"], f"attempt {row['attempt']}" if row["attempt"] else "", row["reason"]]
    if row["code"]:
        said.insert(2, f"HTTP {row['code']} after {span(row['took_ms'] / 1000)}")
    if row["answer"]:
        said.append(f"answered “{row['answer']}”")
    sent = f"{row['method']} {row['url']}" if row["url"] else ""
    return Moment(
        row["attempted_at"],
        f"tell {row['event']}",
        row["state"],
        ", ".join(filter(None, said)),
        sent,
        row["delivery_id"],
    )
