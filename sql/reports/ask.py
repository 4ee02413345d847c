"""Asks ClickHouse for a report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.query import QueryResult

from sql.reports.question import Question, parameters_of, reads_days, runnable, text_of
from sql.reports.rates import check_rates
from sql.statements import report_statement
from sql.stream import stream as stream_of


@dataclass(frozen=True)
class Answer:
    """The rows of a report. Money is Decimal, shares are float, moments know their zone."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def named(self) -> list[dict[str, Any]]:
        """The rows, columns by name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def statement_of(question: Question) -> str:
    """The statement that answers a question; its values are bound by the server."""
    return text_of(question, report_statement(question.report.name, by_day=reads_days(question)))


def ask(client: Client, question: Question) -> Answer:
    """The answer to a question. Raises NoRateError where an amount has no rate into the currency asked for."""
    text = statement_of(question)
    result = client.query(text, parameters_of(question, text))
    return answered(question, result)


def answered(question: Question, result: QueryResult) -> Answer:
    """What the server found. Raises NoRateError."""
    answer = Answer(tuple(result.column_names), tuple(tuple(row) for row in result.result_rows))
    check_rates(question.into, _currencies(answer))
    return answer


def shown(question: Question) -> str:
    """The statement that answers a question, with its parameters, as clickhouse-client takes it."""
    text = statement_of(question)
    return runnable(text, parameters_of(question, text))


def stream(client: Client, question: Question, form: str) -> Iterator[bytes]:
    """The answer in one of ClickHouse's formats, as it arrives. Raises NoRateError, before anything arrives."""
    if question.into:
        ask(client, question)
    text = statement_of(question)
    return stream_of(client, text, parameters_of(question, text), form)


def _currencies(answer: Answer) -> Iterator[str]:
    """Of all amounts in it."""
    for name in ("currency", "money"):
        if name in answer.columns:
            at = answer.columns.index(name)
            for row in answer.rows:
                yield from row[at] if isinstance(row[at], Mapping) else (row[at],)
