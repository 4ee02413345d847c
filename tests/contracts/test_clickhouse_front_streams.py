"""Long results, errors in their middle, reads beside writes; and the asynchronous client."""

from __future__ import annotations

import asyncio
import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster

from tests.contracts.clickhouse_front import ClickHouse

FAILS_LATE = "SELECT number, throwIf(number = 3000000) FROM numbers(4000000)"


def test_a_long_result_streams_whole(client: Client) -> None:
    seen = total = 0
    with client.query_row_block_stream("SELECT number, toString(number) FROM numbers(1000000)") as blocks:
        for block in blocks:
            seen += len(block)
            total += sum(int(text) for _, text in block)
    assert (seen, total) == (1_000_000, 499_999_500_000)


def test_a_stream_that_is_not_read_to_its_end_frees_the_client(clickhouse: ClickHouse) -> None:
    client = clickhouse.client(session_id="left-early")
    with client.query_row_block_stream("SELECT number FROM numbers(100000000)") as blocks:
        assert len(next(iter(blocks))) > 0
    other = clickhouse.client()
    assert other.command("SELECT 1") == 1


@pytest.mark.parametrize("compression", ["lz4", "zstd", "gzip", False])
def test_an_error_in_mid_stream_is_no_short_result(clickhouse: ClickHouse, compression: str | bool) -> None:
    client = clickhouse.client(compress=compression)
    seen: list[int] = []

    def read() -> None:
        with client.query_row_block_stream(FAILS_LATE) as blocks:
            seen.extend(len(block) for block in blocks)

    with pytest.raises(StreamFailureError, match=r"395.*throwIf"):
        read()
    assert 0 < sum(seen) < 4_000_000
    assert client.command("SELECT 1") == 1


def test_a_client_that_knows_no_tag_sees_a_broken_answer(clickhouse: ClickHouse) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        clickhouse.http("POST", body=FAILS_LATE.encode())
    assert b"__exception__" in caught.value.partial[-3000:]


def test_an_error_among_the_first_rows_has_its_own_status(clickhouse: ClickHouse) -> None:
    query = "SELECT number, throwIf(number = 200) FROM numbers(400) SETTINGS max_block_size = 10"
    assert clickhouse.http("POST", body=query.encode()).status == 500


def test_eight_readers_read_while_rows_are_inserted(clickhouse: ClickHouse, database: str) -> None:
    writer = clickhouse.client(database)
    writer.command("CREATE TABLE t (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY a")
    done = threading.Event()

    def read() -> int:
        client, reads, before = clickhouse.client(database), 0, 0
        while not done.is_set() or not reads:
            rows, different = client.query("SELECT count(), countIf(a != b) FROM t").result_rows[0]
            assert (different, rows % 500) == (0, 0)  # whole inserts only
            assert rows >= before
            before, reads = rows, reads + 1
        client.close()
        return reads

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read) for _ in range(8)]
        try:
            for start in range(0, 40 * 500, 500):
                writer.insert("t", [[n, n] for n in range(start, start + 500)])
        finally:
            done.set()
        assert all(reader.result() > 0 for reader in readers)
    assert writer.command("SELECT count() FROM t") == 20_000


def test_the_asynchronous_client_inserts_queries_streams_and_fails_alike(clickhouse: ClickHouse, database: str) -> None:
    async def scenario() -> None:
        client = await clickhouse_connect.get_async_client(**clickhouse.options(database))
        async with client:
            await client.command("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
            await client.insert("t", [[n] for n in range(1000)], column_names=["a"], column_type_names=["UInt64"])
            query = "SELECT sum(a) FROM t WHERE a < {n:UInt64}"
            answers = await asyncio.gather(*(client.query(query, parameters={"n": n}) for n in range(1, 11)))
            assert [answer.result_rows[0][0] for answer in answers] == [n * (n - 1) // 2 for n in range(1, 11)]
            ids = [f"id'{n}" for n in range(20_000)]
            long = await client.query("SELECT length({ids:Array(String)})", parameters={"ids": ids})
            assert long.result_rows == [(20_000,)]
            seen = 0
            async with await client.query_row_block_stream("SELECT number FROM numbers(500000)") as blocks:
                async for block in blocks:
                    seen += len(block)
            assert seen == 500_000
            with pytest.raises(DatabaseError) as caught:
                await client.query("SELECT * FROM nowhere")
            assert caught.value.code == 60
            with pytest.raises(StreamFailureError):
                await read_all(client)

    async def read_all(client: clickhouse_connect.driver.AsyncClient) -> None:
        async with await client.query_row_block_stream(FAILS_LATE) as blocks:
            async for _ in blocks:
                pass

    asyncio.run(scenario())


def test_migrations_apply_once_and_again_do_nothing(clickhouse: ClickHouse, database: str, tmp_path: Path) -> None:
    (tmp_path / "001_tables.sql").write_text(
        "CREATE TABLE clicks (id String, day Date) ENGINE = ReplacingMergeTree ORDER BY id;\n"
        "-- a comment; with a semicolon\n"
        "INSERT INTO clicks VALUES ('a;b', '2026-11-21');\n"
    )
    (tmp_path / "002_views.sql").write_text(
        "CREATE VIEW daily AS SELECT day, count() AS n FROM clicks FINAL WHERE day >= {since:Date} GROUP BY day;\n"
    )

    def migrate() -> list[int]:
        cluster = ClickhouseCluster(
            db_host=clickhouse.host,
            db_port=str(clickhouse.port),
            db_user=clickhouse.user,
            db_password=clickhouse.password,
            driver="clickhouse-connect",
        )
        applied = cluster.migrate(
            db_name=database, migration_path=tmp_path, create_db_if_no_exists=True, multi_statement=True
        )
        return [migration.version for migration in applied]

    assert [str(version).lstrip("0") for version in migrate()] == ["1", "2"]
    assert migrate() == []
    rows = clickhouse.client(database).query("SELECT n FROM daily(since = '2026-01-01')").result_rows
    assert rows == [(1,)]
