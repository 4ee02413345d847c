"""What is to be pasted into a network's panel, in its own macros, and what is pointed out before it is."""

from typing import Any

import pytest

from clickjoin.panels.everyone import panels
from clickjoin.panels.network import NetworkPanel
from presets.load import merge_presets, preset_names
from schemas.settings.file import Settings
from schemas.settings.warnings import find_warnings

KEY = "a key/of&theirs"
SECRET = "whsec_of_the_network"
ADSTERRA = (
    "##PLACEMENT_ID## ##CAMPAIGN_ID## ##SUB_ID_SHORT(action)## ##USER_OS## ##USER_CARRIER## ##REMOTE_LANGUAGE## "
    "##BANNER_ID## ##REMOTE_COUNTRY## ##COST_CPM## ##COST_CPA## ##COST_CPC## ##BROWSER_NAME## ##COUNTRY_CODE## "
    "##COUNTRY_CODE_A3## ##REMOTE_IP##"
)


def settings(tree: dict[str, Any]) -> Settings:
    merged, problems = merge_presets(tree)
    assert problems == []
    return Settings.model_validate(merged, context={"env": {}})


def panel(*, hide_keys: bool = False, **network: Any) -> NetworkPanel:
    """The panel of a network with these settings, and a key."""
    tree = {"ingest": {"public_url": "https://t.example"}, "networks": {"theirs": {"key": KEY, **network}}}
    return panels(settings(tree), hide_keys=hide_keys).networks[0]


def warned(network: dict[str, Any], offer: str = "") -> list[str]:
    """What is pointed out of a network, and of an offer of it."""
    tree: dict[str, Any] = {"networks": {"theirs": {"key": "env:NOT_USED_HERE", **network}}}
    if offer:
        tree["offers"] = {"game": {"network": "theirs", "url": offer}}
    merged, _ = merge_presets(tree)
    found = Settings.model_validate(merged, context={"env": {"NOT_USED_HERE": "a-key-that-is-long-enough"}})
    return [str(warning) for warning in find_warnings(found, tree)]


def test_the_url_holds_the_network_s_own_macros_as_they_are_d2() -> None:
    found = panel(preset="mylead")
    assert found.postback_url.startswith(
        "https://t.example/postback/theirs?key=a%20key%2Fof%26theirs&click_id=[ml_sub1]&event={event}"
        "&txid=[transaction_id]&payout=[payout]&currency=[currency]&status=[status]&program_id=[program_id]"
    )
    assert found.offer_parameter == "ml_sub1={click_id}"
    assert "one URL for each event" in " ".join(found.mind)


def test_a_macro_of_a_preset_can_be_left_out() -> None:
    assert "payout" not in panel(preset="mylead", macros={"payout": ""}).postback_url


@pytest.mark.parametrize("preset", ["maxbounty", "cake", "trafficcake"])
def test_a_macro_with_a_hash_is_never_encoded_and_it_is_said_where_to_paste_it(preset: str) -> None:
    found = panel(preset=preset)
    assert "click_id=#" in found.postback_url
    assert "%23" not in found.postback_url
    assert any("not into a browser" in what for what in found.mind)


def test_the_click_url_of_a_source_holds_all_its_tokens_as_they_are() -> None:
    tree = {
        "networks": {"theirs": {"key": KEY}},
        "sources": {"adsterra": {"preset": "adsterra", "account": {"advertiser": "acme"}}},
        "offers": {"game": {"network": "theirs", "url": "https://offer.example/?s={click_id}"}},
        "campaigns": {"spring": {"source": "adsterra", "offers": ["game"]}},
    }
    [campaign] = panels(settings(tree)).campaigns
    values = [pair.partition("=")[2] for pair in campaign.click_url.partition("?")[2].split("&")]
    assert set(ADSTERRA.split()) == set(values)
    assert "not into a browser" in campaign.mind
    assert campaign.networks == ("theirs",)


@pytest.mark.parametrize(
    ("place", "url", "header"),
    [
        ("parameter", "/postback/theirs?key=***&click_id=", ""),
        ("path", "/postback/theirs/***?click_id=", ""),
        ("header", "/postback/theirs?click_id=", "X-Clickjoin-Key: ***"),
        ("bearer", "/postback/theirs?click_id=", "Authorization: Bearer ***"),
        ("basic", "/postback/theirs?click_id=", "Authorization: Basic ***"),
        ("authorization", "/postback/theirs?click_id=", "Authorization: ***"),
    ],
)
def test_the_key_stands_where_the_network_can_put_it_d29(place: str, url: str, header: str) -> None:
    found = panel(key_in=place, hide_keys=True)
    assert url in found.postback_url
    assert found.header == header
    assert KEY not in str(found)
    assert KEY in panel(key_in="authorization").header


