"""What bench/oracle asks of the reports, and how DuckDB answers the same (reports/*.sql). Pure.

`offers` is not asked for, as nobody chooses an offer here, nor the verdicts of `optimise`: the tests hold both.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from string import Template
from typing import Any

from bench.oracle.words import HOUR, STEPS
from sql.reports.catalogue import REPORTS, Report
from sql.reports.dimensions import DIMENSIONS, OF_TIME
from sql.reports.question import DAY_MS, Question

Row = tuple[Any, ...]

_REPORTS = tuple(report for name, report in REPORTS.items() if name != "offers")
_HERE = Path(__file__).parent / "reports"
_STEPS = tuple(step.event for step in STEPS)
_EVENTS = {"funnel": _STEPS, "time": _STEPS, "optimise": _STEPS, "cohorts": _STEPS[-1:]}
_OF_TIME = {
    "hour": "date_trunc('hour', moment)",
    "day": "CAST(moment AS DATE)",
    "week": "CAST(date_trunc('week', moment) AS DATE)",
    "month": "CAST(date_trunc('month', moment) AS DATE)",
    "weekday": "isodow(moment)",
    "hour_of_day": "hour(moment)",
}
_TOLD = ("campaign", "source", "offer", "network", "country", "creative", "event")
_NOT_TOLD = tuple(name for name in DIMENSIONS if name not in (*_TOLD, *OF_TIME))
_TOGETHER = (("campaign", "day"), ("network", "country", "hour"), ("source", "event"), _NOT_TOLD)
_PERIOD, _AGE = 4 * HOUR, 40 * DAY_MS
_FIGURES_OF_OPTIMISE = 5
_DECIMALS = 2


def questions(began: int) -> Iterator[Question]:
    """Each report by each of its dimensions, by click for some hours, by conversion for all time.

    began: milliseconds, of the first click. What the traffic says nothing of is asked for in one question.
    """
    for report in _REPORTS:
        for by in report.dates or (None,):
            since, until = (began + HOUR, began + 5 * HOUR) if by == "click" else (0, began + _AGE)
            for strict in (False, True) if report.name == "funnel" else (False,):
                for group_by in _groupings(report):
                    yield Question(
                        report,
                        _EVENTS.get(report.name, ()),
                        group_by,
                        since,
                        until,
                        by,
                        strict=strict,
                        decimals=_DECIMALS,
                        period_ms=_PERIOD,
                        now=began + _AGE,
                    )


def _groupings(report: Report) -> list[tuple[str, ...]]:
    known = [name for name in report.dimensions if name not in _NOT_TOLD]
    together = [names for names in _TOGETHER if {*names} <= {*report.dimensions}]
    return [(), *((name,) for name in known), *together]


def named(question: Question) -> str:
    """A question, in the words of the command line."""
    words = [question.report.name, *(f"--group-by {name}" for name in question.group_by)]
    words += [f"--by {question.by}"] if question.by else []
    return " ".join([*words, *(["--strict"] if question.strict else [])])


def tables() -> str:
    """The statements that make what the questions are about."""
    return _filled("tables", NOWHERE=", ".join(f"'' AS {name}" for name in _NOT_TOLD))


def statement(question: Question) -> str:
    """The question as DuckDB is asked."""
    return _filled(
        question.report.name,
        DIMENSIONS="".join(f"{said} AS {name}, " for name, said in _dimensions(question)),
        KEYS=", ".join(name for name, _ in _dimensions(question)),
        SINCE=question.since,
        UNTIL=question.until,
        DATED="occurred_at" if question.by == "conversion" else "clicked_at",
        EVENTS=list(question.events),
        STATUSES=list(question.counted),
        STRICT=question.strict,
        NOW=question.now,
        PERIOD=question.period_ms,
    )


def _dimensions(question: Question) -> list[tuple[str, str]]:
    """Their names and what they are read from; there is one at least, which is the same for everybody."""
    return [("everybody", "1"), *((name, _OF_TIME.get(name, name)) for name in question.group_by)]


def _filled(name: str, **parts: object) -> str:
    return Template((_HERE / f"{name}.sql").read_text()).substitute(parts)


def expected(question: Question, rows: Iterable[Row]) -> list[Row]:
    """What DuckDB answered, as the report must say it."""
    keys = len(question.group_by)
    with localcontext(prec=80):
        return [(*row[1 : keys + 1], *_finished(question.report.name, row[keys + 1 :])) for row in rows]


def _finished(report: str, row: Row) -> Row:
    """The figures of a group with those that are shares of money."""
    if report == "revenue":
        currency, clicks, conversions, cost, *of_status, paid = row
        sums = [_rounded(each, _DECIMALS) for each in (cost, *of_status, paid, paid - cost)]
        shares = ((paid - cost, cost), (paid, clicks), (cost, conversions))
        return (currency, clicks, conversions, *sums, *(_per(*each) for each in shares))
    if report == "ltv":
        currency, days, clicks, paid = row
        return currency, days, clicks, _rounded(paid, _DECIMALS), _per(paid, clicks)
    return row


def found(question: Question, rows: Iterable[Row]) -> list[Row]:
    """What ClickHouse answered, as far as it is compared."""
    if question.report.name != "optimise":
        return list(rows)
    return [row[: len(question.group_by) + 1 + _FIGURES_OF_OPTIMISE] for row in rows]


def comparable(row: Row) -> Row:
    """A row that can be counted: moments without a zone, maps as their pairs in order."""
    return tuple(map(_plain, row))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value


def _rounded(amount: Decimal, places: int) -> Decimal:
    return Decimal(amount).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _per(amount: Decimal, count: Decimal | int) -> Decimal | None:
    return _rounded(Decimal(amount) / count, _DECIMALS + 2) if count else None
