"""A partner's month as they may see it: payout is theirs, and nothing of ours stands there."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined

from clickjoin.partners.book import Statement
from clickjoin.partners.ledger import Waiting

COLUMNS = ("received", "campaign", "event", "sub1", "click_id", "conversion_id", "reason", "amount", "currency")
"""What a line of a statement shows."""


class ToCome(NamedTuple):
    """What is not payable yet."""

    why: str
    currency: str
    conversions: int
    amount: Decimal


def rows_of(statement: Statement) -> list[dict[str, Any]]:
    """The lines."""
    return [
        {**{name: getattr(line, name) for name in COLUMNS if name != "received"}, "received": _moment(line.received_at)}
        for line in statement.due.lines
    ]


def to_come(waiting: Iterable[Waiting]) -> list[ToCome]:
    """What is not payable yet, added up by its reason and currency."""
    found: dict[tuple[str, str], ToCome] = {}
    for one in waiting:
        had = found.get((one.why, one.currency), ToCome(one.why, one.currency, 0, Decimal("0.00")))
        found[one.why, one.currency] = had._replace(conversions=had.conversions + 1, amount=had.amount + one.amount)
    return [found[key] for key in sorted(found)]


def document(statement: Statement) -> dict[str, Any]:
    """All of it, for programs."""
    settled = statement.settled
    return {
        "partner": statement.partner,
        "label": statement.label,
        "month": statement.month,
        "settled_at": settled.settled_at if settled else None,
        "reference": settled.reference if settled else "",
        "totals": settled.totals if settled else statement.due.totals,
        "to_come": [one._asdict() for one in to_come(statement.due.waiting)],
        "lines": [{name: row[name] for name in COLUMNS} for row in rows_of(statement)],
    }


def html(statement: Statement) -> str:
    """The same as a page of its own, to print or to send."""
    text = (files("clickjoin") / "partners" / "statement.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    said = document(statement)
    return environment.from_string(text).render(
        label=statement.label,
        month=statement.month,
        settled=statement.settled,
        totals=said["totals"],
        waiting=to_come(statement.due.waiting),
        lines=said["lines"],
    )


def _moment(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"
