"""The click and the postbacks of an operator's test, as ingest reads them: each network's words come back as ours."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from clickjoin.own_tests.requests import (
    USER_AGENT,
    Call,
    Wanted,
    calls_of,
    click_id_of,
    tellable,
    told_of_tests,
    wanted_of,
)
from ingest.auth import check_access
from ingest.bots import is_bot
from ingest.normalize_click import normalize_reported_click
from ingest.normalize_postback import normalize_postback
from ingest.own_tests import access_of_test
from ingest.plans import prepare
from presets.load import preset_names
from schemas.ids import mint_click_id
from schemas.records import Postback
from schemas.settings.file import Settings
from tests.ingest_samples import KEY, NOW_MS, SECRET, settings

MINTED = mint_click_id(SECRET.encode(), NOW_MS, b"12345678")


def autumn(network: dict[str, Any]) -> Settings:
    """A campaign with an offer of this network, `theirs`."""
    return settings(
        networks={"theirs": network},
        offers={"shop": {"network": "theirs", "url": "https://s.example/?s={click_id}", "payouts": {"trial": "2 EUR"}}},
        campaigns={"autumn": {"source": "pops", "offers": ["shop"]}},
    )


def walked(found: Settings, campaign: str, network: str = "") -> tuple[str, tuple[Call, ...]]:
    wanted = wanted_of(found, Wanted(campaign, network, "test-1"))
    click_id = click_id_of(found, wanted, MINTED)
    return click_id, calls_of(found, wanted, click_id)


def read(found: Settings, network: str, call: Call) -> Postback:
    """A postback as ingest reads it, its key held against the network's."""
    plan = prepare(found).networks[network]
    query = {name.lower(): value for name, value in parse_qsl(urlsplit(call.target).query)}
    params = query | {name.lower(): value for name, value in call.form.items()}
    headers = {name.lower(): value for name, value in call.headers.items()}
    in_path = unquote(urlsplit(call.target).path.removeprefix(f"/postback/{network}").removeprefix("/"))
    key = params.pop("key", "") or headers.get("x-clickjoin-key", "") or in_path
    check_access(access_of_test(plan.access), key, "127.0.0.1", headers.get("authorization", ""))
    return normalize_postback(plan, params, prepare(found).secrets, postback_id="p", now_ms=NOW_MS)


def test_the_click_comes_by_the_campaign_s_own_url_and_a_postback_of_each_event_in_the_network_s_words() -> None:
    found = settings()
    click_id, (click, *postbacks) = walked(found, "spring")
    assert (click_id, click.method, click.target) == (MINTED, "GET", "/click/spring?zoneclick=test-1")
    assert "event=goal_1" in postbacks[0].target
    records = [read(found, "acme", call) for call in postbacks]
    assert [record.event for record in records] == ["install", "trial", "subscribe"]
    assert {(record.click_id, record.status, record.currency) for record in records} == {(MINTED, "approved", "USD")}
    assert [str(record.payout) for record in records] == ["1.20", "1.00", "1.00"]
    assert len({record.txid for record in records}) == 3


@pytest.mark.parametrize("preset", preset_names("networks"))
def test_each_preset_s_postback_is_read_as_the_event_that_was_meant(preset: str) -> None:
    network: dict[str, Any] = {"preset": preset, "key": "a-key-of-theirs", "events": {"sale": "subscribe"}}
    if preset == "adsterra":
        network["click_ids"] = "ours"  # as one of its advertisers has it; the source's own are below
    if preset in ("stripe", "clickbank_ins"):
        network["signature" if preset == "stripe" else "encryption"] = {"secret": KEY}
    found = autumn(network)
    _, (_, *postbacks) = walked(found, "autumn")
    assert postbacks
    for call in postbacks:
        record = read(found, "theirs", call)
        assert (record.click_id, record.event) == (MINTED, call.event)


@pytest.mark.parametrize("place", ["path", "header", "bearer", "basic", "authorization", "parameter"])
def test_the_network_s_key_goes_where_the_network_has_it(place: str) -> None:
    found = autumn({"key": "a key/of&theirs", "key_in": place})
    _, (_, first, *_) = walked(found, "autumn")
    assert read(found, "theirs", first).event == "install"
    assert ("a key" in first.target or "a%20key" in first.target or "a+key" in first.target) == (place[0] == "p")


def test_a_network_that_sends_the_source_s_click_ids_gets_a_click_that_the_source_reports() -> None:
    found = settings(
        offers={"app": {"network": "popsnet", "url": "https://app.example/?c={source_click_id}"}},
        campaigns={"apps": {"source": "pops", "offers": ["app"]}},
    )
    click_id, (click, *postbacks) = walked(found, "apps")
    plan = prepare(found).campaigns["apps"]
    reported = normalize_reported_click(plan, dict(click.form), minted=MINTED, now_ms=NOW_MS)
    assert (click.method, click_id) == ("POST", "pops:test-1")
    assert {reported.click_id, *(read(found, "popsnet", call).click_id for call in postbacks)} == {click_id}
    with pytest.raises(ValueError, match="click IDs of pops"):
        walked(settings(offers={"quiz": {"network": "popsnet", "url": "https://q.example"}}), "nocost")


def test_what_there_is_not_is_said() -> None:
    with pytest.raises(LookupError, match=r"no campaigns\.winter"):
        walked(settings(), "winter")
    with pytest.raises(LookupError, match="of acme, near, not of glass"):
        walked(settings(), "both", "glass")


def test_a_test_is_no_robot_so_that_its_conversions_are_shown_as_any_visitor_s() -> None:
    assert not is_bot(USER_AGENT)


def test_a_destination_that_is_told_of_tests_by_its_own_setting_is_named() -> None:
    told = {"url": "https://pops.example/?c={source_click_id}"}
    for also, expected in (([], ()), (["test"], ("source/pops",))):
        postbacks = {"install": {**told, "also": also}}
        found = settings(sources={"pops": {"click_id_param": "z", "postbacks": postbacks}})
        assert tellable(found, wanted_of(found, Wanted("spring", "", "x"))) == (("source/pops", "install"),)
        assert told_of_tests(found) == {"pops": expected, "free": ()}
