import json

import pytest
from typer.testing import CliRunner, Result

from clickjoin.cli.app import app
from presets.load import WITH_PRESETS, preset_names


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["presets", *arguments])


def test_all_presets_are_listed_with_where_they_are_from() -> None:
    found = json.loads(run("--json").stdout)
    assert [(each["section"], each["name"]) for each in found] == [
        (section, name) for section in WITH_PRESETS for name in preset_names(section)
    ]
    assert all(each["sources"] for each in found if each["name"] != "generic")


def test_the_list_and_a_preset_are_tables_for_people() -> None:
    assert "MyLead" in run().stdout
    shown = run("show", "maxbounty").stdout
    assert "#S2#" in shown
    assert "capitals" in shown


def test_a_preset_is_shown_whole_with_its_sources_and_samples() -> None:
    [(section, shown)] = json.loads(run("show", "mylead", "--json").stdout).items()
    assert section == "networks"
    assert shown["about"]["name"] == "MyLead"
    assert shown["settings"]["macros"]["click_id"] == "[ml_sub1]"
    assert "subid" in shown["settings"]["params"]["click_id"]
    assert shown["samples"]


def test_a_name_that_networks_and_sources_share_shows_both() -> None:
    assert set(json.loads(run("show", "adsterra", "--json").stdout)) == {"networks", "sources"}


@pytest.mark.parametrize(
    ("name", "told"), [("mylad", "did you mean mylead?"), ("../generic", "generic"), ("?", "lists them")]
)
def test_an_unknown_name_is_told_with_the_nearest(name: str, told: str) -> None:
    done = run("show", name)
    assert done.exit_code == 2
    assert told in done.stderr
