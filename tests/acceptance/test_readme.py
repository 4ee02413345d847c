"""Every command of the README is run as it stands there, and answers what it says."""

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pytest

from clickjoin.embedded.children import Child, start
from clickjoin.embedded.ports import free_port
from tests.ingest_process import toml
from tests.polling import until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
KEYS = {"ACME_KEY": "a-key-of-acme", "POPS_KEY": "a-key-of-pops"}

pytestmark = pytest.mark.e2e


class Command(NamedTuple):
    """What is typed, and the lines that are answered (… stands for anything)."""

    typed: str
    answer: str


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def console() -> list[Command]:
    """The commands of the console blocks."""
    parts = [part for block in blocks("console") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [Command(*part.split("\n", 1)) for part in parts]


class Place:
    """A folder in which somebody follows the README: ports of its own, as the usual ones may be taken here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {port: str(free_port()) for port in ("8080", "8123", "9092")}
        self.env = {**os.environ, **KEYS, "COLUMNS": "200"}
        (folder / ".venv").symlink_to(ROOT / ".venv")
        (folder / "clickjoin.example.toml").write_text(self.moved((ROOT / "clickjoin.example.toml").read_text()))

    def moved(self, text: str) -> str:
        """The text with our ports."""
        return re.sub("8080|8123|9092", lambda found: self.ports[found[0]], text)

    def run(self, typed: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a shell does."""
        command = ["bash", "-c", self.moved(typed)]
        return subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=60)

    def fetched(self, port: str, path: str, body: str | None = None) -> str | None:
        """What is answered at a port of the README, without a shell, as it is asked again and again; None: an error."""
        try:
            asked = body.encode() if body is not None else None
            with urlopen(f"http://127.0.0.1:{self.ports[port]}{path}", asked, timeout=30) as answer:
                return str(answer.read().decode())
        except OSError:
            return None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Where the first block of the README was followed: a configuration, and `up` running."""
    place = Place(tmp_path_factory.mktemp("readme"))
    assert place.run("cp clickjoin.example.toml clickjoin.toml").returncode == 0
    up = start(Child("up", [str(place.folder / ".venv/bin/clickjoin"), "up"], place.env, place.folder))
    try:
        until(lambda: place.fetched("8080", "/health/ready") is not None, 120, "ingest is ready")
        yield place
    finally:
        assert up.stop() == 0


def answers(place: Place, command: Command) -> str:
    """What a command prints, once it is as the README says; empty until then."""
    done = place.run(command.typed)
    wanted = re.escape(place.moved(command.answer).rstrip()).replace("…", ".*")
    wanted = re.sub(r"(\\ )+", r"\\s+", wanted)  # widths of columns are no promise
    found = re.search(wanted, done.stdout.replace("\r", ""), re.DOTALL)
    return done.stdout if done.returncode == 0 and found else ""


def test_what_the_readme_has_typed_is_answered_as_it_says(place: Place) -> None:
    commands = console()
    assert len(commands) == 6
    for command in commands:
        printed = until(lambda command=command: answers(place, command), 30, command.typed)  # type: ignore[misc]
        if minted := re.search(r"aff_sub=([0-9a-v]{32})", printed):
            place.env["CLICK_ID"] = minted[1]
        if "/postback/" in command.typed:  # a command costs a second of CPU: it is not what finds out
            until(lambda: stored(place, "DISTINCT 1 FROM conversions", "CLICK_ID"), 60, "it is stored")


def test_the_configuration_is_checked_as_the_readme_says(place: Place) -> None:
    done = place.run(".venv/bin/clickjoin check")
    assert done.returncode == 0, done.stderr
    assert f"http://127.0.0.1:{place.ports['8080']}/postback/acme?key=a-key-of-acme" in done.stdout


def test_the_shell_blocks_hold_only_commands_that_are_run_here() -> None:
    typed = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    assert typed == [
        "make demo",
        "make test",  # what runs this test
        "cp clickjoin.example.toml clickjoin.toml",
        "export ACME_KEY=a-key-of-acme POPS_KEY=a-key-of-pops",
        ".venv/bin/clickjoin check",
        ".venv/bin/clickjoin up",
    ]


def test_make_demo_ends_by_itself_without_a_terminal() -> None:
    done = subprocess.run(["make", "demo", "ARGS=--clicks 400"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"differences": 0' in done.stdout


def test_the_network_of_the_readme_is_a_network(place: Place) -> None:
    network, _ = blocks("toml")
    config = place.folder / "with_network.toml"
    config.write_text((place.folder / "clickjoin.toml").read_text() + network)
    place.env["MYNET_KEY"] = "a-key-of-mynet"
    done = place.run(".venv/bin/clickjoin check --config with_network.toml")
    assert done.returncode == 0, done.stderr
    assert "/postback/mynet?key=a-key-of-mynet&aff_sub=" in done.stdout


def test_the_source_of_the_readme_is_a_source(place: Place) -> None:
    _, source = blocks("toml")
    whole = tomllib.loads((place.folder / "clickjoin.toml").read_text())
    whole["sources"] |= tomllib.loads(source)["sources"]
    (place.folder / "with_source.toml").write_text(toml(whole))
    place.env["POPADS_AID"] = "an-account-of-ours"
    done = place.run(".venv/bin/clickjoin check --config with_source.toml")
    assert done.returncode == 0, done.stderr
    assert "[IMPRESSIONID]" in done.stdout


def test_a_click_is_forgotten_by_every_worker_and_table_and_what_comes_later_is_not_credited(place: Place) -> None:
    """Not in the README: but here is a system with every role."""
    clicked = place.run("curl -si 'http://127.0.0.1:8080/click/spring?zoneclick=of-a-person'")
    minted = re.search(r"aff_sub=([0-9a-v]{32})", clicked.stdout)
    assert minted, clicked.stdout
    place.env["GONE"] = minted[1]
    report(place, "before")
    until(lambda: stored(place, "outcome, reason, txid FROM postbacks") == "attributed\t\tbefore", 60, "it is stored")
    until(lambda: stored(place, "DISTINCT 1 FROM deliveries"), 60, "its source is to be told")
    done = place.run(".venv/bin/clickjoin forget --click-id $GONE --wait 50s --json")
    assert done.returncode == 0, done.stderr
    receipt = json.loads(done.stdout)
    assert receipt["click_ids"] == [minted[1]]
    removed = receipt["removed"]
    assert (removed["clicks"], removed["conversions"], removed["postbacks"]) == (1, 1, 1)
    report(place, "after")
    until(
        lambda: stored(place, "outcome, reason, txid FROM postbacks") == "unattributed\tforgotten\t",
        60,
        "it is refused",
    )
    assert [stored(place, f"count() FROM {table}") for table in ("clicks", "conversions", "deliveries")] == ["0"] * 3


def report(place: Place, txid: str) -> None:
    """Its network reports an install of the click that is to be forgotten."""
    query = f"key=a-key-of-acme&ml_sub1=$GONE&goal=goal_1&txid={txid}&payout=1.20&currency=usd"
    done = place.run(f'curl -sf "http://127.0.0.1:8080/postback/acme?{query}"')
    assert done.returncode == 0, done.stderr


def stored(place: Place, what: str, click: str = "GONE") -> str:
    """What a table has of a click: columns with tabs between, without the line's end."""
    asked = f"SELECT {what} FINAL WHERE click_id = '{place.env[click]}'"
    return (place.fetched("8123", "/?database=clickjoin", asked) or "").rstrip("\n")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