def test_event_and_status_in_one_parameter_are_one_macro_beside_the_other_d9() -> None:
    one: dict[str, Any] = {"params": {"event": "status", "status": "status"}}
    assert panel(**one, split="_").postback_url.endswith(
        "&status={event}_{status}&txid={txid}&payout={payout}&currency={currency}"
    )
    assert panel(**one).postback_url.count("status=") == 1
    assert "&status={word}" in panel(**one, macros={"click_id": "{sub}", "status": "{word}"}).postback_url


def test_addresses_that_are_only_logged_guard_nothing_and_it_is_said_d19() -> None:
    how: dict[str, Any] = {"allow": ["203.0.113.0/24"], "allow_only_logs": True}
    only = panel(key=None, open=True, **how).guarded_by
    assert only == "nothing: it is open to anybody; other addresses than 203.0.113.0/24 are only logged"
    assert panel(**how).guarded_by.startswith("its key; other addresses")
    [warning] = [line for line in warned({"open": True, "key": None, **how}) if "open" in line]
    assert "anybody can send postbacks" in warning


def test_of_a_network_that_sends_json_the_field_of_our_click_id_is_named() -> None:
    found = panel(preset="revenuecat")
    assert found.postback_url == "https://t.example/postback/theirs"
    assert found.header == f"Authorization: {KEY}"
    assert found.mind == ("it sends JSON: our click ID has to be in event.subscriber_attributes.click_id.value",)


def test_a_signature_is_a_guard() -> None:
    found = panel(preset="stripe", key="unused-key-of-theirs", signature={"secret": SECRET})
    assert found.guarded_by == "its key and its signature"
    assert SECRET not in str(found)


@pytest.mark.parametrize("name", [name for name in preset_names("networks") if name != "adsterra"])
def test_every_preset_can_be_pasted(name: str) -> None:
    guard = {"stripe": "signature", "clickbank_ins": "encryption"}.get(name)
    signed: dict[str, Any] = {guard: {"secret": SECRET}} if guard else {}
    assert panel(preset=name, **signed).postback_url.startswith("https://t.example/postback/theirs")


@pytest.mark.parametrize("macro", ["[transaction_id]", "{payout}", "##CONVERSION_ID##", "{lead_id}", "[program_id]"])
def test_a_macro_in_the_wrong_slot_is_pointed_out_d3(macro: str) -> None:
    unused = {"txid": "", "payout": "", "program_id": ""}
    [warning] = warned({"preset": "mylead", "macros": {**unused, "click_id": macro}})
    assert "our click ID belongs here" in warning


def test_asking_back_another_parameter_than_the_one_that_is_sent_is_pointed_out_d4() -> None:
    [warning] = warned({"preset": "mylead", "macros": {"click_id": "[ml_sub2]", "ml_sub2": "[ml_sub3]"}})
    assert warning.startswith(
        'networks.theirs.macros.click_id = "[ml_sub2]": its offer links carry our click ID in ml_sub1'
    )


def test_an_offer_link_with_another_parameter_than_the_network_gives_back_is_pointed_out_d4() -> None:
    assert warned({"preset": "mylead"}, "https://offer.example/?ml_sub1={click_id}") == []
    [warning] = warned({"preset": "mylead"}, "https://offer.example/?sub1={click_id}")
    assert "write ml_sub1={click_id}" in warning


def test_amounts_without_a_currency_are_pointed_out_d13() -> None:
    [warning] = warned({"preset": "cake"})
    assert warning.startswith("networks.theirs.currency: its amounts come without a currency")
    assert warned({"preset": "cake", "currency": "USD"}) == []
    assert warned({"preset": "mylead"}) == []


def test_an_allow_list_alone_is_pointed_out_d19() -> None:
    tree = {"networks": {"theirs": {"allow": ["203.0.113.0/24"]}}}
    [warning] = find_warnings(settings(tree), tree)
    assert "networks change their addresses" in str(warning)


@pytest.mark.parametrize("word", ["REPLACE", "YOUR_AID", "OPTIONAL"])
def test_what_was_to_be_filled_in_is_pointed_out_d30(word: str) -> None:
    [warning] = warned({}, f"https://offer.example/?a={word}&s={{click_id}}")
    assert "to be filled in" in warning
