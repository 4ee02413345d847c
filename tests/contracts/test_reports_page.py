"""docs/reports.md shows what the reports answer."""

from __future__ import annotations

import os

from sql.connect import connect
from sql.reports.catalogue import REPORTS
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of
from tests.report_page import MARK, PAGE, generated
from tests.support.report_rows import load
from tests.support.report_story import story


def test_the_page_of_the_reports_is_what_make_docs_reports_writes(clickhouse: ClickHouse) -> None:
    name = f"story_{os.getpid()}"
    client = connect(dsn_of(clickhouse, name))
    try:
        load(client, story())
        assert PAGE.read_text(encoding="utf-8").partition(MARK)[2] == "\n" + generated(client)
    finally:
        client.command(f"DROP DATABASE {name}")
        client.close()


def test_the_page_names_every_report_and_dimension() -> None:
    text = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    for report in REPORTS.values():
        assert f"`{report.name}`" in text
        for dimension in report.dimensions:
            assert f"`{dimension}`" in text or dimension.startswith("sub")
