"""Requests that the field's own articles give as examples, as they stand."""

from decimal import Decimal
from urllib.parse import quote

import pytest

from ingest.normalize_click import Visitor, normalize_click
from ingest.normalize_postback import normalize_postback
from ingest.parameters import parse_query
from ingest.plans import prepare
from ingest.refusal import Refusal
from schemas.records import Click, Postback
from schemas.unreplaced import unreplaced_macro
from tests.ingest_samples import NOW_MS, click_id, settings

PLANS = prepare(settings(networks={"plain": {"open": True, "event_default": "install"}}))
OURS = click_id()
ADSTERRA = (
    *("##PLACEMENT_ID##", "##CAMPAIGN_ID##", "##SUB_ID_SHORT(action)##", "##USER_OS##", "##USER_CARRIER##"),
    *("##REMOTE_LANGUAGE##", "##BANNER_ID##", "##REMOTE_COUNTRY##", "##COST_CPM##", "##COST_CPA##", "##COST_CPC##"),
    *("##BROWSER_NAME##", "##COUNTRY_CODE##", "##COUNTRY_CODE_A3##", "##REMOTE_IP##"),
)


def read(network: str, query: str) -> Postback:
    plan = PLANS.networks[network]
    return normalize_postback(plan, parse_query(query), PLANS.secrets, postback_id="p", now_ms=NOW_MS)


def test_a_number_as_click_id_is_refused_where_ids_are_ours_and_accepted_where_they_are_a_source_s() -> None:
    query = "subid=1111111&payout=1&currency=usd"
    found = read("popsnet", query)
    assert (found.click_id, found.payout, found.currency) == ("pops:1111111", Decimal(1), "USD")
    with pytest.raises(Refusal) as refused:
        read("plain", query)
    assert (refused.value.status, refused.value.code) == (400, "invalid_click_id")


@pytest.mark.parametrize("network", ["plain", "popsnet"])
def test_replace_three_times_is_an_unreplaced_macro_d1(network: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(network, "subid=REPLACE&payout=REPLACE&currency=REPLACE")
    assert (refused.value.status, refused.value.code) == (400, "unreplaced_macro")
    assert refused.value.detail.startswith("subid='REPLACE'")


def test_the_same_url_pasted_from_html_says_the_same() -> None:
    pasted = read("popsnet", "subid=1111111&amp;payout=1&amp;currency=usd")
    assert pasted == read("popsnet", "subid=1111111&payout=1&currency=usd")


TEMPLATE = "[transaction_id]&program=[program_id]&name=[program_name]&status=[status]&payout=[payout]"


@pytest.mark.parametrize("query", [TEMPLATE, TEMPLATE.replace("[", "%5B").replace("]", "%5D")])
def test_a_template_that_was_sent_as_it_is_is_refused_d1(query: str) -> None:
    with pytest.raises(Refusal) as refused:
        read("plain", f"subid={query}")
    assert refused.value.code == "unreplaced_macro"


def test_the_template_filled_in_the_wrong_slot_is_refused_and_in_the_right_one_read_d3() -> None:
    filled = "TX-9&program=77&name=My+Game%21&status=approved&payout=2.50"
    with pytest.raises(Refusal) as refused:
        read("plain", f"subid={filled}")
    assert refused.value.code == "invalid_click_id"
    found = read("plain", f"subid={OURS}&tid={filled}")
    assert (found.click_id, found.txid, found.status, found.payout) == (OURS, "TX-9", "approved", Decimal("2.50"))
    assert found.params == {"program": "77", "name": "My Game!"}


@pytest.mark.parametrize("token", ADSTERRA)
def test_the_tokens_of_a_source_are_recognised_raw_encoded_and_cut_at_a_hash_d1(token: str) -> None:
    for sent in (token, quote(token), quote(quote(token)), token[:-1], token[:-2]):
        assert unreplaced_macro(sent), sent
    # Cut at the first of them nothing is left, which is as good as nothing.
    assert parse_query(f"subid={token}".partition("#")[0]) == {"subid": ""}


def visit(**params: str) -> Click:
    """A click of the source's preset, on a campaign with a cost and an offer of fixed payouts."""
    adsterra = {"preset": "adsterra", "account": {"advertiser": "acme"}}
    campaign = {"source": "adsterra", "offers": ["game"], "cost": "0.05 USD"}
    everything = prepare(settings(sources={"adsterra": adsterra}, campaigns={"spring": campaign}))
    return normalize_click(everything.campaigns["spring"], params, Visitor(), click_id=OURS, now_ms=NOW_MS)


def test_a_price_of_a_thousand_is_never_taken_for_the_cost_of_one_click_d27() -> None:
    click = visit(source_click_id="s-1", placement="77", cost_cpm="0.40", cost_cpc="##COST_CPC##")
    assert (click.source_click_id, click.placement, click.cost, click.currency) == (
        *("s-1", "77"),
        *(Decimal("0.0004"), "USD"),
    )
    assert visit(cost_cpc="##COST_CPC##", cost_cpm="##COST_CPM##").cost == Decimal("0.05")


def test_which_payout_wins_is_stamped_on_the_click_d12() -> None:
    assert (visit().payouts, visit().payout_fixed) == ({"install": "1.20 USD"}, True)
