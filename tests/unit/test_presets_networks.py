"""Every network's preset, by the sample in its own file."""

import re
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from ingest.normalize_postback import normalize_postback
from ingest.parameters import parse_body, parse_query
from ingest.plans import prepare
from ingest.refusal import Refusal
from presets.load import preset_names, read_preset_file
from schemas.records import Postback
from schemas.unreplaced import unreplaced_macro
from tests.ingest_samples import NOW_MS, click_id, settings

OURS = click_id()
NAMES = [name for name in preset_names("networks") if name != "generic"]
SAMPLES = [
    pytest.param(name, sample, id=f"{name}-{index}")
    for name in NAMES
    for index, sample in enumerate(read_preset_file("networks", name)["samples"])
]
ASKED_FOR = {
    *("mylead", "adsterra", "everflow", "tune", "cake", "affise", "impact", "clickbank", "maxbounty", "appsflyer"),
    *("adjust", "branch", "kochava", "singular", "revenuecat", "stripe", "qonversion"),
    *("voluum", "bemob", "binom", "keitaro", "redtrack", "peerclick"),
}
GUARDS = ("signature", "encryption")


def read(name: str, query: str, body: str = "") -> Postback:
    """What a network with this preset, and nothing else configured, says."""
    guards = {
        guard: {"secret": "whsec_of_the_network"} for guard in GUARDS if guard in read_preset_file("networks", name)
    }
    everything = prepare(settings(networks={"theirs": {"preset": name, "open": True, **guards}}))
    plan = everything.networks["theirs"]
    [params] = parse_body(body.encode(), "application/json", parse_query(query, last=plan.last))
    return normalize_postback(plan, params, everything.secrets, postback_id="p", now_ms=NOW_MS)


def test_there_are_the_networks_that_people_ask_for() -> None:
    assert set(NAMES) >= ASKED_FOR
    assert len(NAMES) >= 30


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_a_preset_reads_the_sample_in_its_file(name: str, sample: dict[str, Any]) -> None:
    found = read(
        name, sample.get("query", "").replace("{click_id}", OURS), sample.get("json", "").replace("{click_id}", OURS)
    )
    gives = {"click_id": OURS, **sample["gives"]}
    if "payout" in gives:
        gives["payout"] = Decimal(gives["payout"]) if gives["payout"] else None
    for field, value in gives.items():
        held = getattr(found, field)
        assert value.items() <= held.items() if field == "params" else held == value, (field, held)


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_says_where_it_is_from_and_what_was_confirmed(name: str) -> None:
    about = read_preset_file("networks", name)["about"]
    assert about["name"]
    assert about["sources"]
    assert about["confirmed"]


@pytest.mark.parametrize("name", NAMES)
def test_the_macros_of_a_preset_are_recognised_when_nobody_replaces_them_d1(name: str) -> None:
    macros = read_preset_file("networks", name).get("macros", {})
    for macro in macros.values():
        assert unreplaced_macro(macro), macro
        assert unreplaced_macro(quote(macro, safe="")), macro
    if "click_id" in macros and "#" not in macros["click_id"]:
        with pytest.raises(Refusal) as refused:
            read(name, "&".join(f"{word}={macro}" for word, macro in macros.items()))
        assert refused.value.code == "unreplaced_macro"


@pytest.mark.parametrize("name", NAMES)
def test_the_case_of_a_macro_is_the_network_s_own_and_two_never_say_the_same_d2(name: str) -> None:
    macros = list(read_preset_file("networks", name).get("macros", {}).values())
    assert len(macros) == len(set(macros))


@pytest.mark.parametrize("name", NAMES)
def test_no_preset_holds_what_somebody_was_to_fill_in_d30(name: str) -> None:
    settings_of = {key: value for key, value in read_preset_file("networks", name).items() if key != "about"}
    assert not re.search(r"REPLACE|OPTIONAL|YOUR_|EXAMPLE|XXX", str(settings_of))
    assert "key" not in settings_of
    assert "secret" not in settings_of.get("signature", {})
