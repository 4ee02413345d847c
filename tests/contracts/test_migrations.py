"""The schema, and how it gets there."""

from __future__ import annotations

import re
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster
from clickhouse_migrations.migration import MigrationStorage
from clickhouse_migrations.substitution import substitute

from sql.connect import connect
from sql.migrate import SINGLE_NODE, MigrationError, migrate, plan
from streams.tables import WRITE_ORDER
from tests.contracts.clickhouse_front import ClickHouse, free_port
from tests.contracts.sink_records import dsn_of, rows
from tests.support.report_rows import KEYS, Rows, load, messy_rows

SUNK = ("clicks", "conversions", "deliveries", "invalid", "postbacks")
TABLES = (*SUNK, "click_days", "costs", "forgotten")
OLDER = (5, 26)  # the numbers of schemas that tables may have been filled with: the first that was out, and the last
VIEWS = (*(f"{table}_latest" for table in SUNK), "funnel", "performance")
CLUSTER = {
    "LOCAL": "_local",
    "ON_CLUSTER": "ON CLUSTER 'cj'",
    "REPLICATED": "Replicated",
    "CLUSTER": "cj",
    "CLUSTER_ONLY": "",
}


@pytest.fixture
def dsn(clickhouse: ClickHouse, database: str) -> str:
    return dsn_of(clickhouse, database)


def test_migrating_creates_the_database_and_again_applies_nothing(clickhouse: ClickHouse, database: str) -> None:
    fresh = f"{database}_fresh"
    dsn = f"http://{clickhouse.user}:{clickhouse.password}@{clickhouse.host}:{clickhouse.port}/{fresh}"
    try:
        assert migrate(dsn) == sorted(
            path.name for path in MigrationStorage(str(files("sql") / "migrations")).filenames()
        )
        assert migrate(dsn) == []
        found = rows(dsn, "SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name")
        assert {name for (name,) in found} >= set(TABLES)
    finally:
        rows(dsn, f"DROP DATABASE {fresh}")


@pytest.mark.parametrize("number", OLDER)
def test_a_plan_says_what_would_run_and_what_runs_keeps_the_rows_of_an_older_schema(
    clickhouse: ClickHouse, database: str, number: int
) -> None:
    planned = f"{database}_planned"
    dsn = f"http://{clickhouse.user}:{clickhouse.password}@{clickhouse.host}:{clickhouse.port}/{planned}"
    pending = plan(dsn)
    assert plan(dsn) == pending
    assert "ReplacingMergeTree" in pending[0].sql
    assert not any("${" in sql for _, sql in pending)
    try:
        older = ClickhouseCluster(db_url=dsn, driver="clickhouse-connect")
        older.migrate(planned, Path(str(files("sql") / "migrations")), to_version=number, variables=SINGLE_NODE)
        with closing(connect(dsn)) as client:
            load(client, _known_there(client, messy_rows(40, 7)))
            for table in ("clicks", "conversions"):
                client.command(f"SYSTEM START MERGES {table}")  # else nothing would be worked out for their rows
            tables = KEYS.keys() & {name for (name,) in rows(dsn, "SHOW TABLES")}
        held = {table: _held(dsn, table) for table in tables}
        assert migrate(dsn) == [name for name, _ in pending[number:]]
        assert plan(dsn) == []
        assert {table: _held(dsn, table, found.columns) for table, found in held.items()} == held
        assert {table for table, found in held.items() if found.rows} == tables >= set(SUNK)
        hashed = "SELECT uniqExact(click_hash) = uniqExact(click_id), uniqExact(click_id) > 10 FROM conversions"
        assert rows(dsn, hashed) == [(1, 1)]
        rows(dsn, "ALTER TABLE schema_versions UPDATE md5 = 'other' WHERE version = 1 SETTINGS mutations_sync = 2")
        with pytest.raises(MigrationError, match=r"001_clicks\.sql was applied before and has changed since"):
            plan(dsn)
    finally:
        clickhouse.client().command(f"DROP DATABASE {planned}")


