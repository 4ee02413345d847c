"""`clickjoin forget`: how it may be called; without any server."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from clickjoin.cli.app import app
from clickjoin.cli.forget import _as_kept, _words
from schemas.settings.file import Settings


def settings(ip: str) -> Settings:
    return Settings.model_validate({"privacy": {"ip": ip}, "ingest": {"secrets": ["s" * 32]}}, context={"env": {}})


@pytest.mark.parametrize(
    "arguments", [(), ("--ip", "203.0.113.7", "--sub", "x"), ("--ip", "::1", "--wait", "soon"), ("--click-id", "abc")]
)
def test_one_thing_is_named_that_can_be_and_the_wait_is_a_span(arguments: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "clickjoin.toml"
    file.write_text("")
    done = CliRunner().invoke(app, ["forget", *arguments, "--config", str(file), "--data", str(tmp_path)])
    assert done.exit_code == 2


def test_an_address_that_is_hashed_is_looked_for_as_its_hash_and_as_it_came_before() -> None:
    hashed, plain = _as_kept(settings("hash"), "203.0.113.7")
    assert (len(hashed), plain) == (32, "203.0.113.7")
    assert _as_kept(settings("keep"), "203.0.113.7") == ["203.0.113.7"]


def test_an_address_that_is_cut_is_nobodys_own() -> None:
    with pytest.raises(typer.Exit) as refused:
        _as_kept(settings("truncate"), "203.0.113.7")
    assert refused.value.exit_code == 2


def test_words_too_short_to_mean_one_thing_are_not_looked_for_in_raw_requests() -> None:
    assert _words(["pops:42", "pops:abcdefgh"], ["10.0.0.1"], "77") == ["10.0.0.1", "abcdefgh"]
