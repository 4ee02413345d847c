"""Users of the front, and what it refuses to whom."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.contracts.clickhouse_front import Answer, ClickHouse, FrontProcess


def code(answer: Answer) -> int:
    return int(answer.headers["x-clickhouse-exception-code"])


USERS = """
[default]
password = "s3cret"
[default.settings]
max_block_size = "4321"
[analyst]
password = "look"
readonly = true
database = "clickjoin"
[analyst.limits]
max_execution_time = "30"
"""


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A front of this module's own, with a password and a read-only user."""
    folder = tmp_path_factory.mktemp("front-with-users")
    (folder / "users.toml").write_text(USERS)
    (folder / "secret.csv").write_text("a\n1\n")
    with FrontProcess(folder / "data", "--users", str(folder / "users.toml")) as process:
        owner = ClickHouse("127.0.0.1", process.port, "default", "s3cret")
        client = owner.client()
        client.command("CREATE DATABASE clickjoin")
        client.command("CREATE TABLE clickjoin.t (a UInt8) ENGINE = MergeTree ORDER BY a")
        client.insert("clickjoin.t", [[1], [2]])
        client.close()
        yield owner


@pytest.fixture
def analyst(front: ClickHouse) -> ClickHouse:
    return ClickHouse(front.host, front.port, "analyst", "look")


def test_a_password_that_is_set_is_asked_for(front: ClickHouse) -> None:
    nobody = ClickHouse(front.host, front.port)
    assert code(nobody.http("POST", body=b"SELECT 1")) == 516
    with pytest.raises(DatabaseError) as caught:
        nobody.client()
    assert caught.value.code == 516
    assert front.client().command("SELECT getSetting('max_block_size')") == 4321


def test_a_reader_reads(analyst: ClickHouse) -> None:
    client = analyst.client()
    assert client.query("SELECT sum(a) FROM t WHERE a > {n:Int8}", parameters={"n": 1}).result_rows == [(2,)]
    assert client.command("SELECT getSetting('max_execution_time')") == 30
    for query in ("SHOW TABLES", "DESCRIBE t", "EXPLAIN SELECT * FROM t", "SELECT * FROM numbers(3)"):
        assert analyst.http("POST", body=query.encode()).status == 200


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO t VALUES (3)",
        "INSERT INTO t SELECT 3",
        "DROP TABLE t",
        "CREATE TEMPORARY TABLE x (a UInt8)",
        "SET readonly = 0",
        "USE default",
        "SYSTEM FLUSH LOGS",
        "SELECT * FROM file('{secret}')",
        "SELECT file('{secret}')",
        "SELECT * FROM/**/`file` ('{secret}')",
        "SELECT * FROM view(SELECT * FROM file('{secret}', CSV))",
        'SELECT * FROM "{secret}"',
        'SELECT * FROM default."{secret}"',
        'SELECT * FROM "default" . "{secret}"',
        'SELECT * FROM "d\\x65fault"."{secret}"',
        'SELECT * FROM \u201cdefault\u201d."{secret}"',
        "SELECT * FROM merge('default', '.*')",
        "SELECT * FROM url('http://127.0.0.1/', CSV)",
        "SELECT 1 INTO OUTFILE '{secret}.out'",
        "SELECT 1 SETTINGS readonly = 0",
    ],
)
def test_a_reader_neither_writes_nor_leaves_the_databases(analyst: ClickHouse, front: ClickHouse, query: str) -> None:
    answer = analyst.http("POST", body=query.replace("{secret}", "/etc/hostname").encode(), session_id="s")
    assert answer.status in (403, 404, 500), answer.text
    assert code(answer) in (60, 164, 358, 497)
    assert front.client().command("SELECT sum(a) FROM clickjoin.t") == 3


def test_a_reader_cannot_reach_files_by_the_url_either(analyst: ClickHouse) -> None:
    by_name = b"SELECT * FROM {d:Identifier}.{t:Identifier}"
    assert code(analyst.http("POST", body=by_name, param_d="default", param_t="/etc/hostname")) == 497
    assert code(analyst.http("POST", body=b'SELECT * FROM "/etc/hostname"', database="default")) == 497
    assert analyst.http("POST", body=b"INSERT INTO t VALUES (3)", readonly="0").status == 500


def test_what_is_not_supported_says_so(front: ClickHouse) -> None:
    table = {"Content-Type": "multipart/form-data; boundary=x"}
    rows = b'--x\r\nContent-Disposition: form-data; name="t"; filename="t.csv"\r\n\r\n1\r\n--x--\r\n'
    for answer, word in (
        (front.http("POST", body=b"SELECT 1", compress=1), "Accept-Encoding"),
        (front.http("POST", body=b"SELECT 1", decompress=1), "Content-Encoding"),
        (front.http("POST", body=rows, headers=table, query="SELECT * FROM t"), "External tables"),
    ):
        assert (answer.status, code(answer)) == (501, 48)
        assert word in answer.text
    assert code(front.http("POST", body=b"no form", headers=table)) == 36
    unknown = front.http("POST", body=b"SELECT 1", headers={"Content-Encoding": "br"})
    assert (code(unknown), "use lz4" in unknown.text) == (89, True)


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "lz4"])
def test_data_cut_short_is_refused_not_stored(front: ClickHouse, encoding: str) -> None:
    client = front.client("clickjoin")
    client.command("CREATE TABLE IF NOT EXISTS cut (a UInt64) ENGINE = MergeTree ORDER BY a")
    whole = front.http(
        "GET",
        headers={"Accept-Encoding": encoding},
        query="SELECT number FROM numbers(1000)",
        enable_http_compression=1,
    ).body
    target = {"query": "INSERT INTO clickjoin.cut FORMAT TSV"}
    headers = {"Content-Encoding": encoding}
    cut = front.http("POST", body=whole[:-8], headers=headers, **target)
    assert code(cut) == 271
    assert client.command("SELECT count() FROM cut") == 0
    assert front.http("POST", body=whole, headers=headers, **target).status == 200
    assert client.command("SELECT count() FROM cut") == 1000
    client.command("DROP TABLE cut")


@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
def test_a_client_that_dies_in_its_insert_stores_nothing(front: ClickHouse, framing: bytes) -> None:
    start = b"INSERT INTO clickjoin.t FORMAT TSV\n9\n"
    sent = b"%x\r\n%b\r\n" % (len(start), start) if b"chunked" in framing else start
    with socket.create_connection((front.host, front.port)) as connection:
        target = front.target().encode()
        connection.sendall(b"POST %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n\r\n%b" % (target, framing, sent))
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000) == b""
    assert front.client().command("SELECT sum(a) FROM clickjoin.t") == 3


@pytest.mark.parametrize("header", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_a_page_of_another_site_gets_nothing(front: ClickHouse, header: dict[str, str]) -> None:
    refused = front.http("POST", body=b"SELECT 1", headers=header)
    assert (refused.status, code(refused)) == (403, 497)
    assert front.http("POST", body=b"SELECT 1", headers={"Origin": "http://localhost:3000"}).status == 200


def test_passwords_and_queries_stay_out_of_the_log(front: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> None:
    front.http("POST", body=b"SELECT 'confidential' FROM nowhere")
    said = (tmp_path_factory.getbasetemp() / "front-with-users0" / "data.log").read_text()
    assert "query_failed" in said
    assert not [secret for secret in ("s3cret", "confidential", "look") if secret in said]
