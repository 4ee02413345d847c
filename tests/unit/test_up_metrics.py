"""Where workers tell about themselves: at their own ports, and nobody fails to work for want of one."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clickjoin.cli.app import app
from clickjoin.embedded.ports import free_port
from clickjoin.up import dashboard_listen, metrics_listens
from schemas.settings.file import Settings
from schemas.settings.validation import validate


def test_each_worker_has_a_port_of_its_own_by_default() -> None:
    listens = [Settings().metrics.listen(role) for role in ("join", "sink", "emit")]
    assert len(set(listens)) == 3
    assert all(listen.startswith("127.0.0.1:") for listen in listens)


def test_up_gives_a_worker_another_port_where_its_own_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        occupied, free = f"127.0.0.1:{taken.getsockname()[1]}", f"127.0.0.1:{free_port()}"
        settings = Settings.model_validate({"metrics": {"join": occupied, "sink": free}})
        listens = metrics_listens(settings)
    assert listens["sink"] == free
    assert listens["join"] != occupied
    assert listens["join"].startswith("127.0.0.1:")


def test_two_keys_with_one_port_are_a_mistake() -> None:
    _, problems = validate({"metrics": {"join": "127.0.0.1:9200", "emit": "127.0.0.1:9200"}}, {})
    assert [problem.path for problem in problems] == ["metrics.emit"]


@pytest.mark.parametrize("listen", ["9111", "127.0.0.1:99999", "127.0.0.1:"])
def test_an_address_on_the_command_line_that_is_none_is_refused(listen: str, tmp_path: Path) -> None:
    config = tmp_path / "clickjoin.toml"
    config.write_text("")
    done = CliRunner().invoke(app, ["join", "--config", str(config), "--metrics-listen", listen])
    assert done.exit_code == 2
    assert "HOST:PORT" in done.output


def test_the_dashboard_moves_where_its_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        occupied = f"127.0.0.1:{taken.getsockname()[1]}"
        listen = dashboard_listen(Settings.model_validate({"dashboard": {"listen": occupied}}))
    assert listen.startswith("127.0.0.1:")
    assert listen != occupied
