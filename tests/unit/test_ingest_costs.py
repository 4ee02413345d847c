"""What a click costs, and what its source charges for events, by the campaign or by the source's own macros."""

from decimal import Decimal
from typing import Any

import pytest

from ingest.normalize_click import Visitor, normalize_click
from ingest.plans import prepare
from presets.load import merge_presets
from schemas.records import Click
from schemas.settings.validation import validate
from schemas.settings.warnings import find_warnings
from tests.ingest_samples import NOW_MS, click_id, settings, tree

BROWSER = Visitor("198.51.100.7", "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0")
SAYS = {"cost": "cost_cpc", "cpm": "cost_cpm", "cpa": "cost_cpa"}


def visit(campaign: dict[str, Any], source: dict[str, Any], /, **params: str) -> Click:
    """A click of a campaign with these prices, whose source says what it costs in these words."""
    spring = {"source": "pops", "offers": ["game"], **campaign}
    found = settings(campaigns={"spring": spring}, sources={"pops": {"click_id_param": "zoneclick", **source}})
    plan = prepare(found).campaigns["spring"]
    return normalize_click(plan, params, BROWSER, click_id=click_id(), now_ms=NOW_MS)


def cost(campaign: dict[str, Any], source: dict[str, Any], /, **params: str) -> tuple[Decimal | None, str]:
    click = visit(campaign, source, **params)
    return click.cost, click.currency


def test_a_cpm_that_the_source_says_is_a_thousandth_for_a_click_exactly_d27() -> None:
    source = {"params": SAYS, "currency": "USD"}
    assert cost({}, source, cost_cpm="0.4") == (Decimal("0.0004"), "USD")
    found = cost({}, source, cost_cpm="0.40")[0]
    assert found is not None
    assert found * 1000 == Decimal("0.40")
    assert cost({}, source, cost_cpm="0.12345678") == (Decimal("0.00012346"), "USD")


def test_of_two_prices_the_one_that_the_source_does_not_go_by_is_0_and_counts_for_nothing() -> None:
    source = {"params": SAYS, "currency": "USD"}
    assert cost({}, source, cost_cpc="0", cost_cpm="0.4", cost_cpa="0") == (Decimal("0.0004"), "USD")
    assert cost({}, source, cost_cpc="0.02", cost_cpm="0") == (Decimal("0.02"), "USD")
    assert cost({}, source, cost_cpc="##COST_CPC##", cost_cpm="0.4") == (Decimal("0.0004"), "USD")
    assert cost({"cost": "0.05 EUR"}, source, cost_cpc="0", cost_cpm="0") == (Decimal(0), "USD")


def test_what_the_source_says_is_in_its_own_currency_or_the_campaign_s_else_it_counts_for_nothing() -> None:
    assert cost({"cost": "0.05 EUR"}, {"params": SAYS}, cost_cpc="0.02") == (Decimal("0.02"), "EUR")
    assert cost({"cost": "0.05 EUR"}, {"params": SAYS, "currency": "USD"}, cost_cpc="0.02")[1] == "USD"
    assert cost({"cost": "0.05 EUR"}, {"params": SAYS}, cost_cpc="0.02", currency="pln")[1] == "PLN"
    assert cost({"cost": "0.05 EUR"}, {"params": SAYS}, cost_cpc="0.02", currency="dollars")[1] == "EUR"
    assert cost({}, {"params": SAYS}, cost_cpc="0.02") == (None, "")


def test_a_price_that_nobody_can_mean_leaves_the_campaign_s() -> None:
    assert cost({"cost": "0.05 EUR"}, {}, cpm="-1") == cost({"cost": "0.05 EUR"}, {}, cpm="free")
    assert cost({"cost": "0.05 EUR"}, {}, cost="{cost}", cpm="REPLACE") == (Decimal("0.05"), "EUR")


def test_what_a_source_charges_for_an_event_is_the_campaign_s_or_what_it_says_itself() -> None:
    owed = {"cpa": {"install": "0.50 USD", "subscribe": "3.00 USD"}}
    assert visit(owed, {}).cpa == {"install": "0.50 USD", "subscribe": "3.00 USD"}
    assert visit(owed, {"params": SAYS}, cost_cpa="1,25").cpa == {"install": "1.25 USD", "subscribe": "1.25 USD"}
    assert visit(owed, {"params": SAYS}, cost_cpa="0").cpa == {"install": "0.50 USD", "subscribe": "3.00 USD"}
    assert visit(owed, {"params": SAYS}, cost_cpa="##COST_CPA##").cpa["subscribe"] == "3.00 USD"
    assert visit({}, {"params": SAYS, "currency": "USD"}, cost_cpa="1.25").cpa == {}


def test_an_event_that_is_charged_for_must_be_one_of_the_funnel() -> None:
    spring = {"source": "pops", "offers": ["game"], "cpa": {"instal": "1.00 USD"}}
    merged, _ = merge_presets(tree(campaigns={"spring": spring}))
    [problem] = validate(merged, {})[1]
    assert (problem.path, problem.message) == (
        "campaigns.spring.cpa.instal",
        'there is no [events.instal]: did you mean "install"?',
    )


@pytest.mark.parametrize(
    ("source", "campaign", "is_told"),
    [({}, {}, True), ({"currency": "USD"}, {}, False), ({}, {"cpm": "0.40 USD"}, False)],
)
def test_a_cost_without_a_currency_is_pointed_out_d13(
    source: dict[str, Any], campaign: dict[str, Any], is_told: bool
) -> None:
    sources = {"pops": {"preset": "adsterra", "account": {"advertiser": "acme"}, **source}}
    campaigns = {"spring": {"source": "pops", "offers": ["game"], **campaign}}
    told = {"events": tree()["events"], "networks": {"acme": {"open": True}}}
    offers = {"game": {"network": "acme", "url": "https://offer.example/?c={click_id}"}}
    merged, _ = merge_presets({**told, "sources": sources, "offers": offers, "campaigns": campaigns})
    found, problems = validate(merged, {})
    assert found is not None, problems
    warned = [warning for warning in find_warnings(found, {}) if warning.path == "sources.pops.currency"]
    assert bool(warned) == is_told
