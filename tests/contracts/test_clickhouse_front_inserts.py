"""An insert is answered with 200 only when its rows are stored, whatever lies in its data."""

from __future__ import annotations

import json
from functools import partial

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from clickjoin.embedded.clickhouse.statement import insert_from_file
from tests.contracts.clickhouse_front import ClickHouse

NASTY = ["a;\n\n; select 1", ";", "\n\n", ";\nDROP TABLE t;", "-- x\n", "'", "{x:String}", "\\", "\0", "FORMAT CSV\n"]


def test_an_insert_selects_from_its_data_by_input(clickhouse: ClickHouse, client: Client, database: str) -> None:
    client.command("CREATE TABLE t (a Int32, s LowCardinality(String)) ENGINE = MergeTree ORDER BY a")
    select = "SELECT a + {more:Int32}, upper(s) FROM input('a Int32, s String')"
    statement = f"INSERT INTO t (a, s) {select} SETTINGS async_insert = 0 FORMAT JSONCompactEachRow\n"
    rows = list(enumerate(NASTY))
    body = "\n".join(map(json.dumps, rows))
    answer = clickhouse.http("POST", "/", (statement + body).encode(), database=database, param_more="7")
    assert answer.status == 200, answer.text
    found = client.query("SELECT a, s FROM t ORDER BY a").result_rows
    assert found == [(number + 7, text.upper()) for number, text in rows]
    assert clickhouse.http("POST", "/", statement.encode() + b"[1]", database=database, param_more="7").status == 400
    assert client.query("SELECT count() FROM t").result_rows == [(len(rows),)]


@pytest.mark.parametrize("fmt", ["JSONCompactEachRow", "Native"])
def test_a_violated_constraint_is_an_error_and_nothing_is_stored(client: Client, fmt: str) -> None:
    client.command("CREATE TABLE t (a Int32, CONSTRAINT small CHECK a < 3) ENGINE = MergeTree ORDER BY a")
    insert = {
        "Native": partial(client.insert, "t", [[1], [3]], ["a"]),
        "JSONCompactEachRow": partial(client.raw_insert, "t", ["a"], b"[1]\n[3]", fmt="JSONCompactEachRow"),
    }[fmt]
    with pytest.raises(DatabaseError, match="VIOLATED_CONSTRAINT") as raised:
        insert()
    assert raised.value.code == 469
    assert client.query("SELECT count() FROM t").result_rows == [(0,)]


def test_too_many_parts_is_an_error(client: Client) -> None:
    client.command(
        "CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a SETTINGS parts_to_throw_insert = 2, "
        "parts_to_delay_insert = 1, max_parts_to_merge_at_once = 2"
    )
    client.command("SYSTEM STOP MERGES t")
    for number in range(2):
        client.insert("t", [[number]], ["a"], settings={"async_insert": 0})
    with pytest.raises(DatabaseError, match="TOO_MANY_PARTS"):
        client.insert("t", [[2]], ["a"], settings={"async_insert": 0})
    assert client.query("SELECT count() FROM t").result_rows == [(2,)]


def test_data_is_never_taken_for_a_statement(clickhouse: ClickHouse, client: Client, database: str) -> None:
    client.command("CREATE TABLE t (a Int32, s String) ENGINE = MergeTree ORDER BY a")
    rows = list(enumerate(NASTY))
    quoted = [(number, text.replace('"', '""')) for number, text in rows]
    bodies = {
        "JSONCompactEachRow": "\n".join(json.dumps(row) for row in rows),
        "JSONEachRow": "\n".join(json.dumps({"a": number, "s": text}) for number, text in rows),
        "CSV": "\n".join(f'{number},"{text}"' for number, text in quoted),
    }
    for fmt, body in bodies.items():
        statement = f"INSERT INTO t (a, s) SETTINGS async_insert = 0 FORMAT {fmt}\n"
        assert clickhouse.http("POST", "/", (statement + body).encode(), database=database).status == 200
    client.insert("t", [list(row) for row in rows], ["a", "s"])
    found = client.query("SELECT a, groupUniqArray(s), count() FROM t GROUP BY a ORDER BY a").result_rows
    assert found == [(number, [text], 4) for number, text in rows]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (b"INSERT INTO t (a) ", b"INSERT INTO t (a) \nFROM INFILE '/x y/b' COMPRESSION 'none' \nFORMAT CSV"),
        (
            b"INSERT INTO t SETTINGS x = 1 ",
            b"INSERT INTO t \nFROM INFILE '/x y/b' COMPRESSION 'none' SETTINGS x = 1 \nFORMAT CSV",
        ),
        (
            b"INSERT INTO t (settings) ",
            b"INSERT INTO t (settings) \nFROM INFILE '/x y/b' COMPRESSION 'none' \nFORMAT CSV",
        ),
        (
            b"INSERT INTO db.settings -- SETTINGS\n",
            b"INSERT INTO db.settings -- SETTINGS\n\nFROM INFILE '/x y/b' COMPRESSION 'none' \nFORMAT CSV",
        ),
        (
            b"INSERT INTO t SELECT a FROM (SELECT * FROM input('a Enum(\\'(\\' = 1)')) SETTINGS x = 1 ",
            b"INSERT INTO t SELECT a FROM (SELECT * FROM file('/x y/b', 'CSV', 'a Enum(\\'(\\' = 1)')) SETTINGS x = 1 ",
        ),
        (b"INSERT INTO t SELECT * FROM INPUT( ) ", b"INSERT INTO t SELECT * FROM file('/x y/b', 'CSV' ) "),
    ],
)
def test_the_file_is_named_where_the_data_is_read_and_before_the_settings(statement: bytes, expected: bytes) -> None:
    assert insert_from_file(statement, "/x y/b", "CSV") == expected
