"""The brute force that bench/oracle holds reports against says what the tests' own oracle says, of the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from bench.kind import Plan
from bench.oracle import reports_compared
from bench.oracle.brute import BruteForce, Differing, line_of
from bench.oracle.report_questions import comparable, expected, found, named, questions, statement, tables
from bench.oracle.traffic import HOUR, Traffic
from sql.reports.catalogue import REPORTS
from sql.reports.question import Question
from tests.oracle.report_oracle import BRUTE_FORCE
from tests.support.report_rows import Rows

_RECORDS = 3000
_BEGAN = 1_795_219_200_000
_MOMENTS = {"clicked_at", "received_at", "occurred_at", "status_received_at", "decided_at"}
_CLEAN = {"is_test": False, "is_bot": False}
_NAMED = "CREATE VIEW fetched_conversions AS SELECT postback_id, md5(postback_id) AS conversion_id FROM conversions"
_DECIDED = (
    "CREATE VIEW fetched_postbacks AS SELECT postback_id, received_at + hash(postback_id) % 9000 AS decided_at_ms "
    "FROM postbacks"
)


@pytest.fixture(scope="module")
def brute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BruteForce]:
    folder = tmp_path_factory.mktemp("reports")
    traffic = Traffic(_RECORDS, _BEGAN)
    log = [value for _, value in (*traffic, *traffic.later())]
    began = _BEGAN + 48 * HOUR
    (folder / "log.json").write_bytes(b"".join(line_of(place, began + place, value) for place, value in enumerate(log)))
    database = BruteForce(folder)
    database.judge(folder / "log.json")
    for statement_ in (_NAMED, _DECIDED, tables()):
        database.database.execute(statement_)
    yield database
    database.close()


@pytest.fixture(scope="module")
def rows(brute: BruteForce) -> Rows:
    of_table = {"clicks": "came", "conversions": "held", "postbacks": "told"}
    return {
        **{table: _rows(brute, f"FROM {made}") for table, made in of_table.items()},
        "deliveries": [],
        "invalid": [],
        "costs": [],
    }


def _rows(brute: BruteForce, query: str) -> list[dict[str, Any]]:
    answer = brute.database.execute(query)
    names = [column[0] for column in answer.description or ()]
    read = (map(_read, names, row) for row in answer.fetchall())
    return [dict(zip(names, row, strict=True)) | _CLEAN for row in read]


def _read(name: str, value: Any) -> Any:
    return datetime.fromtimestamp(value / 1000, UTC) if name in _MOMENTS and value is not None else value


def _said(brute: BruteForce, question: Question) -> Counter[tuple[Any, ...]]:
    return Counter(map(comparable, expected(question, brute.database.execute(statement(question)).fetchall())))


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "offers"])
def test_sets_say_of_each_report_what_one_row_after_the_other_says(brute: BruteForce, rows: Rows, name: str) -> None:
    asked = [question for question in questions(_BEGAN) if question.report.name == name]
    priced = [{**row, "cost": None} for row in rows["conversions"]]
    compared_rows = 0
    for question in asked[:: max(1, len(asked) // 9)]:
        with localcontext(prec=80):
            wanted = BRUTE_FORCE[name](question, {**rows, "conversions": priced})
        must = Counter(comparable(row) for row in found(question, [(*key, *row) for key, row in wanted.items()]))
        assert _said(brute, question) == must, named(question)
        compared_rows += must.total()
    assert compared_rows > 20


def test_a_cent_or_a_row_too_much_in_an_answer_is_a_difference(
    brute: BruteForce, monkeypatch: pytest.MonkeyPatch
) -> None:
    money, told = "revenue --group-by campaign --by click", "quality --group-by network"
    asked = {named(question): question for question in questions(_BEGAN) if named(question) in (money, told)}
    monkeypatch.setattr(reports_compared, "questions", lambda _: asked.values())
    right = {
        name: expected(question, brute.database.execute(statement(question)).fetchall())
        for name, question in asked.items()
    }

    def differing(**moments: reports_compared.Answers) -> Differing:
        plan = Plan(_RECORDS, 3, Path(), Progress(disable=True))
        return reports_compared.beside_brute_force(brute, moments, _BEGAN, plan, 3).differing

    assert differing(first=right, then=right) == (0, [])
    campaign, currency, clicks, conversions, cost, *rest = right[money][0]
    dearer = [(campaign, currency, clicks, conversions, cost + Decimal("0.01"), *rest), *right[money][1:]]
    found = differing(first=right, then=right | {money: dearer})
    assert found.keys == 1
    assert [row.split(": ")[0] for row in found.rows] == [f"{money}, then"] * 2
    assert differing(first=right | {told: [*right[told], ("acme", "late", "", 1, 1.0)]}).keys == 1
    assert differing(first=right | {told: right[told][1:]}).keys == 1
