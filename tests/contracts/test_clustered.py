"""The distributed form of the tables, on a cluster of one shard: all of it but Keeper and a second server."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster

from sql.connect import connect
from sql.migrate import SINGLE_NODE
from sql.reports.ask import ask
from sql.reports.catalogue import REPORTS
from sql.reports.question import Question
from tests.contracts.clickhouse_front import FrontProcess
from tests.contracts.sink_records import click, on_topic, write
from tests.support.report_rows import EVENTS, KEYS, Rows, messy_rows

DISTRIBUTED = {**SINGLE_NODE, "LOCAL": "_local", "CLUSTER": "cj", "CLUSTER_ONLY": ""}
"""What the placeholders stand for without Keeper: neither Replicated nor ON CLUSTER."""
VIEWS = (*(f"{table}_latest" for table in KEYS if table != "costs"), "funnel", "performance")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontProcess]:
    with FrontProcess(tmp_path_factory.mktemp("clustered") / "data", module="tests.clustered_clickhouse") as started:
        yield started


@pytest.fixture(scope="module")
def both(front: FrontProcess) -> Iterator[tuple[Client, Client]]:
    """The same messy rows in tables of the distributed form, and in those of one node."""
    rows = messy_rows(200, 7)
    filled = []
    for name, variables in (("several", DISTRIBUTED), ("one", SINGLE_NODE)):
        cluster = ClickhouseCluster(db_url=_dsn(front, name), driver="clickhouse-connect")
        cluster.migrate(name, Path(str(files("sql") / "migrations")), variables=variables)
        filled.append(_filled(connect(_dsn(front, name)), rows))
    yield filled[0], filled[1]
    for client in filled:
        client.close()


def _dsn(front: FrontProcess, name: str) -> str:
    return f"http://127.0.0.1:{front.port}/{name}"


def _filled(client: Client, rows: Rows) -> Client:
    for table, written in rows.items():
        columns = list(written[0])
        client.insert(table, [[row[name] for name in columns] for row in written], column_names=columns)
    return client


def test_the_tables_are_distributed_and_hold_each_row_once(both: tuple[Client, Client]) -> None:
    several, one = both
    found = several.query("SELECT name, engine FROM system.tables WHERE database = 'several'").result_rows
    engines = {row[0]: row[1] for row in found}
    for table in KEYS:
        assert (engines[table], engines[f"{table}_local"]) == ("Distributed", "ReplacingMergeTree")
        asked = f"SELECT count() FROM {table} FINAL"
        assert several.query(asked).result_rows == one.query(asked).result_rows


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_distributed_tables_says_what_one_node_says(both: tuple[Client, Client], name: str) -> None:
    report = REPORTS[name]
    for strict in {False, name == "funnel"}:
        question = Question(report, EVENTS, report.dimensions[:1], strict=strict, now=1_800_000_000_000)
        several, one = (ask(client, question).rows for client in both)
        assert several == one
        assert several


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_distributed_tables_says_what_one_node_says(both: tuple[Client, Client], view: str) -> None:
    several, one = (sorted(map(repr, client.query(f"SELECT * FROM {view}").result_rows)) for client in both)
    assert several == one
    assert several


def test_the_sink_writes_to_distributed_tables(both: tuple[Client, Client], front: FrontProcess) -> None:
    several, _ = both
    clicks = [click(number, campaign="by the sink") for number in range(5)]
    for name in ("several", "one"):
        write(_dsn(front, name), "events", on_topic("events", [*clicks, *clicks]))
    assert several.query("SELECT count() FROM clicks_local FINAL WHERE campaign = 'by the sink'").result_rows == [(5,)]
