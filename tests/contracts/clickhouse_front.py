"""A ClickHouse to test against: the front as a child process, or a server of your own."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlencode, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from tests.polling import until


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in small letters
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class ClickHouse:
    """Where it listens and who may ask."""

    host: str
    port: int
    user: str = "default"
    password: str = ""

    @classmethod
    def of_url(cls, url: str) -> ClickHouse:
        parts = urlsplit(url)
        user, password = unquote(parts.username or "default"), unquote(parts.password or "")
        return cls(parts.hostname or "127.0.0.1", parts.port or 8123, user, password)

    def client(self, database: str | None = None, **options: Any) -> Client:
        """clickhouse-connect's ordinary client."""
        return clickhouse_connect.get_client(**self.options(database), **options)

    def options(self, database: str | None = None) -> dict[str, Any]:
        found: dict[str, Any] = {"host": self.host, "port": self.port}
        found |= {"username": self.user, "password": self.password}
        return found | ({"database": database} if database else {})

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=30)

    def target(self, path: str = "/", **fields: Any) -> str:
        return f"{path}?{urlencode({'user': self.user, 'password': self.password} | fields)}"

    def http(
        self,
        method: str,
        path: str = "/",
        body: Any = None,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> Answer:
        """One request on a connection of its own; `fields` stand in the URL."""
        connection = self.connection()
        try:
            connection.request(method, self.target(path, **fields), body, headers or {})
            return read_answer(connection.getresponse())
        finally:
            connection.close()


def read_answer(response: http.client.HTTPResponse) -> Answer:
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class FrontProcess:
    """The front as its users run it: a process of its own."""

    def __init__(
        self, path: Path, *arguments: str, port: int | None = None, module: str = "clickjoin.embedded.clickhouse"
    ) -> None:
        self.port = port or free_port()
        self.log = path.with_suffix(".log")
        command = [sys.executable, "-m", module, "--path", str(path)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *arguments], stdout=subprocess.PIPE, stderr=log
            )

    @property
    def clickhouse(self) -> ClickHouse:
        return ClickHouse("127.0.0.1", self.port)

    def wait_until_ready(self) -> Self:
        until(self._answers_ping, 30, f"the front answers; its log: {self.log.read_text()[-2000:]}")
        return self

    def _answers_ping(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.clickhouse.http("GET", "/ping").body == b"Ok.\n"
        except OSError:
            return False

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end. Returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def printed(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def __enter__(self) -> Self:
        return self.wait_until_ready()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=20)
        if self.process.stdout:
            self.process.stdout.close()
