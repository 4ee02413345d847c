"""A partner's book: the conversions that are theirs and the lines that were settled, read; and a month settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client

from clickjoin.panels.everyone import partner_url
from clickjoin.partners.account import Balance, Clicks, Group, balances, groups, told_events
from clickjoin.partners.ledger import Conversion, Due, Line, due, standings
from clickjoin.partners.months import GONE, Cell, open_months
from schemas.ids import settlement_id
from schemas.partner_claims import Claims, claim, keys_of
from schemas.settings.file import Settings
from sql import ledger as tables
from sql.ledger import EVER, Settlement, Span

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


@dataclass(frozen=True)
class Account:
    """What a partner's page shows of the time since a moment, and what they get."""

    label: str
    balances: list[Balance]
    settlements: list[Settlement]  # the last first
    events: tuple[str, ...]
    total: Group
    days: list[Group]
    campaigns: list[Group]


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


def account_of(
    client: Client, settings: Settings, name: str, since: datetime, now: datetime, zone: ZoneInfo
) -> Account:
    """A partner's account as it stands: of the months since then, and of those before of which something is open."""
    partner, until = settings.partners[name], _ms(now)
    span = _open_span(client, settings, name, since, until)
    lines = [_line(row) for row in tables.lines(client, name, span)]
    found = _conversions(client, settings, name, until, span)
    standing = list(standings(partner, found, lines, until))
    settled = tables.settlements(client, name)[::-1]
    rows = tables.clicks(client, name, partner.accept, partner.campaigns, _ms(since), zone.key)
    owners = Claims(settings.partners, secrets_of(settings))
    clicks = [
        Clicks(row["day"], row["campaign"], row["clicks"])
        for row in rows
        if owners.owner(row["claim"], row["campaign"]).partner == name
    ]
    seen = [one for one in standing if one.conversion.received_at >= _ms(since)]
    events = told_events(settings.funnel, partner.shares, seen)
    total, days, campaigns = (groups(by, clicks, seen, zone, events) for by in ("", "day", "campaign"))
    payable = due(partner, found, lines, until).totals
    return Account(
        partner.label or name,
        balances(payable, standing, settled),
        settled,
        events,
        total[0] if total else Group("", 0, dict.fromkeys(events, 0), {}),
        days,
        campaigns,
    )


def url_of(settings: Settings, name: str, campaign: str) -> str:
    """The URL of a campaign that is a partner's, signed where the campaign is not theirs alone."""
    partner = settings.partners[name]
    key = "" if campaign in partner.campaigns else keys_of(partner, secrets_of(settings))[0]
    return partner_url(settings, campaign, name, claim(key, name, campaign) if key else "")


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


def _open_span(client: Client, settings: Settings, name: str, since: datetime, until: int) -> Span:
    """The whole months since a moment, and those before it of which something is open."""
    partner, claims = settings.partners[name], Claims(settings.partners, secrets_of(settings))
    began = _ms(since.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    rows = tables.months(client, name, partner.accept, partner.campaigns, until)
    theirs = [cell for said, campaign, *cell in rows if cell[2] == GONE or claims.owner(said, campaign).partner == name]
    return Span(began, tuple(sorted(open_months(partner, (Cell(*cell) for cell in theirs)))))


def _conversions(client: Client, settings: Settings, name: str, until: int, span: Span = EVER) -> list[Conversion]:
    """Those of clicks that are the partner's."""
    partner, claims = settings.partners[name], Claims(settings.partners, secrets_of(settings))
    owners: dict[tuple[str, str], bool] = {}
    found = []
    for row in tables.conversions(client, name, partner.accept, partner.campaigns, until, span):
        said = (row["claim"], row["campaign"])
        if said not in owners:
            owners[said] = claims.owner(*said).partner == name
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
