"""Asks ClickHouse for a report: first what the tables hold, then no more than that needs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.query import QueryResult

from sql.reports.question import Known, Question, parameters_of, parts_of, reads_days, runnable, text_of
from sql.reports.rates import check_rates
from sql.statements import has_part, report_statement
from sql.stream import stream as stream_of


@dataclass(frozen=True)
class Answer:
    """The rows of a report. Money is Decimal, shares are float, hours are those of the asked time zone."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def named(self) -> list[dict[str, Any]]:
        """The rows, columns by name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def known_of(client: Client, question: Question) -> Known | None:
    """What the tables hold of the time of a question; None: its report does not go by that."""
    if not has_part(question.report.name, "CLICK_COSTS"):
        return None
    by_day = reads_days(question)
    text = report_statement("known" if by_day else "billed", {})
    (row,) = client.query(text, parameters_of(question, text)).named_results()
    if not by_day:
        return Known(billed=bool(row["billed"]))
    return Known(**row | {"billed": bool(row["billed"]), "read_days": tuple(row["read_days"])})


def bound(question: Question, known: Known | None = None) -> tuple[str, dict[str, Any]]:
    """The statement that answers a question, and the values that the server binds.

    known: as found a moment ago; of the rows that came since, some may count and others not yet.
    """
    text = text_of(question, report_statement(question.report.name, parts_of(question, known)))
    return text, parameters_of(question, text, known)


def ask(client: Client, question: Question) -> Answer:
    """The answer to a question. Raises NoRateError where an amount has no rate into the currency asked for."""
    return answered(question, client.query(*bound(question, known_of(client, question))))


def answered(question: Question, result: QueryResult) -> Answer:
    """What the server found. Raises NoRateError."""
    columns = tuple(result.column_names)
    answer = Answer(columns, tuple(map(tuple, _in_zone(columns, result.result_rows, ZoneInfo(question.zone)))))
    check_rates(question.into, _currencies(answer))
    return answer


def _in_zone(columns: Sequence[str], rows: Sequence[Sequence[Any]], zone: ZoneInfo) -> Iterable[Sequence[Any]]:
    """The rows, their hours in this zone: not every server's answer carries it."""
    if "hour" not in columns:
        return rows
    at = columns.index("hour")
    return ([*row[:at], told_in_zone(row[at], zone), *row[at + 1 :]] for row in rows)


def told_in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """The moment in this zone by its offset: to Python two hours of one zone are the same where clocks are set back."""
    here = moment.astimezone(zone)
    return here.replace(tzinfo=timezone(here.utcoffset() or timedelta()), fold=0)


def shown(question: Question) -> str:
    """The statement that answers a question whatever the tables hold, with its parameters, for clickhouse-client."""
    return runnable(*bound(question))


def stream(client: Client, question: Question, form: str) -> Iterator[bytes]:
    """The answer in one of ClickHouse's formats, as it arrives. Raises NoRateError, before anything arrives."""
    if question.into:
        ask(client, question)
    return stream_of(client, *bound(question, known_of(client, question)), form)


def _currencies(answer: Answer) -> Iterator[str]:
    """Of all amounts in it."""
    for name in ("currency", "money"):
        if name in answer.columns:
            at = answer.columns.index(name)
            for row in answer.rows:
                yield from row[at] if isinstance(row[at], Mapping) else (row[at],)
