"""The configuration as people meet it: the real command line, as a process of its own where that makes a difference."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clickjoin.cli.app import app

EXAMPLE = Path(__file__).parents[2] / "clickjoin.example.toml"
ENV = {"ACME_KEY": "acme-key-0123456789", "POPS_KEY": "pops-key-0123456789"}
COMMANDS = ["up", "ingest", "join", "sink", "emit", "alerts", "migrate", "check", "funnel", "status"]

WRONG = """
[kafka]
bootstrap = "embeded"
[clickhouse]
url = "https://user:env:NOT_SET_PASSWORD@host:8443/clickjoin"
[ingest]
secrets = ["hunter2hunter2", ""]
[events.install]
step = 0
[networks.acme]
kye = "hunter2hunter2"
[networks.acme.events]
goal_1 = "instal"
[sources.pops.postbacks.install]
url = "https://pops.example/hunter2hunter2?cid={clickid}"
max_click_age = "30 days"
[campaigns.spring]
source = "pop"
offers = ["game"]
"""
TOLD = [
    'kafka.bootstrap = "embeded": write "embedded", or the addresses of your brokers',
    'clickhouse.url = "https://host:8443/…": the environment variable NOT_SET_PASSWORD is not set',
    'ingest.secrets[1] = "***": a secret cannot be empty',
    "events.install.step = 0: should be greater than or equal to 1",
    'networks.acme.kye: unknown key: did you mean "key"?',
    "networks.acme.key: anybody could send postbacks",
    'networks.acme.events.goal_1 = "instal": there is no [events.instal]: did you mean "install"?',
    'sources.pops.postbacks.install.max_click_age = "30 days"',
    'sources.pops.postbacks.install.url = "https://pops.example/…": unknown macro {clickid}: did you mean {click_id}?',
    'campaigns.spring.source = "pop": there is no [sources.pop]: did you mean "pops"?',
    'campaigns.spring.offers[0] = "game": there is no [offers.game]',
]


def clickjoin(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "clickjoin", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(EXAMPLE.parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def here(*arguments: str, env: dict[str, str] | None = None) -> Result:
    """The same command line in this process: one of its own costs a second."""
    return CliRunner().invoke(app, arguments, prog_name="clickjoin", env={"COLUMNS": "200", **(env or {})})


def is_told_whole(stdout: str, stderr: str, folder: Path) -> None:
    assert stdout == ""
    assert "clickjoin.toml: 11 mistakes; nothing was started." in stderr
    for line in TOLD:
        assert line in stderr
    assert "hunter2" not in stderr
    assert "Traceback" not in stderr
    assert [file.name for file in folder.iterdir()] == ["clickjoin.toml"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is typed."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_configuration_is_told_whole_and_nothing_is_started(folder: Path, command: str) -> None:
    (folder / "clickjoin.toml").write_text(WRONG)
    done = here(command)
    assert done.exit_code == 2
    is_told_whole(done.stdout, done.stderr, folder)


def test_a_wrong_configuration_ends_the_process_with_2(tmp_path: Path) -> None:
    (tmp_path / "clickjoin.toml").write_text(WRONG)
    done = clickjoin(tmp_path, "up")
    assert done.returncode == 2
    is_told_whole(done.stdout, done.stderr, tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_configuration_it_says_what_to_do(folder: Path, command: str) -> None:
    done = here(command)
    assert done.exit_code == 2
    assert "There is no clickjoin.toml." in done.stderr
    assert "clickjoin.example.toml" in done.stderr
    assert list(folder.iterdir()) == []


def test_check_tells_machines_the_same_as_people(folder: Path) -> None:
    (folder / "clickjoin.toml").write_text(WRONG)
    done = here("check", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 2
    assert found["ok"] is False
    assert len(found["problems"]) == len(TOLD)
    assert set(found["problems"][0]) == {"path", "value", "message"}


def test_check_prints_the_urls_to_paste(folder: Path) -> None:
    done = here("check", "--config", str(EXAMPLE), env=ENV)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert (
        "  http://127.0.0.1:8080/postback/acme?key=acme-key-0123456789&ml_sub1={click_id}&event={event}&txid={txid}"
        "&payout={payout}&currency={currency}&status={status}"
    ) in lines
    assert any(line.startswith("  http://127.0.0.1:8080/click/spring?zoneclick={source_click_id}&") for line in lines)


def test_check_gives_the_same_urls_as_json_and_hides_keys_when_asked(folder: Path) -> None:
    done = here("check", "--config", str(EXAMPLE), "--json", "--hide-keys", env=ENV)
    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"], found["warnings"]) == (0, True, [])
    assert [network["network"] for network in found["networks"]] == ["acme"]
    assert [campaign["campaign"] for campaign in found["campaigns"]] == ["spring"]
    assert not any(secret in done.stdout for secret in ENV.values())


def test_check_warns_of_what_is_perhaps_not_meant(folder: Path) -> None:
    (folder / "clickjoin.toml").write_text("[networks.wide]\nopen = true\n")
    done = here("check")
    assert done.exit_code == 0
    assert "warning: networks.wide.open = true: anybody can send postbacks" in done.stderr


def test_a_wrong_call_ends_with_2(tmp_path: Path) -> None:
    assert clickjoin(tmp_path, "chekc").returncode == 2
    assert here("check", "--confg", "x").exit_code == 2
    assert here("trace").exit_code == 2


@pytest.mark.parametrize("command", ["", *COMMANDS, "demo", "trace"])
def test_every_command_explains_itself_and_the_options_that_all_take(command: str) -> None:
    done = here(*([command] if command else []), "--help")
    assert done.exit_code == 0
    assert "Usage: clickjoin" in done.stdout
    if command not in ("", "demo"):
        assert "--config" in done.stdout
        assert "--data" in done.stdout


def test_help_imports_no_server_no_client_and_no_model() -> None:
    code = "import sys, clickjoin.cli.app; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    heavy = {"faust", "kafka", "aiokafka", "chdb", "clickhouse_connect", "granian", "pycurl", "rocksdict", "rich"}
    assert not heavy & set(done.stdout.split())


AWAY = [(["status"], 2), (["funnel"], 2), (["trace", "abc"], 2), (["migrate"], 1)]  # migrate needs Kafka first
AWAY += [(["migrate", "--plan"], 2), (["export", "clicks"], 2)]


@pytest.mark.parametrize(("command", "port"), AWAY)
def test_servers_that_are_away_are_named_and_end_with_1(tmp_path: Path, command: list[str], port: int) -> None:
    """As processes of their own: a Kafka client to which nobody listens leaves threads behind."""
    (tmp_path / "clickjoin.toml").write_text(
        '[kafka]\nport = 1\n[clickhouse]\nport = 2\n[ingest]\nlisten = "127.0.0.1:3"\n'
    )
    done = clickjoin(tmp_path, *command)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Max retries" not in done.stderr  # a library's words
