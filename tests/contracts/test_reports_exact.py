"""Every report, by every dimension, holds what brute force finds in the same rows: in unmerged parts, with repeats."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from clickhouse_connect.driver.client import Client

from schemas.values import STATUSES
from sql.connect import connect
from sql.export import MOMENTS, export
from sql.reports.ask import ask, stream
from sql.reports.catalogue import REPORTS, Report
from sql.reports.question import DAY_MS, Question
from sql.reports.rates import NoRateError, into
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of
from tests.oracle.report_oracle import BRUTE_FORCE
from tests.oracle.report_parts import Found, charged, in_one_currency, spent
from tests.support.report_rows import BEGAN, EVENTS, KEYS, Rows, latest, load, messy_rows

CLICKS, SEED = 500, 20261121
_BEGAN_MS = round(BEGAN.timestamp() * 1000)
RATES = {
    "USD": {
        "EUR": {"0001-01-01": Decimal("0.0000001"), "2026-10-05": Decimal("0.923375641"), "2026-11-01": Decimal("0.9")}
    },
    "EUR": {
        "PLN": {"0001-01-01": Decimal("4.2517")},
        "GBP": {"2026-10-20": Decimal("0.86")},
        "USD": {"2026-01-01": Decimal(9)},
    },
    "GBP": {"EUR": {"0001-01-01": Decimal("1.17")}},
}
"""In one direction or the other; the direct one counts where both are there."""
_KEY_WORDS = {
    "funnel": ("step", "event"),
    "time": ("event",),
    "revenue": ("currency",),
    "cohorts": ("cohort", "period"),
    "ltv": ("currency", "days"),
    "approval": (),
    "latency": ("stage",),
    "quality": ("outcome", "reason"),
    "offers": ("offer", "currency"),
    "optimise": ("currency",),
}
"""The columns of each report that say what its figures are of, after the dimensions."""


class Messy:
    """The tables, and the rows that count in them."""

    def __init__(self, client: Client, written: Rows) -> None:
        self.client = client
        load(client, written)
        self.rows: Rows = {table: latest(rows, KEYS[table]) for table, rows in written.items()}


@pytest.fixture(scope="module")
def messy(clickhouse: ClickHouse) -> Iterator[Messy]:
    name = f"messy_{os.getpid()}"
    client = connect(dsn_of(clickhouse, name))
    yield Messy(client, messy_rows(CLICKS, SEED))
    client.command(f"DROP DATABASE {name}")
    client.close()


def a_question(report: Report, group_by: tuple[str, ...], random: Random) -> Question:
    """Something that may be asked, with options as chance has them."""
    since = _BEGAN_MS + random.randrange(20 * DAY_MS)
    statuses = random.sample(STATUSES, random.randint(1, 3)) if report.statuses and random.random() < 0.6 else None
    events = random.sample((*EVENTS, "renewal"), random.randint(1, 4))
    return Question(
        report=report,
        events=() if report.events == "all" and random.random() < 0.5 else tuple(events),
        group_by=group_by,
        since=since,
        until=since + random.randrange(5, 60) * DAY_MS,
        by=random.choice(report.dates) if report.dates else None,
        statuses=tuple(statuses) if statuses else None,
        strict=report.name == "funnel" and random.random() < 0.5,
        tests=random.random() < 0.3,
        bots=random.random() < 0.3,
        zone=random.choice(("UTC", "Europe/Berlin", "America/New_York")),
        decimals=random.choice((0, 2, 6)),
        period_ms=random.choice((7, 30)) * DAY_MS,
        now=_BEGAN_MS + random.randrange(50, 200) * DAY_MS,
        into=into("EUR", RATES) if since % 2 else None,
    )


def found_by(client: Client, question: Question) -> Found:
    """The answer of ClickHouse, as the oracle writes it."""
    keys = len(question.group_by) + len(_KEY_WORDS[question.report.name])
    return {row[:keys]: row[keys:] for row in ask(client, question).rows}


def comparable(found: Found) -> Found:
    """Without a whole of which there is nothing; moments in UTC (of one zone an hour that comes twice is one)."""
    return {tuple(map(_in_utc, key)): row for key, row in found.items() if any(row)}


def _in_utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_by_any_dimension_equals_brute_force(messy: Messy, name: str) -> None:
    report, random = REPORTS[name], Random(SEED)
    dimensions = random.sample(report.dimensions, len(report.dimensions))
    groupings = [(), *(tuple(dimensions[first : first + 6]) for first in range(0, len(dimensions), 6))]
    held = 0
    for group_by in groupings:
        question = a_question(report, group_by, random)
        found = found_by(messy.client, question)
        with localcontext(prec=80):
            wanted = BRUTE_FORCE[name](question, in_one_currency(question, messy.rows))
        assert comparable(found) == comparable(wanted), question
        held += len(wanted)
    assert held > len(groupings)


def test_what_all_groups_of_a_page_come_to_counts_a_click_once_that_is_in_several(messy: Messy) -> None:
    question = Question(REPORTS["funnel"], (*EVENTS, "renewal"), ("network", "hour"), by="conversion", decimals=6)
    page = ask(messy.client, replace(question, most=100_000)).named()
    groups = [row for row in page if not row["whole"]]
    of_all = {(row["step"], row["event"]): tuple(row.values())[6:] for row in page if row["whole"]}
    assert of_all == found_by(messy.client, replace(question, group_by=()))
    assert sum(row["clicks"] for row in groups if row["step"]) > sum(row[0] for key, row in of_all.items() if key[0])


def test_the_rows_are_as_messy_as_they_claim(messy: Messy) -> None:
    parts = "SELECT table, count() FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table"
    assert all(count > 3 for table, count in messy.client.query(parts).result_rows if table in KEYS)
    for table in KEYS:
        written = messy.client.query(f"SELECT count() FROM {table}").result_rows[0][0]
        counted = messy.client.query(f"SELECT count() FROM {table} FINAL").result_rows[0][0]
        assert written > counted == len(messy.rows[table])


def test_a_sum_of_money_is_exact_and_rounded_once(messy: Messy) -> None:
    question = Question(REPORTS["revenue"], decimals=8, tests=True, bots=True)
    costs = {row[0]: row[3] for row in ask(messy.client, question).rows}
    for currency, cost in costs.items():
        shares = [share for parts in spent(messy.rows).values() for name, share in parts if name == currency]
        owed = [row["cost"] for row in charged(question, messy.rows) if row["cost_currency"] == currency]
        assert cost == sum(shares) + sum(owed)
        assert not currency or owed or currency == "PLN"


def test_money_in_one_currency_is_the_sum_of_each_amount_by_its_days_rate(messy: Messy) -> None:
    """Also where the sum of a day is shared out over thousands of groups: rounded once, at the end."""
    asked = Question(REPORTS["revenue"], decimals=8, into=into("EUR", RATES))
    ((currency, *figures),) = ask(messy.client, asked).rows
    by_day = ask(messy.client, replace(asked, group_by=("day", "country"))).named()
    assert currency == "EUR"
    with localcontext(prec=80):
        assert tuple(figures[2:5]) == BRUTE_FORCE["revenue"](asked, in_one_currency(asked, messy.rows))["EUR",][2:5]
    assert abs(sum(row["cost"] for row in by_day) - figures[2]) <= len(by_day) * Decimal("0.5e-8")


def test_an_amount_without_a_rate_is_an_error_that_names_its_currency_and_days(messy: Messy) -> None:
    rates = {"USD": {"EUR": {"2026-10-01": Decimal("0.9")}}, "EUR": {"PLN": {"0001-01-01": Decimal(4)}}}
    for name in ("funnel", "revenue", "ltv", "offers", "optimise"):
        asked = Question(REPORTS[name], events=EVENTS, into=into("EUR", rates))
        with pytest.raises(
            NoRateError, match=r"into EUR for amounts of these days: USD: 2026-09-\d\d to 2026-09-30"
        ) as why:
            ask(messy.client, asked)
        assert "[rates.USD] EUR = { 2026-09-" in str(why.value)
        with pytest.raises(NoRateError):
            next(stream(messy.client, asked, "CSVWithNames"))


def test_the_views_hold_what_the_reports_say(messy: Messy) -> None:
    def seen(query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in messy.client.query(query).result_rows]

    steps = ask(messy.client, Question(REPORTS["funnel"], EVENTS)).named()
    by_event = dict(seen("SELECT event, (sum(clicks), sum(conversions)) FROM funnel GROUP BY event"))
    assert [by_event[row["event"]] for row in steps] == [(row["clicks"], row["conversions"]) for row in steps]
    keys, amounts = ("day", "campaign", "creative", "currency"), ("cost", "pending", "approved", "rejected", "profit")
    summed = ", ".join(f"sum({name})" for name in amounts)
    money = {row[:4]: row[4:] for row in seen(f"SELECT {', '.join(keys)}, {summed} FROM performance GROUP BY ALL")}
    revenue = ask(messy.client, Question(REPORTS["revenue"], group_by=keys[:3], decimals=8)).named()  # bills and all
    told = {tuple(row[name] for name in keys): tuple(row[name] for name in amounts) for row in revenue}
    assert {key: row for key, row in money.items() if any(row)} == {key: row for key, row in told.items() if any(row)}
    for table in MOMENTS.keys() - {"costs"}:  # of bills there is no view
        wanted = {row["delivery_id"] for row in messy.rows[table]} if table == "deliveries" else messy.rows[table]
        assert seen(f"SELECT count() FROM {table}_latest") == [(len(wanted),)]


def _milliseconds(at: datetime | date) -> int:
    """Of a moment, or of the beginning of a day in UTC."""
    moment = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def test_an_export_holds_each_row_once_and_only_those_of_its_time(messy: Messy, tmp_path: Path) -> None:
    since, until = _BEGAN_MS + 10 * DAY_MS, _BEGAN_MS + 20 * DAY_MS
    for table, moment in MOMENTS.items():
        wanted = sum(since <= _milliseconds(row[moment]) < until for row in messy.rows[table])
        lines = b"".join(export(messy.client, table, "csv", since, until)).splitlines()
        assert len(lines) == wanted + 1 > (5 if table == "costs" else 10)  # bills are fewer
        file = tmp_path / f"{table}.parquet"
        file.write_bytes(b"".join(export(messy.client, table, "parquet", since, until)))
        assert duckdb.execute(f"SELECT count(*) FROM '{file}'").fetchall() == [(wanted,)]


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_one_value_is_the_part_of_the_report_that_has_that_value(messy: Messy, name: str) -> None:
    report = REPORTS[name]
    choices: dict[str, Any] = {"events": EVENTS, "now": _BEGAN_MS + 100 * DAY_MS}
    for dimension in {"source", "campaign", "offer", "keyword"} & set(report.dimensions):
        whole = ask(messy.client, Question(report, group_by=(dimension,), **choices))
        values = {row[0] for row in whole.rows} - {""}  # what is of no click has no source
        assert values
        for value in Random(SEED).sample(sorted(values), min(len(values), 2)):
            part = ask(messy.client, Question(report, filters=((dimension, value),), **choices))
            assert sorted(map(str, part.rows)) == sorted(str(row[1:]) for row in whole.rows if row[0] == value)
