"""What holds for the front as a process: kill -9, SIGTERM, taken ports, its users, what it refuses."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import psutil

from tests.contracts.clickhouse_front import Answer, ClickHouse, FrontProcess, read_answer
from tests.polling import until


def code(answer: Answer) -> int:
    return int(answer.headers["x-clickhouse-exception-code"])


def test_every_acknowledged_insert_survives_kill_9(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    for blow in range(3):
        with FrontProcess(tmp_path / "data") as front:
            client = front.clickhouse.client()
            client.command("CREATE DATABASE IF NOT EXISTS clickjoin")
            client.command("CREATE TABLE IF NOT EXISTS clickjoin.t (a UInt64) ENGINE = MergeTree ORDER BY a")
            present = {row[0] for row in client.query("SELECT DISTINCT a FROM clickjoin.t").result_rows}
            assert set(acknowledged) <= present
            writers = [Writer(front.clickhouse, 1000 * (10 * blow + n), acknowledged) for n in range(2)]
            until(partial(at_least, acknowledged, 40 * (blow + 1)), 20, "40 more inserts are acknowledged")
            front.end(signal.SIGKILL)
            for writer in writers:
                writer.join(10)
    with FrontProcess(tmp_path / "data") as front:
        rows = front.clickhouse.client().query("SELECT a, count() FROM clickjoin.t GROUP BY a").result_rows
        counts = {row[0]: row[1] for row in rows}
        assert not [n for n in acknowledged if counts.get(n) != 100]  # whole, and once


def at_least(acknowledged: list[int], enough: int) -> bool:
    return len(acknowledged) >= enough


class Writer(threading.Thread):
    """Inserts batches of 100 equal numbers one after another until the server is gone."""

    def __init__(self, clickhouse: ClickHouse, first: int, acknowledged: list[int]) -> None:
        super().__init__(daemon=True)
        self.clickhouse, self.first, self.acknowledged = clickhouse, first, acknowledged
        self.start()

    def run(self) -> None:
        connection = self.clickhouse.connection()
        for number in range(self.first, self.first + 1000):
            try:
                data = b"INSERT INTO clickjoin.t FORMAT TSV\n" + b"%d\n" % number * 100
                connection.request("POST", "/", data)
                if read_answer(connection.getresponse()).status == 200:
                    self.acknowledged.append(number)
            except OSError:
                return
            except Exception:  # a half-sent answer
                return


def test_sigterm_lets_a_running_query_finish_and_exits_0(tmp_path: Path) -> None:
    with FrontProcess(tmp_path / "data") as front:
        answers: list[Answer] = []
        slow = b"SELECT count(), max(sleepEachRow(0.02)) FROM numbers(50) SETTINGS max_block_size = 1"
        reader = threading.Thread(target=lambda: answers.append(front.clickhouse.http("POST", body=slow)))
        reader.start()
        running = b"SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(0.02)%'"
        until(lambda: front.clickhouse.http("POST", body=running).body == b"2\n", 10, "the slow query runs")
        assert front.end(signal.SIGTERM) == 0
        reader.join(10)
        assert [answer.body for answer in answers] == [b"50\t0\n"]
        assert front.printed() == b""


def test_sigterm_does_not_wait_for_idle_connections(tmp_path: Path) -> None:
    with FrontProcess(tmp_path / "data") as front:
        connections = [front.clickhouse.connection() for _ in range(100)]
        for connection in connections:
            connection.request("GET", "/ping")
            read_answer(connection.getresponse())
        assert front.clickhouse.http("POST", body=b"SELECT 1").body == b"1\n"
        assert front.end(signal.SIGTERM) == 0
        for connection in connections:
            connection.close()


def test_a_taken_port_is_named_and_nothing_is_opened(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        front = FrontProcess(tmp_path / "data", port=port)
        assert front.process.wait(20) == 3
        said = front.log.read_text()
        assert f"127.0.0.1:{port} is taken" in said
        assert len(said.splitlines()) == 1
        assert front.printed() == b""
        assert not (tmp_path / "data").exists()


def test_a_folder_in_use_is_named(tmp_path: Path) -> None:
    with FrontProcess(tmp_path / "data"):
        second = FrontProcess(tmp_path / "data")
        assert second.process.wait(20) == 1
        assert f"{tmp_path / 'data'} is in use by another process" in second.log.read_text()
        second.printed()


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with FrontProcess(tmp_path / "data") as front:
        listening = [c.laddr for c in psutil.Process(front.process.pid).net_connections("inet") if c.status == "LISTEN"]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", front.port)]


def test_a_query_that_would_not_end_is_killed_at_sigterm(tmp_path: Path) -> None:
    with (
        FrontProcess(tmp_path / "data", "--grace", "0.5") as front,
        closing(front.clickhouse.connection()) as connection,
    ):
        connection.request("POST", "/", b"SELECT number FROM numbers(100000000000)")
        assert connection.getresponse().status == 200  # and never read: the query waits for its client
        assert front.end(signal.SIGTERM) == 0
        assert "queries_killed" in front.log.read_text()


def test_a_wrong_users_file_is_a_wrong_call_and_says_where(tmp_path: Path) -> None:
    users = tmp_path / "users.toml"
    users.write_text("[bob]\npassword = 7\nread_only = true\n")
    front = FrontProcess(tmp_path / "data", "--users", str(users))
    assert front.process.wait(20) == 2
    assert "bob.password" in front.log.read_text()
    front.printed()
