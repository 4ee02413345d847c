from pathlib import Path
from typing import Any

import pytest

from presets.load import load_settings, load_with_warnings, preset_names, read_preset, read_preset_file
from schemas.settings.errors import ConfigError
from schemas.settings.postbacks import CLICK_WORDS
from schemas.settings.traffic import POSTBACK_WORDS
from schemas.settings.validation import validate

EXAMPLE = Path(__file__).parents[2] / "clickjoin.example.toml"
EXAMPLE_ENV = {"ACME_KEY": "acme-key-0123456789", "POPS_KEY": "pops-key-0123456789"}


def written(folder: Path, text: str) -> Path:
    file = folder / "clickjoin.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_everything_has_its_default() -> None:
    assert load_settings(None, {}).campaigns == {}


def test_the_example_in_the_repository_loads_without_a_warning() -> None:
    settings, warnings = load_with_warnings(EXAMPLE, EXAMPLE_ENV)
    assert warnings == []
    assert settings.funnel == ("install", "trial", "subscribe")


SECTIONS = ("networks", "sources")  # of conversion APIs: test_conversion_apis


def test_the_example_names_every_variable_that_it_needs() -> None:
    with pytest.raises(ConfigError) as raised:
        load_settings(EXAMPLE, {})
    assert {problem.value for problem in raised.value.problems} == {'"env:ACME_KEY"', '"env:POPS_KEY"'}


@pytest.mark.parametrize(
    ("section", "name"), [(section, name) for section in SECTIONS for name in preset_names(section)]
)
def test_every_preset_is_a_valid_section(section: str, name: str) -> None:
    account = dict.fromkeys(read_preset_file(section, name).get("about", {}).get("account", {}), "1")
    given = {"open": True} if section == "networks" else {"account": account}
    preset = read_preset(section, name)
    for guard in {"signature", "encryption"} & preset.keys():
        preset[guard]["secret"] = "a secret of theirs"
    theirs: dict[str, Any] = {"sources": {preset["click_ids"]: {}}} if "click_ids" in preset else {}
    settings, problems = validate({section: {"some": {**preset, **given}}, **theirs}, {})
    assert problems == []
    assert settings is not None


def test_the_generic_presets_know_all_of_our_words() -> None:
    assert set(read_preset("networks", "generic")["params"]) == set(POSTBACK_WORDS)
    assert set(read_preset("sources", "generic")["params"]) == set(CLICK_WORDS)


def test_our_own_name_comes_first_among_the_synonyms() -> None:
    for section in SECTIONS:
        for word, synonyms in read_preset(section, "generic")["params"].items():
            assert synonyms[0] == word


@pytest.mark.parametrize("section", SECTIONS)
def test_no_parameter_means_two_things(section: str) -> None:
    names = [name for synonyms in read_preset(section, "generic")["params"].values() for name in synonyms]
    assert len(names) == len(set(names))


def test_the_file_overrides_its_preset_key_by_key(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        [networks.acme]
        open = true
        [networks.acme.params]
        click_id = "ml_sub1"
        [networks.acme.statuses]
        hold = "pending"
        approved = "rejected"
        """,
    )
    acme = load_settings(file, {}).networks["acme"]
    assert acme.params["click_id"] == ("ml_sub1",)
    assert "transaction_id" in acme.params["txid"]
    assert (acme.statuses["hold"], acme.statuses["approved"], acme.statuses["declined"]) == (
        "pending",
        "rejected",
        "rejected",
    )


def test_an_unknown_preset_is_told_with_those_there_are(tmp_path: Path) -> None:
    file = written(
        tmp_path, '[networks.acme]\nopen = true\npreset = "genric"\n[sources.a]\npreset = "../networks/generic"\n'
    )
    with pytest.raises(ConfigError) as raised:
        load_settings(file, {})
    networks, sources = (", ".join(preset_names(section)) for section in SECTIONS)
    assert [str(problem) for problem in raised.value.problems] == [
        f'networks.acme.preset = "genric": no such preset: there are {networks}',
        f'sources.a.preset = "../networks/generic": no such preset: there are {sources}',
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"[kafka]\nport = \n", "this is no TOML: Invalid value (at line 2, column 8)"),
        (b"[kafka]\n[kafka]\n", "this is no TOML: Cannot declare ('kafka',) twice (at line 2, column 7)"),
        (b"[kafka]\nport = 1\xff", "this is no UTF-8 text: byte 16"),
    ],
)
def test_what_is_no_toml_is_told_with_its_place(tmp_path: Path, text: bytes, told: str) -> None:
    file = tmp_path / "clickjoin.toml"
    file.write_bytes(text)
    with pytest.raises(ConfigError) as raised:
        load_settings(file, {})
    assert str(raised.value) == f"{file}: {told}"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load_settings(tmp_path / "none.toml", {})


def test_what_is_allowed_but_perhaps_not_meant_is_a_warning(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        [events]
        install = { step = 1 }
        trial = { step = 1 }
        [networks.acme]
        key = "in plain text"
        [networks.wide]
        open = true
        [sources.pops]
        key = "env:SHORT"
        [sources.pops.postbacks."*"]
        url = "https://pops.example/?goal={event}"
        [offers.game]
        network = "acme"
        url = "https://offer.example/"
        """,
    )
    _, warnings = load_with_warnings(file, {"SHORT": "abc"})
    assert [warning.path for warning in warnings] == [
        "networks.acme.key",
        "sources.pops.key",
        "events.trial.step",
        "networks.wide.open",
        "offers.game.url",
        'sources.pops.postbacks."*".url',
    ]
    assert not any("in plain text" in warning.value for warning in warnings)


@pytest.mark.parametrize(("written_key", "is_told"), [("{account.token}", False), ("s3cret", True)])
def test_a_field_called_key_that_takes_what_account_holds_is_no_secret_in_plain_text(
    tmp_path: Path, written_key: str, is_told: bool
) -> None:
    file = written(
        tmp_path,
        f"""
        [sources.pops]
        account = {{ token = "env:TOKEN" }}
        [sources.pops.postbacks."*"]
        url = "https://pops.example/?c={{source_click_id}}"
        form = {{ key = "{written_key}" }}
        """,
    )
    _, warnings = load_with_warnings(file, {"TOKEN": "a long secret of theirs"})
    assert ['sources.pops.postbacks."*".form.key'] * is_told == [warning.path for warning in warnings]
