"""Laws of the front's pure modules: where an INSERT's data begins, what a name or value in SQL is."""

from __future__ import annotations

import gzip
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickjoin.embedded.clickhouse.access import check_browser
from clickjoin.embedded.clickhouse.body import decompress
from clickjoin.embedded.clickhouse.errors import ClickHouseError, from_engine
from clickjoin.embedded.clickhouse.gate import Gate
from clickjoin.embedded.clickhouse.settings import quote_identifier, set_statement
from clickjoin.embedded.clickhouse.statement import InlineInsert, inline_insert, names_a_file, output_format
from tests.contracts.clickhouse_front import ClickHouse

INSERTS = [
    (b"INSERT INTO t FORMAT Native\n", "Native"),
    (b'insert into t (`FORMAT`, "VALUES") format CSV ;\r\n', "CSV"),
    (b"/* SELECT */ INSERT INTO t -- VALUES\n (a) SETTINGS log_comment='FORMAT x' FORMAT RowBinary\n", "RowBinary"),
    (b"INSERT INTO FUNCTION null('a Int8') VALUES", "Values"),
    (b"INSERT INTO t VALUES", "Values"),
    (b"INSERT INTO t (a) SELECT * FROM input('a Int8, `FORMAT` Date') SETTINGS x = 'FORMAT y' FORMAT CSV\n", "CSV"),
    (b"INSERT INTO t WITH 1 AS x SELECT a + x FROM (SELECT a FROM Input ( 'a Int8' )) FORMAT Native\n", "Native"),
]
OTHERS = [
    b"SELECT 'INSERT INTO t FORMAT CSV\n'",
    b"INSERT INTO t SELECT * FROM u FORMAT CSV\n1",
    b"INSERT INTO t SELECT input FROM input FORMAT CSV\n1",
    b"INSERT INTO t WITH 1 AS x SELECT x",
    b"-- INSERT INTO t VALUES\nSELECT 1",
    b"",
]


@settings(deadline=None)
@given(st.sampled_from(INSERTS), st.binary(max_size=40), st.integers(0, 200))
def test_the_data_of_an_insert_begins_at_the_same_byte_however_the_request_is_cut(
    insert: tuple[bytes, str], data: bytes, cut: int
) -> None:
    head, name = insert
    data = b"(" + data  # what follows VALUES is a token of its own
    early = inline_insert((head + data)[:cut], at_end=False)
    found = early if isinstance(early, InlineInsert) else inline_insert(head + data, at_end=True)
    assert isinstance(found, InlineInsert)
    assert (found.format, found.offset) == (name, len(head))


@settings(deadline=None)
@given(st.sampled_from(OTHERS), st.integers(0, 60))
def test_what_is_no_insert_with_data_is_never_taken_for_one(statement: bytes, cut: int) -> None:
    assert not isinstance(inline_insert(statement[:cut], at_end=False), InlineInsert)
    assert inline_insert(statement, at_end=True) is False


@settings(deadline=None, max_examples=60)
@given(value=st.text(max_size=30))
def test_any_text_survives_as_a_setting_and_as_a_name(clickhouse: ClickHouse, value: str) -> None:
    name = quote_identifier(value or "x")
    query = f"SELECT getSetting('log_comment') AS {name} FORMAT JSONCompactColumns"
    answer = clickhouse.http("POST", body=query.encode(), log_comment=value)
    assert answer.status == 200, answer.text
    check = clickhouse.http(
        "POST", body=b"SELECT getSetting('log_comment') = {v:String}", log_comment=value, param_v=escaped(value)
    )
    assert check.body == b"1\n"


def escaped(value: str) -> str:
    """ClickHouse reads a parameter as a field of TabSeparated."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


@pytest.mark.parametrize("name", ["a b", "a=1,b", "", "1a", "a'", "ä"])
def test_a_setting_with_an_impossible_name_is_refused(name: str) -> None:
    with pytest.raises(ClickHouseError, match="UNKNOWN_SETTING"):
        set_statement({name: "1"})


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1 FORMAT JSON", "JSON"),
        ("SELECT 1 format CSV SETTINGS max_threads = 1;", "CSV"),
        ("SELECT 'FORMAT x'", None),
        ("SELECT formatDateTime(now(), '%F')", None),
    ],
)
def test_the_format_is_read_from_the_end_of_a_query(sql: str, found: str | None) -> None:
    assert output_format(sql) == found


def test_a_file_of_the_client_is_found_in_words_only() -> None:
    assert names_a_file(b"SELECT 1 INTO /* */ Outfile 'x'") == "INTO OUTFILE"
    assert names_a_file(b"INSERT INTO t FROM INFILE 'x'") == "FROM INFILE"
    assert names_a_file(b"SELECT 'INTO OUTFILE', infile FROM t") is None


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 50))
def test_frames_one_after_another_are_one_body_however_they_are_cut(frames: list[bytes], size: int) -> None:
    sent = b"".join(map(gzip.compress, frames))
    pieces = (sent[at : at + size] for at in range(0, len(sent), size))
    assert b"".join(decompress("gzip", pieces)) == b"".join(frames)


def test_the_engines_wrapping_is_taken_off_its_errors() -> None:
    wrapped = "Error: Code: 60. DB::Exception: No table. (UNKNOWN_TABLE) (version 26.9.2.1)"
    assert str(from_engine(wrapped)) == "Code: 60. DB::Exception: No table. (UNKNOWN_TABLE)"
    assert from_engine("what?").code == 1002


def test_only_loopback_names_pass_for_this_machine() -> None:
    for host in (None, "localhost:8123", "127.0.0.1:8123", "[::1]:8123", "clickjoin.localhost"):
        check_browser(host, None)
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8123"):
        with pytest.raises(ClickHouseError, match="Host must be"):
            check_browser(host, None)
    with pytest.raises(ClickHouseError, match="Origin must be"):
        check_browser("localhost", "null")


def test_the_gate_lets_in_as_many_as_it_says() -> None:
    gate = Gate(limit=1, patience=0.05)
    with gate.turn():
        with pytest.raises(ClickHouseError, match="TOO_MANY_SIMULTANEOUS_QUERIES"), gate.turn():
            pass
        assert not gate.wait_until_empty(0.01)
        waiting = threading.Thread(target=gate.close)
        waiting.start()
        waiting.join()
    assert gate.wait_until_empty(0)
    with pytest.raises(ClickHouseError, match="shutting down"), gate.turn():
        pass