def _known_there(client: Client, written: Rows) -> Rows:
    """Of these rows what the tables there have a column for."""
    found = client.query(
        "SELECT table, groupArray(name) FROM system.columns WHERE database = currentDatabase() GROUP BY 1"
    )
    known = {str(row[0]): row[1] for row in found.result_rows}
    return {
        table: [{name: row[name] for name in row if name in known[table]} for row in made]
        for table, made in written.items()
        if table in known
    }


class Held(NamedTuple):
    columns: tuple[str, ...]
    rows: list[str]


def _held(dsn: str, table: str, columns: tuple[str, ...] = ("*",)) -> Held:
    """The rows of a table that count, as text, in one order."""
    with closing(connect(dsn)) as client:
        found = client.query(f"SELECT {', '.join(columns)} FROM {table} FINAL")
    return Held(tuple(found.column_names), sorted(map(repr, found.result_rows)))


def test_every_column_that_the_sink_writes_is_there(dsn: str) -> None:
    for table in WRITE_ORDER:
        found = rows(
            dsn, f"SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '{table.name}'"
        )
        assert {name for (name,) in found} >= set(table.columns)


def test_every_table_view_and_column_says_what_it_means(dsn: str) -> None:
    silent = rows(
        dsn,
        "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = '' UNION ALL "
        "SELECT name, '' FROM system.tables WHERE database = currentDatabase() AND comment = ''",
    )
    assert silent == []
    found = rows(dsn, "SELECT name FROM system.tables WHERE database = currentDatabase()")
    assert {name for (name,) in found} >= {*TABLES, *VIEWS}


def test_keys_and_partitions_hold_nothing_that_can_change(dsn: str) -> None:
    found = rows(
        dsn,
        "SELECT name, sorting_key, partition_key FROM system.tables "
        f"WHERE database = currentDatabase() AND name IN {TABLES} ORDER BY name",
    )
    assert found == [
        ("click_days", "clicked_on, campaign, source, offer, network, country, device", ""),
        ("clicks", "id_day, click_id", "toYYYYMM(id_day)"),
        ("conversions", "id_day, click_id, conversion_id", "toYYYYMM(id_day)"),
        ("costs", "day, cost_id", "toYYYYMM(day)"),
        ("deliveries", "id_day, click_id, delivery_id, attempt, state", "toYYYYMM(id_day)"),
        ("forgotten", "id_day, click_id", ""),
        ("invalid", "invalid_id", ""),
        ("postbacks", "click_id, postback_id", "toYYYYMM(received_at)"),
    ]


def test_the_same_files_are_good_sql_for_a_cluster(dsn: str) -> None:
    client = connect(dsn)
    for path in MigrationStorage(str(files("sql") / "migrations")).filenames():
        text = substitute(Path(path).read_text(), CLUSTER, path.name)
        statements = [part for part in re.split(r";\s*$", text, flags=re.MULTILINE) if part.strip()]
        several = {"007_views.sql": len(VIEWS), "013_performance.sql": 1, "016_ledger.sql": 4}
        several |= {"019_click_days.sql": 4, "020_performance.sql": 1, "022_partner.sql": 6, "023_cpa.sql": 4}
        several |= {"025_performance.sql": 1, "026_click_hash.sql": 3}
        assert len(statements) == several.get(Path(path).name, 2), path
        for statement in statements:
            shown = str(client.query("SELECT formatQuery({sql:String})", {"sql": statement}).result_rows[0][0])
            assert "ON CLUSTER cj" in shown
            made = "ReplicatedReplacingMergeTree" in shown or "ENGINE = Distributed('cj'" in shown
            assert made or shown.startswith(
                (
                    *("ALTER TABLE ", "CREATE VIEW IF NOT EXISTS", "CREATE OR REPLACE VIEW"),
                    *("CREATE TABLE IF NOT EXISTS click_days ", "CREATE MATERIALIZED VIEW IF NOT EXISTS click_days_"),
                )
            )
    client.close()


def test_clickhouse_away_is_an_error_that_names_the_address_and_no_password() -> None:
    port = free_port()
    with pytest.raises(MigrationError, match=rf"ClickHouse at 127\.0\.0\.1:{port}: ") as raised:
        migrate(f"http://user:s3cret@127.0.0.1:{port}/clickjoin")
    assert "s3cret" not in str(raised.value)
