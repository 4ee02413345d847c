"""What reports take from `click_days` is what the rows say, whatever was written, erased or billed since."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import localcontext
from random import Random

import pytest
from clickhouse_connect.driver.client import Client

from sql.connect import connect
from sql.reports.ask import answered, ask, bound, known_of
from sql.reports.catalogue import REPORTS
from sql.reports.dimensions import OF_CLICK_DAYS, OF_WHOLE_DAYS
from sql.reports.question import DAY_MS, Question, reads_days
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of
from tests.oracle.report_oracle import BRUTE_FORCE
from tests.oracle.report_parts import in_one_currency
from tests.support.report_rows import BEGAN, EVENTS, KEYS, Rows, latest, load, messy_rows

CLICKS, SEED = 300, 20261122
_BEGAN_MS = round(BEGAN.timestamp() * 1000)
_WRITTEN = datetime.now(UTC) - timedelta(hours=3)
_KEYS = {"funnel": 2, "revenue": 1, "optimise": 1}  # columns after the dimensions that say what the figures are of
_GHOST = """
INSERT INTO click_days (id_day, clicked_on, campaign, refreshed_at, of_clicks)
SELECT {day:Date}, {day:Date}, 'ghost', refreshed_at, of_clicks FROM click_days LIMIT 1"""


class Days:
    """The tables, refreshed hours after the last click was written, and the rows that count in them."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.written = messy_rows(CLICKS, SEED)
        self.bills = self.written.pop("costs")
        for click in self.written["clicks"]:
            click["inserted_at"] = _WRITTEN
        load(client, self.written)
        self.refresh()

    def refresh(self) -> None:
        for what in ("REFRESH", "WAIT"):
            self.client.command(f"SYSTEM {what} VIEW click_days_refresh")

    def check(self, question: Question, bills: Rows, *, as_shown: bool) -> None:
        """The report says what brute force finds in the rows; and so does, as_shown, its statement as it is shown."""
        rows = {table: latest(found, KEYS[table]) for table, found in (self.written | bills).items()}
        keys = len(question.group_by) + _KEYS[question.report.name]
        answer = ask(self.client, question)
        if as_shown:  # it asks for everything, and a statement's text is most of what it costs
            assert answered(question, self.client.query(*bound(question))) == answer
        found = {row[:keys]: row[keys:] for row in answer.rows}
        with localcontext(prec=80):
            wanted = BRUTE_FORCE[question.report.name](question, in_one_currency(question, rows))
        assert {key: row for key, row in found.items() if any(row)} == {k: row for k, row in wanted.items() if any(row)}

    def check_some(self, bills: Rows | None = None) -> None:
        """Reports by what `click_days` has, of whole days and of times that cut some."""
        random = Random(SEED)
        for name in _KEYS:
            for days in (1, DAY_MS):
                since = _BEGAN_MS + random.randrange(20 * DAY_MS) // days * days
                group_by = tuple(random.sample((*OF_CLICK_DAYS, *OF_WHOLE_DAYS), 3))
                tests, bots = random.random() < 0.3, random.random() < 0.3
                times = since, since + 35 * DAY_MS
                question = Question(REPORTS[name], EVENTS, group_by, *times, tests=tests, bots=bots)
                assert reads_days(question)
                self.check(question, bills or {"costs": []}, as_shown=days == DAY_MS)

    def shows_ghost(self, question: Question) -> bool:
        return "ghost" in {row[0] for row in ask(self.client, question).rows}


@pytest.fixture(scope="module")
def days(clickhouse: ClickHouse) -> Iterator[Days]:
    name = f"by_day_{os.getpid()}"
    client = connect(dsn_of(clickhouse, name))
    yield Days(client)
    client.command(f"DROP DATABASE {name}")
    client.close()


def test_whole_days_come_from_the_refresh_and_what_it_has_not_from_the_rows(days: Days) -> None:
    days.check_some()
    question = Question(REPORTS["funnel"], EVENTS, ("campaign",))
    days.client.command(_GHOST, {"day": "2026-10-01"})  # a cell that no row knows of shows who reads the table
    assert days.shows_ghost(question)
    assert not days.shows_ghost(replace(question, group_by=("campaign", "placement")))
    assert not days.shows_ghost(replace(question, group_by=("campaign", "day"), zone="Asia/Kolkata"))
    assert not days.shows_ghost(replace(question, until=_BEGAN_MS + 11 * DAY_MS + 1))
    assert days.shows_ghost(replace(question, until=_BEGAN_MS + 12 * DAY_MS))
    known = known_of(days.client, question)
    assert known is not None
    assert known.refreshed_at > 0
    another = replace(known, refreshed_at=known.refreshed_at - 1)  # it was made anew between the two statements
    assert "ghost" not in {row[0] for row in days.client.query(*bound(question, another)).result_rows}
    days.refresh()
    assert not days.shows_ghost(question)


def test_a_day_to_which_a_click_was_written_since_is_read_anew(days: Days) -> None:
    counted = latest(days.written["clicks"], KEYS["clicks"])[:5]
    moved = [{**click, "version": click["version"] + 1, "country": "XX"} for click in counted]
    for click in moved:
        del click["inserted_at"]
    days.written["clicks"] = days.written["clicks"] + moved
    load(days.client, {"clicks": moved})
    days.check_some()


def test_a_bill_is_spread_over_the_rows(days: Days) -> None:
    load(days.client, {"costs": days.bills})
    days.check_some({"costs": days.bills})
    days.client.command("TRUNCATE TABLE costs")
    days.check_some()


def test_what_was_forgotten_or_dropped_since_counts_no_more(days: Days) -> None:
    days.client.command("SYSTEM START MERGES clicks")
    gone = days.written["clicks"][0]
    key = {"click_id": gone["click_id"], "id_day": gone["id_day"]}
    days.client.insert(
        "forgotten", [[*key.values(), datetime.now(UTC), 1]], column_names=[*key, "forgotten_at", "version"]
    )
    days.client.command("DELETE FROM clicks WHERE click_id = {click_id:String}", {"click_id": gone["click_id"]})
    days.written["clicks"] = [row for row in days.written["clicks"] if row["click_id"] != gone["click_id"]]
    days.check_some()
    days.client.command("TRUNCATE TABLE clicks")
    days.written["clicks"] = []
    days.check_some()
