"""A partner's book: the conversions that are theirs and the lines that were settled, read; and a month settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clickhouse_connect.driver.client import Client

from clickjoin.partners.ledger import Conversion, Due, Line, due
from schemas.ids import settlement_id
from schemas.partner_claims import owner_of
from schemas.settings.file import Settings
from sql import ledger as tables
from sql.ledger import Settlement

COLUMNS = Line._fields


class CannotSettleError(Exception):
    """A month that cannot be settled; the text says why."""


@dataclass(frozen=True)
class Statement:
    """A month of a partner: as it was settled, or as it would be settled now."""

    partner: str
    label: str
    month: str
    settled: Settlement | None
    due: Due


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The secrets of the click IDs, by which URLs of partners without a key are signed."""
    return tuple(secret.get_secret_value() for secret in settings.ingest.secrets)


def statement_of(client: Client, settings: Settings, name: str, month: str, now: datetime) -> Statement:
    """A partner's month. Raises CannotSettleError for a month that is closed without a settlement of its own."""
    partner = settings.partners[name]
    settled = {one.month: one for one in tables.settlements(client, name)}
    lines = [(row["month"], _line(row)) for row in tables.lines(client, name)]
    if month in settled:
        mine = tuple(line for of, line in lines if of == month)
        return Statement(name, partner.label or name, month, settled[month], Due(mine, ()))
    if settled and month < max(settled):
        raise CannotSettleError(f"{max(settled)} is settled with {name}, and has everything of {month}")
    until = _end_of(month)
    found = _conversions(client, settings, name, min(until, _ms(now)))
    return Statement(name, partner.label or name, month, None, due(partner, found, [line for _, line in lines], until))


def settle(
    client: Client, settings: Settings, name: str, month: str, reference: str, now: datetime
) -> tuple[Statement, Settlement]:
    """Record what is paid for a month. Raises CannotSettleError where it is paused, not over, or settled before."""
    if settings.partners[name].paused:
        raise CannotSettleError(f"partners.{name}.paused = true: nothing is settled while it is")
    if _ms(now) < _end_of(month):
        raise CannotSettleError(f"{month} is not over (months are those of UTC)")
    statement = statement_of(client, settings, name, month, now)
    if statement.settled:
        raise CannotSettleError(_was_settled(name, statement.settled))
    made = Settlement(
        name,
        month,
        settlement_id(name, month, _ms(now)),
        now,
        reference,
        len(statement.due.lines),
        statement.due.totals,
    )
    if not tables.settle(client, made, [_row(line) for line in statement.due.lines], COLUMNS):
        raise CannotSettleError(f"somebody else has just settled {month} with {name}: look at its statement")
    return statement, made


def _was_settled(name: str, settled: Settlement) -> str:
    said = f" ({settled.reference})" if settled.reference else ""
    at = f"{settled.settled_at:%Y-%m-%d %H:%M} UTC"
    return f"{settled.month} was settled with {name} on {at}{said}: what changed since is in the next month's"


def _conversions(client: Client, settings: Settings, name: str, until: int) -> list[Conversion]:
    """Those of clicks that are the partner's."""
    partner, secrets = settings.partners[name], secrets_of(settings)
    owners: dict[tuple[str, str], bool] = {}
    found = []
    for row in tables.conversions(client, name, partner.accept, partner.campaigns, until):
        said = (row["claim"], row["campaign"])
        if said not in owners:
            owners[said] = owner_of(*said, settings.partners, secrets).partner == name
        if owners[said]:
            found.append(_conversion(row))
    return found


def _conversion(row: Mapping[str, Any]) -> Conversion:
    facts = {name: row[name] for name in Conversion._fields}
    return Conversion(**{**facts, "received_at": _ms(row["received_at"])})


def _line(row: Mapping[str, Any]) -> Line:
    facts = {name: row[name] for name in Line._fields}
    return Line(**{**facts, "received_at": _ms(row["received_at"])})


def _row(line: Line) -> Sequence[Any]:
    return line._replace(received_at=datetime.fromtimestamp(line.received_at / 1000, UTC))  # type: ignore[arg-type]


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _end_of(month: str) -> int:
    year, number = (int(part) for part in month.split("-"))
    return _ms(datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC))
