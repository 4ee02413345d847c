from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from clickjoin.panels.everyone import panels
from presets.load import load_settings
from schemas.settings.file import Settings
from schemas.settings.postbacks import Source
from schemas.settings.traffic import Campaign, Network, Offer

EXAMPLE = Path(__file__).parents[2] / "clickjoin.example.toml"
ENV = {"ACME_KEY": "a key/with&signs", "POPS_KEY": "pops-key"}


def test_a_network_gets_the_exact_url_with_its_own_parameter_names_and_its_key() -> None:
    [network] = panels(load_settings(EXAMPLE, ENV)).networks
    url = urlsplit(network.postback_url)
    assert f"{url.scheme}://{url.netloc}{url.path}" == "http://127.0.0.1:8080/postback/acme"
    assert parse_qs(url.query) == {
        "key": [ENV["ACME_KEY"]],
        "ml_sub1": ["{click_id}"],
        "event": ["{event}"],
        "txid": ["{txid}"],
        "payout": ["{payout}"],
        "currency": ["{currency}"],
        "status": ["{status}"],
    }


def test_keys_can_be_hidden() -> None:
    [network] = panels(load_settings(EXAMPLE, ENV), hide_keys=True).networks
    assert "?key=***&" in network.postback_url


def test_a_campaign_gets_the_click_url_with_its_sources_parameter_names() -> None:
    [campaign] = panels(load_settings(EXAMPLE, ENV)).campaigns
    assert campaign.click_url.startswith(
        "http://127.0.0.1:8080/click/spring?zoneclick={source_click_id}&zone={placement}&"
    )


def test_a_parameter_that_the_source_has_a_name_of_its_own_for_stands_in_its_click_url() -> None:
    pops = Source.model_validate({"params": {"cost": "bid", "placement": "zone", "sub1": "sub1", "user_agent": "ua"}})
    offer = Offer(network="acme", url="https://offer.example/?c={click_id}")
    found = Settings(
        networks={"acme": Network(open=True)},
        sources={"pops": pops},
        offers={"game": offer},
        campaigns={"spring": Campaign.model_validate({"source": "pops", "offers": ["game"]})},
    )
    [campaign] = panels(found).campaigns
    assert campaign.click_url.endswith("/click/spring?zone={placement}&bid={cost}")


def test_a_click_id_that_a_platform_appends_by_itself_is_left_out_of_the_click_url() -> None:
    tree = {
        "networks": {"acme": {"open": True}},
        "sources": {"fb": {"click_id_param": "fbclid", "params": {"placement": "place"}}},
        "offers": {"game": {"network": "acme", "url": "https://offer.example/?c={click_id}"}},
        "campaigns": {"spring": {"source": "fb", "offers": ["game"]}},
    }
    own = {"kind": "own", "sources": ["fb"], "events": {"install": "Lead"}, "json_body": {"id": "{source_click_id}"}}
    [alone] = panels(Settings.model_validate(tree)).campaigns
    [told] = panels(Settings.model_validate(tree | {"conversion_apis": {"own": own}})).campaigns
    assert alone.click_url.endswith("/click/spring?fbclid={source_click_id}&place={placement}")
    assert told.click_url.endswith("/click/spring?place={placement}")
    assert told.mind == "fbclid is appended by the platform itself"


def test_of_a_sources_url_only_the_host_is_shown() -> None:
    told = panels(load_settings(EXAMPLE, ENV)).sources
    assert [(each.event, each.host, each.max_click_age_hours) for each in told] == [
        ("install", "pops.example", 720.0),
        ("*", "pops.example", None),
    ]


def test_a_network_that_sends_a_sources_ids_is_asked_for_those() -> None:
    acme = Network.model_validate({"open": True, "click_ids": "pops"})
    [network] = panels(Settings(networks={"acme": acme}, sources={"pops": Source()})).networks
    assert "?click_id={source_click_id}&" in network.postback_url
    assert network.guarded_by == "nothing: it is open to anybody"
