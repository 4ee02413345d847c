"""The smart link of the demo."""

import tomllib
from importlib.resources import files

from clickjoin.demo.market import CAMPAIGN, RATES, wins_over


def test_the_offers_of_the_smart_link_are_those_of_the_market_and_pay_the_same() -> None:
    text = (files("clickjoin.demo") / "demo.toml").read_text(encoding="utf-8")
    tree = tomllib.loads(text.replace("PORT_KAFKA", "1").replace("PORT_CLICKHOUSE", "2"))
    campaign = tree["campaigns"][CAMPAIGN]
    assert campaign["optimise"] == "epc"
    assert set(campaign["offers"]) == set(RATES)
    assert len({tree["offers"][name]["payouts"]["install"] for name in RATES}) == 1
    assert len({tree["offers"][name]["url"] for name in RATES}) == len(RATES)


def test_an_offer_wins_over_as_many_visitors_as_the_market_says() -> None:
    for offer, rate in RATES.items():
        assert sum(wins_over(offer, number / 1000) for number in range(1000)) == round(rate * 1000)
