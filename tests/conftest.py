"""What all tests share: the embedded Kafka, and that nothing is left out in silence."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests.java import start_quickly
from tests.kafka_server import KafkaServer

settings.register_profile("clickjoin", deadline=None, print_blob=True)  # a busy machine is no mistake
settings.load_profile("clickjoin")

_LONGEST_FIRST = ("chaos", "e2e", "kafka")  # markers
_LAST = len(_LONGEST_FIRST)
_NOT_RUN = ("skipped", "xfailed", "deselected")


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """A command that is tried in this process may make it quiet: the next test hears everything again."""
    root = logging.getLogger()
    before = root.level
    yield
    root.setLevel(before)


@pytest.fixture(scope="session", autouse=True)
def no_logger_is_kept() -> Iterator[None]:
    """A logger that was used once under the logs of some command would keep them, and a later test hear nothing."""
    configure = structlog.configure
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", lambda **how: configure(**how | {"cache_logger_on_first_use": False}))
        yield


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """One Apache Kafka for all tests of this process. A test that stops or kills it starts it again."""
    # a space, and letters beyond ASCII: Java must cope with any path
    server = KafkaServer(tmp_path_factory.mktemp("kafka") / "Ærø data").start()
    print(f"Apache Kafka {server.bootstrap}, process {server.pid}", file=sys.stderr)
    yield server
    server.stop()


def pytest_configure(config: pytest.Config) -> None:
    """Before the workers of xdist start, whose environment is ours."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        start_quickly()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long begin first, so that nobody waits for one alone at the end."""
    turns: dict[Path, int] = {}
    for item in items:
        turns[item.path] = min(_turn(item), turns.get(item.path, _LAST))
    items.sort(key=lambda item: turns[item.path])


def _turn(item: pytest.Item) -> int:
    return next((turn for turn, marker in enumerate(_LONGEST_FIRST) if item.get_closest_marker(marker)), _LAST)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test that did not run is a failure."""
    if os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK and _not_run(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what did not run (the reasons are in the lines above), and what that means."""
    if not_run := _not_run(config):
        in_ci = os.environ.get("CI") == "true"
        terminalreporter.write_line(
            f"{not_run} tests were not run: {'a failure, as CI=true' if in_ci else 'a failure where CI=true'}",
            red=in_ci,
            yellow=not in_ci,
        )


def _not_run(config: pytest.Config) -> int:
    """How many tests were skipped, expected to fail, or deselected."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return sum(len(reporter.stats.get(kind, ())) for kind in _NOT_RUN) if reporter else 0
