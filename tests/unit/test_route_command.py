import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clickjoin.cli.app import app

CONFIG = """
[clickhouse]
port = 1
[networks.acme]
open = true
[sources.pops]
[offers.game]
network = "acme"
url = "https://offer.example/?s={click_id}"
[offers.rest]
network = "acme"
url = "https://rest.example/?s={click_id}"
[campaigns.spring]
source = "pops"
trafficback = "rest"
timezone = "Europe/Berlin"
[[campaigns.spring.offers]]
offer = "game"
weight = 3
countries = ["DE", "AT"]
hours = "fri 20:00-23:00"
[[campaigns.spring.offers]]
offer = "rest"
devices = "mobile"
[campaigns.capped]
source = "pops"
trafficback = "rest"
offers = [{ offer = "game", daily_clicks = 5 }]
"""


def typed(folder: Path, *arguments: str) -> Result:
    file = folder / "clickjoin.toml"
    file.write_text(CONFIG)
    return CliRunner().invoke(app, ["route", *arguments, "--config", str(file)])


def test_a_decision_is_explained_offer_by_offer(tmp_path: Path) -> None:
    shown = typed(tmp_path, "spring", "--country", "DE", "--device", "mobile", "--at", "2026-11-20T22:00")
    assert shown.exit_code == 0
    assert "│ game  │ 1    │ 3      │ yes" in shown.stdout
    assert [part in shown.stdout for part in ("75.0%", "25.0%", "decided by weight")] == [True] * 3


def test_an_offer_that_does_not_fit_says_what_it_wants_and_what_the_visitor_is(tmp_path: Path) -> None:
    found = json.loads(typed(tmp_path, "spring", "--country", "FR", "--json").stdout)
    assert (found["by"], found["trafficback"]) == ("trafficback", "rest")
    assert [offer["why_not"] for offer in found["offers"]] == [
        "countries: DE, AT (visitor: FR)",
        "devices: mobile (visitor: unknown)",
    ]
    late = json.loads(typed(tmp_path, "spring", "--country", "AT", "--at", "2026-11-20T23:00", "--json").stdout)
    assert late["offers"][0]["why_not"] == "hours: fri 20:00-23:00 (it is fri 23:00)"
    assert late["at"] == "2026-11-20T22:00:00+00:00"


def test_without_clickhouse_it_says_so_and_goes_by_the_rules(tmp_path: Path) -> None:
    shown = typed(tmp_path, "capped")
    assert (shown.exit_code, "100.0%" in shown.stdout) == (0, True)
    assert "without what ClickHouse would say of caps and worth" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["winter"], "there is no [campaigns.winter]: there are capped, spring"),
        (["spring", "--at", "soon"], "--at soon: write a moment like 2026-11-20T22:00"),
    ],
)
def test_what_cannot_be_explained_is_told(tmp_path: Path, arguments: list[str], told: str) -> None:
    shown = typed(tmp_path, *arguments)
    assert (shown.exit_code, shown.stderr.strip()) == (2, told)
