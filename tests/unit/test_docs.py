"""The pages about operating it: their configurations load, and their commands exist."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from clickjoin.cli.app import app
from presets.load import laid_over, settings_of

ROOT = Path(__file__).parents[2]
NAMES = "guarantees https index moving operations runbook scaling security sizing start systemd upgrade worked-example"
PAGES = [ROOT / "docs" / f"{name}.md" for name in NAMES.split()]
EXAMPLE = tomllib.loads((ROOT / "clickjoin.example.toml").read_text())


def blocks(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of these languages, those within lists too."""
    pattern = rf"^( *)```(?:{'|'.join(languages)})\n(.*?)^\1```"
    found = re.findall(pattern, page.read_text(), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def commands() -> list[tuple[str, str]]:
    """Every call of clickjoin, in blocks and in sentences, with the page it is on."""
    found = []
    for page in PAGES:
        for block in blocks(page, "sh", "console"):
            lines = re.findall(r"^(?:\$ )?(?:\S*/bin/)?(clickjoin .*)$", block.replace("\\\n", " "), re.MULTILINE)
            found += [(page.name, line) for line in lines]
        found += [(page.name, " ".join(line.split())) for line in re.findall(r"`(clickjoin [^`]+)`", page.read_text())]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_configures_is_right_laid_over_the_example(page: Path) -> None:
    tree: dict[str, Any] = EXAMPLE
    for text in blocks(page, "toml"):
        tree = laid_over(tree, tomllib.loads(text))
        env = dict.fromkeys(re.findall(r"env:([A-Z_]+)", str(tree)), "0123456789abcdef0123456789abcdef")
        settings_of(tree, env)


@pytest.mark.parametrize(("page", "typed"), commands())
def test_a_command_on_a_page_exists_with_its_options(page: str, typed: str) -> None:
    words = shlex.split(typed, comments=True)[1:]
    command: Any = get_command(app)
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        assert words[0] in command.commands, typed
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert [word for word in words if word.startswith("--") and word not in known | {"--help"}] == [], typed


def test_every_page_is_in_the_navigation() -> None:
    """`mkdocs build --strict` says so too, and checks every link; this says it at once."""
    named = set(re.findall(r"- ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert {str(page.relative_to(ROOT / "docs")) for page in PAGES} <= named
