"""What clickhouse-connect's synchronous client may rely on."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import uuid
from decimal import Decimal

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.contracts.clickhouse_front import ClickHouse

UTC = dt.UTC
EVERY_TYPE = {
    "id": "UInt64",
    "money": "Decimal(18, 6)",
    "big": "Decimal(38, 10)",
    "at": "DateTime64(3, 'UTC')",
    "day": "Date",
    "word": "LowCardinality(String)",
    "maybe": "LowCardinality(Nullable(String))",
    "labels": "Map(LowCardinality(String), String)",
    "numbers": "Array(Nullable(Int32))",
    "state": "Enum8('pending' = 1, 'approved' = 2)",
    "uid": "UUID",
    "ip": "IPv6",
    "flag": "Bool",
    "nothing": "Nullable(Float64)",
}
ROWS = [
    (
        2**64 - 1,
        Decimal("-123456789012.345678"),
        Decimal("1234567890123456789012345678.0123456789"),
        dt.datetime(2026, 11, 21, 9, 8, 7, 654000, UTC),
        dt.date(2026, 11, 21),
        "naïve ☃ 'quoted' \\ \t",
        None,
        {"sub1": "a'b", "": "ü"},
        [1, None, -(2**31)],
        "approved",
        uuid.UUID("12345678-1234-5678-1234-567812345678"),
        ipaddress.IPv6Address("2001:db8::1"),
        True,
        None,
    ),
    (
        0,
        Decimal("0.000001"),
        Decimal(0),
        dt.datetime(1970, 1, 1, tzinfo=UTC),
        dt.date(1970, 1, 1),
        "",
        "x",
        {},
        [],
        "pending",
        uuid.UUID(int=0),
        ipaddress.IPv6Address("::ffff:10.0.0.1"),
        False,
        0.1,
    ),
]


def create_every_type(client: Client) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in EVERY_TYPE.items())
    client.command(f"CREATE TABLE things ({columns}) ENGINE = MergeTree ORDER BY id")


def stored(client: Client) -> list[tuple[object, ...]]:
    rows = client.query("SELECT * FROM things ORDER BY id DESC").result_rows
    ip = list(EVERY_TYPE).index("ip")
    return [tuple(ipaddress.IPv6Address(str(v)) if i == ip else v for i, v in enumerate(row)) for row in rows]


def naive(value: object) -> object:
    """clickhouse-connect leaves the zone away or not, as its options say; the instant is what counts here."""
    return value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value


@pytest.mark.parametrize("compression", ["lz4", "zstd", "gzip", False])
def test_every_type_comes_back_as_it_was_inserted_under_every_compression(
    clickhouse: ClickHouse, database: str, compression: str | bool
) -> None:
    client = clickhouse.client(database, compress=compression)
    create_every_type(client)
    summary = client.insert("things", ROWS, column_names=list(EVERY_TYPE))
    assert summary.written_rows == 2
    assert [tuple(map(naive, row)) for row in stored(client)] == [tuple(map(naive, row)) for row in ROWS]


def test_an_insert_that_names_its_types_asks_the_server_for_nothing_else(client: Client) -> None:
    create_every_type(client)
    client.insert("things", ROWS, column_names=list(EVERY_TYPE), column_type_names=list(EVERY_TYPE.values()))
    assert client.command("SELECT sum(money) FROM things") == "-123456789012.345677"


def test_an_insert_by_columns_is_the_same_rows(client: Client) -> None:
    client.command("CREATE TABLE t (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
    client.insert("t", [[1, 2, 3], ["x", "y", "z"]], column_names=["a", "b"], column_oriented=True)
    assert client.query("SELECT * FROM t ORDER BY a").result_rows == [(1, "x"), (2, "y"), (3, "z")]


@pytest.mark.parametrize(
    ("fmt", "data"),
    [
        ("CSV", b'1,"a, b"\n2,c\n'),
        ("JSONEachRow", b'{"a":1,"b":"a, b"}\n{"a":2,"b":"c"}\n'),
        ("TSV", b"1\ta, b\n2\tc\n"),
        ("Values", b"(1, 'a, b'), (2, lower('C'))"),
    ],
)
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_raw_inserts_take_the_format_they_name(client: Client, fmt: str, data: bytes, compression: str | None) -> None:
    client.command("CREATE TABLE t (a UInt32, b String) ENGINE = MergeTree ORDER BY a")
    body = gzip.compress(data) if compression else data
    client.raw_insert("t", ["a", "b"], body, fmt=fmt, compression=compression)
    assert client.query("SELECT * FROM t ORDER BY a").result_rows == [(1, "a, b"), (2, "c")]


def test_parameters_are_bound_by_the_server(client: Client) -> None:
    nasty = "it's \\ a\ttab\nand ☃"
    given = {"s": nasty, "n": -5, "d": dt.date(2026, 1, 2), "l": ["a'b", "c"]}
    query = "SELECT {s:String}, {n:Int32}, {d:Date}, {l:Array(String)}"
    row = client.query(query, parameters=given).result_rows[0]
    assert row == (nasty, -5, dt.date(2026, 1, 2), ["a'b", "c"])
    assert client.command("SELECT count() FROM system.{t:Identifier}", parameters={"t": "one"}) == 1


@pytest.mark.parametrize("as_form", [False, True])
def test_parameters_too_long_for_a_url_are_bound_too(clickhouse: ClickHouse, as_form: bool) -> None:
    client = clickhouse.client(form_encode_query_params=as_form)
    given = [f"{n}\r\n--☃'\\\t" for n in range(20_000)]
    query = "SELECT length({ids:Array(String)}), {ids:Array(String)}[20000], {s:String}"
    row = client.query(query, parameters={"ids": given, "s": "a\r\nb\n"}).result_rows[0]
    assert row == (20_000, given[-1], "a\r\nb\n")


def test_settings_hold_for_one_query_only(client: Client) -> None:
    limited = {"max_result_rows": 5, "result_overflow_mode": "throw"}
    with pytest.raises(DatabaseError, match="TOO_MANY_ROWS_OR_BYTES") as caught:
        client.query("SELECT number FROM numbers(10)", settings=limited)
    assert caught.value.code == 396
    assert len(client.query("SELECT number FROM numbers(10)").result_rows) == 10


def test_the_value_of_a_setting_cannot_break_out_of_it(client: Client) -> None:
    value = "x', max_threads = '77\\' -- ☃\n"
    query = "SELECT getSetting('log_comment'), toString(getSetting('max_threads'))"
    comment, threads = client.query(query, settings={"log_comment": value}).result_rows[0]
    assert comment == value
    assert threads != "77"


def test_a_session_keeps_its_temporary_tables_and_settings(clickhouse: ClickHouse, database: str) -> None:
    ours = clickhouse.client(database, session_id=f"ours-{database}")
    other = clickhouse.client(database, session_id=f"other-{database}")
    ours.command("CREATE TEMPORARY TABLE mine (a UInt8)")
    ours.insert("mine", [[1], [2]])
    ours.command("SET max_block_size = 777")
    again = ours.query("SELECT (SELECT sum(a) FROM mine), getSetting('max_block_size')").result_rows
    assert again == [(3, 777)]
    over = ours.query("SELECT getSetting('max_block_size')", settings={"max_block_size": 99}).result_rows
    assert over == [(99,)]
    assert ours.query("SELECT getSetting('max_block_size')").result_rows == [(777,)]
    with pytest.raises(DatabaseError) as caught:
        other.query("SELECT * FROM mine")
    assert caught.value.code == 60
    assert other.command("SELECT getSetting('max_block_size')") != 777


def test_a_client_without_session_leaves_nothing_behind(clickhouse: ClickHouse) -> None:
    client = clickhouse.client(autogenerate_session_id=False)
    client.command("CREATE TEMPORARY TABLE gone (a UInt8)")
    with pytest.raises(DatabaseError) as caught:
        client.query("SELECT * FROM gone")
    assert caught.value.code == 60


def test_columns_are_known_without_rows(client: Client) -> None:
    result = client.query("SELECT 1 AS a, 'x' AS b LIMIT 0")
    assert (result.column_names, result.result_rows) == (("a", "b"), [])
    assert client.query("SELECT number FROM numbers(10) WHERE number > 10").result_rows == []


def test_frames_and_arrow_tables_go_both_ways(client: Client) -> None:
    client.command("CREATE TABLE t (a Int64, b String) ENGINE = MergeTree ORDER BY a")
    table = client.query_arrow("SELECT toInt64(number) AS a, toString(number) AS b FROM numbers(1000)")
    client.insert_arrow("t", table)
    frame = client.query_df("SELECT * FROM t ORDER BY a")
    assert (len(frame), frame.b.iloc[999]) == (1000, "999")
    client.command("TRUNCATE TABLE t")
    client.insert_df("t", frame)
    assert client.command("SELECT sum(a) FROM t") == 499500


def test_a_repeated_deduplication_token_inserts_once(client: Client) -> None:
    client.command(
        "CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100"
    )
    token = {"insert_deduplication_token": "events-0:1-2", "insert_deduplicate": 1, "async_insert": 0}
    for _ in range(3):
        client.insert("t", [[1], [2]], settings=token)
    assert client.command("SELECT count() FROM t") == 2


def test_an_insert_may_hold_a_parameter(clickhouse: ClickHouse, client: Client, database: str) -> None:
    client.command("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a")
    sent = clickhouse.http("POST", body=b"INSERT INTO {t:Identifier} FORMAT CSV\n7\n", database=database, param_t="t")
    assert sent.status == 200, sent.text
    assert client.command("SELECT a FROM t") == 7
