"""What `clickjoin report` is told, and the question that comes of it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import typer

from clickjoin.period import WORDS, beginning, end
from schemas.settings.file import Settings
from schemas.settings.values import parse_duration
from sql.reports.catalogue import Date, Report, report_named
from sql.reports.question import CUT, KEEP, Question, filterable
from sql.reports.rates import Into, into

_MOST_DECIMALS = 8  # as the tables hold money
RECONCILE, SETTLEMENT = "reconcile", "settlement"
"""Reports of another kind: no statement of sql.reports answers them."""

From = Annotated[str, typer.Option("--from", metavar="TIME", help=f"The first time that counts: {WORDS}.")]
To = Annotated[str, typer.Option("--to", metavar="TIME", help="The last one: a day, a week or a month is whole.")]
GroupBy = Annotated[str, typer.Option("--group-by", metavar="DIM,…", help="A row for each value: campaign,day …")]
By = Annotated[str, typer.Option("--by", metavar="click|conversion", help="Whose date counts. Default: the click's.")]
Status = Annotated[str, typer.Option("--status", metavar="STATUS,…", help="Conversions that count: approved,pending …")]
Event = Annotated[str, typer.Option("--event", metavar="EVENT,…", help="Events that count, in this order.")]
Strict = Annotated[bool, typer.Option("--strict", help="Of the funnel: only steps that happen in their order.")]
Tests = Annotated[bool, typer.Option("--tests", help="Count what is marked as a test, too.")]
Bots = Annotated[bool, typer.Option("--bots", help="Count what looks like a robot, too.")]
Zone = Annotated[str, typer.Option("--zone", metavar="NAME", help="The time zone of times and days: Europe/Berlin.")]
Currency = Annotated[str, typer.Option("--currency", metavar="USD", help="All money in one, by [rates].")]
Decimals = Annotated[int, typer.Option("--decimals", min=0, max=_MOST_DECIMALS, help="Of a sum of money.")]
Period = Annotated[str, typer.Option("--period", metavar="SPAN", help="Of cohorts: how long a subscription runs.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")]
Parquet = Annotated[Path | None, typer.Option("--parquet", metavar="FILE", help="Write a Parquet file instead.")]
Sql = Annotated[bool, typer.Option("--sql", help="Print the statement, with its parameters, and ask nothing.")]
Where = Annotated[
    list[str] | None, typer.Option("--where", metavar="DIM=VALUE", help="Only clicks with this value: source=pops.")
]
Keep = Annotated[float, typer.Option("--keep", help="Of optimise: keep what loses money at most so likely.")]
Cut = Annotated[float, typer.Option("--cut", help="Of optimise: cut what loses money at least so likely.")]
List = Annotated[
    str, typer.Option("--list", metavar="black|white", help="Of optimise: print only what is to be cut, or kept.")
]
Form = Annotated[str, typer.Option("--form", metavar="lines|comma|json", help="Of --list. Default: lines.")]
Statement = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="Of reconcile: their statement, CSV or NDJSON.")
]
Network = Annotated[str, typer.Option("--network", metavar="NAME", help="Of reconcile: whose statement it is.")]
Source = Annotated[str, typer.Option("--source", metavar="NAME", help="Of reconcile: whose bill of clicks it is.")]
Map = Annotated[list[str] | None, typer.Option("--map", metavar="OURS=THEIRS", help="Of reconcile: their column.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="OURS=VALUE", help="Of reconcile: what every row says.")
]


@dataclass(frozen=True)
class Choices:
    """What was typed after the name of the report."""

    since: str = ""
    until: str = ""
    group_by: str = ""
    by: str = ""
    status: str = ""
    event: str = ""
    strict: bool = False
    tests: bool = False
    bots: bool = False
    zone: str = "UTC"
    decimals: int = 2
    period: str = "30d"
    currency: str = ""
    where: tuple[str, ...] = ()
    keep: float = KEEP
    cut: float = CUT


def question(name: str, choices: Choices, settings: Settings, now: datetime) -> Question:
    """The question. Raises ValueError, which says what there is, for a word that nothing is known of."""
    report = report_named(name, RECONCILE, SETTLEMENT)
    here = now.astimezone(zone_named(choices.zone))
    since, until = time_between(choices.since, choices.until, here)
    return Question(
        report=report,
        events=_events(report, choices.event, settings),
        group_by=_words(choices.group_by) or report.group_by,
        since=since,
        until=until,
        by=cast(Date, choices.by) if choices.by else None,
        statuses=_words(choices.status) or None,
        strict=choices.strict,
        tests=choices.tests,
        bots=choices.bots,
        zone=choices.zone,
        decimals=choices.decimals,
        period_ms=_period(choices.period),
        into=_into(choices.currency or settings.reports.currency or "", settings),
        now=round(now.timestamp() * 1000),
        keep=choices.keep,
        cut=choices.cut,
        filters=tuple(_filter(report, text) for text in choices.where),
    )


def time_between(since: str, until: str, now: datetime) -> tuple[int, int]:
    """The milliseconds of --from and --to; all time where they say nothing. Raises ValueError."""
    first = max(beginning(since, now), Question.since) if since else Question.since
    last = min(end(until, now), Question.until) if until else Question.until
    if first >= last:
        raise ValueError(f"--from {since or 'the beginning'} is not before --to {until or 'the end'}")
    return first, last


def zone_named(name: str) -> ZoneInfo:
    """Raises ValueError for a time zone that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, sorted(available_timezones()), n=3, cutoff=0.5)
        hint = f": did you mean {' or '.join(near)}?" if near else ": write one like Europe/Berlin"
        raise ValueError(f"no time zone {name!r}{hint}") from None


def utc_now() -> datetime:
    """The time, for the shells of the commands."""
    return datetime.now(UTC)


def _events(report: Report, typed: str, settings: Settings) -> tuple[str, ...]:
    named = _words(typed)
    for name in named:
        if name not in settings.funnel:
            raise ValueError(f"no event {name!r}: there are {', '.join(settings.funnel) or 'none'}")
    if named or report.events == "all":
        return named
    if report.events == "steps":
        return settings.funnel
    lasting = [name for name in settings.funnel if name in settings.events and settings.events[name].repeat == "new"]
    return tuple(lasting or settings.funnel)[-1:]


def _filter(report: Report, text: str) -> tuple[str, str]:
    """DIM=VALUE; the value may be empty."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--where {text}: write DIM=VALUE, of {', '.join(filterable(report))}")
    return name.strip(), value


def _into(currency: str, settings: Settings) -> Into | None:
    if not currency:
        return None
    if not re.fullmatch("[A-Z]{3}", currency):
        raise ValueError(f'--currency {currency}: write the ISO 4217 code, like "USD"')
    return into(currency, settings.rates)


def _period(text: str) -> int:
    try:
        span = parse_duration(text)
    except ValueError as error:
        raise ValueError(f"--period: {error}") from None
    if span < 1:
        raise ValueError(f"--period {text}: a subscription runs for some time")
    return span


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
