"""No command shows a secret of the configuration: not in a result, not in an error, whatever it was asked."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from clickjoin.cli.app import app
from clickjoin.embedded.ports import free_port

SECRETS = {
    "KAFKA_PASSWORD": "kafka-hunter2 pass/word",
    "CH_PASSWORD": "clickhouse-hunter2 pass/word",
    "CLICK_SECRET": "click-id-hunter2-0123456789abcdef",
    "ACME_KEY": "network-hunter2-key",
    "POPS_KEY": "source-hunter2-key",
    "POPS_TOKEN": "account-hunter2-token",
    "HOOK": "whsec_d2ViaG9vay1odW50ZXIyLWtleS0wMTIzNDU2Nzg5",
}
SERVERS = {"up", "demo", "ingest", "join", "sink", "emit", "dashboard", "alerts", "user"}
"""They run until they are stopped: what they log is masked (test_logging, contracts/test_secured_servers)."""
GIVEN = {"CLICK_ID": "abc", "FILE": "rows.csv", "EVENT": "install", "DESTINATION": "pops", "VERSION": "1"}
GIVEN |= {"KIND": "clicks", "TABLE": "clicks", "KIND/NAME": "campaigns/spring", "YYYY-MM": "2026-10"}
NAMES = {"report": "funnel", "show": "popads", "add": "spring"}
"""Of a command that takes a NAME; others take that of the campaign."""
CONFIG = """
[kafka]
bootstrap = "127.0.0.1:{kafka}"
[kafka.security]
protocol = "SASL_PLAINTEXT"
mechanism = "PLAIN"
username = "clickjoin"
password = "env:KAFKA_PASSWORD"
[clickhouse]
url = "http://clickjoin:env:CH_PASSWORD@127.0.0.1:{clickhouse}/clickjoin"
[ingest]
listen = "127.0.0.1:{ingest}"
secrets = ["env:CLICK_SECRET"]
[events.install]
step = 1
[networks.acme]
key = "env:ACME_KEY"
[sources.pops]
key = "env:POPS_KEY"
account = {{ token = "env:POPS_TOKEN" }}
[sources.pops.postbacks."*"]
url = "https://pops.example/{{account.token}}?cid={{source_click_id}}"
[webhooks.own]
url = "https://own.example/hook"
secret = "env:HOOK"
[offers.game]
network = "acme"
url = "https://offer.example/?s={{click_id}}"
[campaigns.spring]
source = "pops"
offers = ["game"]
"""


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from leaves(below, (*path, name))
    elif not SERVERS & set(path):
        yield path, command


def arguments(name: str, command: Any) -> list[str]:
    """Something for everything that it demands."""
    words: list[str] = []
    for parameter in command.params:
        is_argument = parameter.param_type_name == "argument"
        if parameter.required or is_argument:
            asked = re.sub(r"[][{}…]|\.\.\.|=.*", "", str(parameter.metavar)).strip()
            value = GIVEN.get(asked, NAMES.get(name, "spring"))
            words += [value] if is_argument else [parameter.opts[0], value]
    return words


def takes_configuration(command: Any) -> bool:
    return any("--config" in parameter.opts for parameter in command.params)


LEAVES = [
    pytest.param(*leaf, id="-".join(leaf[0])) for leaf in leaves(get_command(app)) if takes_configuration(leaf[1])
]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    ports = {name: free_port() for name in ("kafka", "clickhouse", "ingest")}
    file = tmp_path / "clickjoin.toml"
    file.write_text(CONFIG.format(**ports))
    (tmp_path / "rows.csv").write_text("click_id,clicked_at,campaign\nabc,2026-11-01,spring\n")
    return file


def leaked(shown: str, but: tuple[str, ...] = ()) -> list[str]:
    """The secrets that can be read there, in any of their spellings."""
    found = {name: {value, quote(value, safe=""), json.dumps(value)[1:-1]} for name, value in SECRETS.items()}
    return [name for name, spellings in found.items() if name not in but and any(one in shown for one in spellings)]


@pytest.mark.parametrize(("path", "command"), LEAVES)
def test_a_command_shows_no_secret_while_nobody_answers(path: tuple[str, ...], command: Any, config: Path) -> None:
    words = [*path, *arguments(path[-1], command), "--config", str(config)]
    known = {option for parameter in command.params for option in parameter.opts}
    words += ["--hide-keys"] if "--hide-keys" in known else ["--plan"] if "--plan" in known else []
    done = CliRunner().invoke(app, words)
    assert leaked(done.output + repr(done.exception)) == [], done.output
    assert "Usage:" not in done.output
    assert not re.search(r"Traceback", done.output)


@pytest.mark.parametrize("place", ["kafka", "clickhouse", "ingest", "networks.acme", "sources.pops", "webhooks.own"])
def test_a_mistake_beside_a_secret_is_told_without_it(place: str, config: Path) -> None:
    """And so is one in the secret's own place."""
    text = config.read_text().replace(f"[{place}]\n", f"[{place}]\nno_such_key = 1\n")
    for name, value in SECRETS.items():
        text = text.replace(f'"env:{name}"', json.dumps([value])).replace(f"env:{name}", quote(value, safe=""))
    config.write_text(text)
    for form in ([], ["--json"]):
        done = CliRunner().invoke(app, ["check", "--config", str(config), *form])
        assert done.exit_code == 2
        assert "no_such_key" in done.output
        assert leaked(done.output) == []


def test_check_shows_the_networks_key_alone_as_it_is_to_be_pasted(config: Path) -> None:
    done = CliRunner().invoke(app, ["check", "--config", str(config)])
    assert done.exit_code == 0, done.output
    assert SECRETS["ACME_KEY"] in done.output
    assert leaked(done.output, but=("ACME_KEY",)) == []
