"""Fixtures of the ClickHouse front's contract.

With CLICKJOIN_TEST_CLICKHOUSE_URL (http://user:password@host:8123) the shared part of the suite runs against that
server: what holds for the front must hold for ClickHouse.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from tests.contracts.clickhouse_front import ClickHouse, FrontProcess

SERVER_URL = os.environ.get("CLICKJOIN_TEST_CLICKHOUSE_URL", "")
collect_ignore_glob = ["test_clickhouse_front_own*.py"] if SERVER_URL else []

_numbers = itertools.count(1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SERVER_URL:
        terminalreporter.write_line(
            "test_clickhouse_front_own*.py left out: CLICKJOIN_TEST_CLICKHOUSE_URL is set, and those tests "
            "kill, configure or overhear the front's own process"
        )


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """The server the suite runs against."""
    if SERVER_URL:
        yield ClickHouse.of_url(SERVER_URL)
        return
    with FrontProcess(tmp_path_factory.mktemp("clickhouse") / "data") as front:
        yield front.clickhouse


@pytest.fixture
def database(clickhouse: ClickHouse) -> Iterator[str]:
    """An empty database of the test's own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    admin = clickhouse.client()
    admin.command(f"CREATE DATABASE {name}")
    yield name
    admin.command(f"DROP DATABASE {name}")
    admin.close()


@pytest.fixture
def client(clickhouse: ClickHouse, database: str) -> Iterator[Client]:
    """clickhouse-connect's client, in that database."""
    made = clickhouse.client(database)
    yield made
    made.close()
