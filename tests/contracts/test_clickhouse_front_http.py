"""What any HTTP client, and curl, may rely on."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from typing import Any

import lz4.frame
import pytest
from clickhouse_connect.driver.client import Client

from tests.contracts.clickhouse_front import Answer, ClickHouse, read_answer


def code(answer: Answer) -> int:
    return int(answer.headers["x-clickhouse-exception-code"])


def test_ping_says_ok_to_get_and_head(clickhouse: ClickHouse) -> None:
    assert clickhouse.http("GET", "/ping").body == b"Ok.\n"
    assert clickhouse.http("GET", "/").body == b"Ok.\n"
    head = clickhouse.http("HEAD", "/ping")
    assert (head.status, head.body) == (200, b"")


def test_an_unknown_path_is_404(clickhouse: ClickHouse) -> None:
    assert clickhouse.http("GET", "/nowhere").status == 404


def test_the_query_may_stand_in_the_url_in_the_body_or_in_both(clickhouse: ClickHouse) -> None:
    assert clickhouse.http("GET", query="SELECT 1").body == b"1\n"
    assert clickhouse.http("POST", body=b"SELECT 2").body == b"2\n"
    assert clickhouse.http("POST", body=b"1 + 2", query="SELECT").body == b"3\n"


def test_head_answers_a_query_without_its_body(clickhouse: ClickHouse) -> None:
    answer = clickhouse.http("HEAD", query="SELECT 1")
    assert (answer.status, answer.body, answer.headers["x-clickhouse-format"]) == (200, b"", "TabSeparated")


@pytest.mark.parametrize(
    "query", ["CREATE TABLE t (a UInt8) ENGINE = Memory", "DROP TABLE t", "INSERT INTO t VALUES (1)"]
)
def test_get_changes_nothing(clickhouse: ClickHouse, client: Client, database: str, query: str) -> None:
    client.command("CREATE TABLE t (a UInt8) ENGINE = Memory")
    answer = clickhouse.http("GET", query=query, database=database)
    assert (answer.status, code(answer)) == (500, 164)
    assert "method GET" in answer.text or "readonly" in answer.text
    assert client.query("SELECT * FROM t").result_rows == []


@pytest.mark.parametrize(
    ("fields", "headers", "format_"),
    [
        ({"query": "SELECT 1 AS a FORMAT JSONEachRow"}, {}, "JSONEachRow"),
        ({"query": "SELECT 1 AS a FORMAT JSONEachRow SETTINGS max_threads = 1"}, {}, "JSONEachRow"),
        ({"query": "SELECT 1 AS a", "default_format": "JSONEachRow"}, {}, "JSONEachRow"),
        ({"query": "SELECT 1 AS a"}, {"X-ClickHouse-Format": "JSONEachRow"}, "JSONEachRow"),
        ({"query": "SELECT 1 AS a"}, {}, "TabSeparated"),
        ({"query": "SELECT 1 AS a FORMAT JSONCompact"}, {}, "JSONCompact"),
    ],
)
def test_the_format_is_the_one_asked_for(
    clickhouse: ClickHouse, fields: dict[str, str], headers: dict[str, str], format_: str
) -> None:
    answer = clickhouse.http("GET", headers=headers, **fields)
    assert answer.headers["x-clickhouse-format"] == format_
    if format_ == "JSONEachRow":
        assert json.loads(answer.body) == {"a": 1}
        assert answer.headers["content-type"].startswith("application/")


@pytest.mark.parametrize("size", [3, 500_000])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "lz4"])
def test_answers_come_in_the_encoding_asked_for(clickhouse: ClickHouse, encoding: str, size: int) -> None:
    answer = clickhouse.http(
        "GET",
        headers={"Accept-Encoding": encoding},
        query=f"SELECT number FROM numbers({size})",
        enable_http_compression=1,
    )
    assert answer.headers["content-encoding"] == encoding
    assert decoded(encoding, answer.body).splitlines()[-1] == str(size - 1).encode()


def decoded(encoding: str, body: bytes) -> bytes:
    match encoding:
        case "gzip":
            return gzip.decompress(body)
        case "deflate":
            return zlib.decompress(body)
        case "lz4":
            return bytes(lz4.frame.decompress(body))
        case _:
            from backports import zstd

            return bytes(zstd.decompress(body))


def test_a_body_may_come_in_chunks_and_frames(clickhouse: ClickHouse, client: Client, database: str) -> None:
    client.command("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")

    def frames() -> Iterator[bytes]:
        yield gzip.compress(b"INSERT INTO t FOR")
        yield gzip.compress(b"MAT CSV\n")
        for start in range(0, 100_000, 10_000):
            yield gzip.compress(b"".join(b"%d\n" % n for n in range(start, start + 10_000)))

    answer = clickhouse.http("POST", body=frames(), headers={"Content-Encoding": "gzip"}, database=database)
    assert answer.status == 200, answer.text
    assert json.loads(answer.headers["x-clickhouse-summary"])["written_rows"] == "100000"
    assert client.query("SELECT count(), sum(a) FROM t").result_rows == [(100_000, 4_999_950_000)]


def test_a_client_that_asks_before_it_sends_is_told_at_once(clickhouse: ClickHouse) -> None:
    with socket.create_connection((clickhouse.host, clickhouse.port), timeout=5) as connection:
        target = clickhouse.target().encode()
        head = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head % target)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"SELECT 1")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_an_old_client_gets_an_answer_without_chunks(clickhouse: ClickHouse) -> None:
    with socket.create_connection((clickhouse.host, clickhouse.port), timeout=5) as connection:
        target = clickhouse.target(query="SELECT number FROM numbers(100000)").encode()
        connection.sendall(b"GET %b HTTP/1.0\r\n\r\n" % target)
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert b"Transfer-Encoding" not in answer
    assert answer.endswith(b"\n99999\n")


def test_statements_of_several_lines_and_comments_are_read_as_such(
    clickhouse: ClickHouse, client: Client, database: str
) -> None:
    client.command("CREATE TABLE t (`FORMAT` String) ENGINE = MergeTree ORDER BY tuple()")
    sql = b"/* VALUES */ INSERT INTO t -- SELECT\n (`FORMAT`) VALUES ('a;b'), (' VALUES (1)');"
    answer = clickhouse.http("POST", body=sql, database=database)
    assert answer.status == 200, answer.text
    assert client.query("SELECT * FROM t ORDER BY ALL").result_rows == [(" VALUES (1)",), ("a;b",)]


@pytest.mark.parametrize(
    ("query", "status", "number", "name"),
    [
        ("SELECT * FROM nowhere", 404, 60, "UNKNOWN_TABLE"),
        ("SELEC 1", 400, 62, "SYNTAX_ERROR"),
        ("", 400, 62, "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", 400, 62, "SYNTAX_ERROR"),
        ("SELECT * FROM no_database.t", 404, 81, "UNKNOWN_DATABASE"),
        ("SELECT 1 SETTINGS no_such_setting = 1", 404, 115, "UNKNOWN_SETTING"),
        ("SELECT no_such_column FROM system.one", 404, 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT no_such_function(1)", 404, 46, "UNKNOWN_FUNCTION"),
        ("SELECT throwIf(1)", 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ],
)
def test_errors_carry_clickhouse_codes_names_and_statuses(
    clickhouse: ClickHouse, query: str, status: int, number: int, name: str
) -> None:
    answer = clickhouse.http("POST", body=query.encode())
    assert (answer.status, code(answer)) == (status, number)
    assert answer.text.startswith(f"Code: {number}. DB::Exception: ")
    assert f"({name})" in answer.text


def test_a_bad_setting_in_the_url_is_unknown(clickhouse: ClickHouse) -> None:
    for setting in ("no_such_setting", "max_threads = 1, readonly", "a'b"):
        answer = read(clickhouse, {setting: "1"})
        assert (answer.status, code(answer)) == (404, 115)


def read(clickhouse: ClickHouse, fields: dict[str, Any]) -> Answer:
    return clickhouse.http("POST", body=b"SELECT 1", **fields)


def test_a_wrong_password_is_authentication_failed(clickhouse: ClickHouse) -> None:
    wrong = ClickHouse(clickhouse.host, clickhouse.port, "nobody", "wrong").http("POST", body=b"SELECT 1")
    assert (wrong.status, code(wrong)) == (403, 516)
    assert "AUTHENTICATION_FAILED" in wrong.text


def test_a_database_that_does_not_exist_is_an_error_of_the_first_request(clickhouse: ClickHouse) -> None:
    answer = clickhouse.http("POST", body=b"SELECT 1", database="not_yet")
    assert (answer.status, code(answer)) == (404, 81)


def test_a_refused_query_leaves_the_connection_usable(clickhouse: ClickHouse, database: str) -> None:
    connection = clickhouse.connection()
    target = clickhouse.target(database=database)
    big = b"INSERT INTO nowhere FORMAT CSV\n" + b"1\n" * 300_000
    for body, status in ((big, 404), (b"SELECT 1", 200), (b"SELEC 1", 400), (b"SELECT 1", 200)):
        connection.request("POST", target, body)
        assert read_answer(connection.getresponse()).status == status
    connection.close()


def test_bad_data_is_refused_with_the_place_of_the_error(clickhouse: ClickHouse, client: Client, database: str) -> None:
    client.command("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    answer = clickhouse.http("POST", body=b"INSERT INTO t FORMAT TSV\n1\nx\n", database=database)
    assert (answer.status, code(answer)) == (400, 27)
    assert "row 2" in answer.text
    assert client.command("SELECT count() FROM t") == 0


def test_one_session_is_not_used_by_two_at_once(clickhouse: ClickHouse) -> None:
    connection = clickhouse.connection()
    slow = "SELECT sleepEachRow(0.05), number FROM numbers(40) SETTINGS max_block_size = 1"
    padded = slow.replace("number", "repeat('x', 100000)", 1)
    connection.request("POST", clickhouse.target(session_id="shared"), padded.encode())
    response = connection.getresponse()  # the first rows are there, the query runs on
    second = clickhouse.http("POST", body=b"SELECT 1", session_id="shared")
    assert code(second) == 373
    assert "SESSION_IS_LOCKED" in second.text
    response.read()
    connection.close()
    assert clickhouse.http("POST", body=b"SELECT 1", session_id="shared").status == 200


def test_a_session_that_must_exist_does_or_is_an_error(clickhouse: ClickHouse) -> None:
    missing = clickhouse.http("POST", body=b"SELECT 1", session_id="never-seen", session_check=1)
    assert code(missing) == 372
    assert clickhouse.http("POST", body=b"SELECT 1", session_id="s1").status == 200
    assert clickhouse.http("POST", body=b"SELECT 1", session_id="s1", session_check=1).status == 200


def test_use_lasts_for_the_session(clickhouse: ClickHouse, database: str) -> None:
    session = f"use-{database}"
    for query, answered in (
        ("SELECT currentDatabase()", "default\n"),
        (f"USE {database}", ""),
        ("SELECT currentDatabase()", f"{database}\n"),
    ):
        assert clickhouse.http("POST", body=query.encode(), session_id=session).text == answered
    assert clickhouse.http("POST", body=b"SELECT currentDatabase()", session_id=session, database="system").text == (
        "system\n"
    )
    assert clickhouse.http("POST", body=b"SELECT currentDatabase()", session_id=session).text == f"{database}\n"
