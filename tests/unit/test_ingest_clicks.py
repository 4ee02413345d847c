from collections import Counter
from decimal import Decimal

import pytest

from ingest.bots import is_bot
from ingest.normalize_click import Visitor, destination, normalize_click, normalize_reported_click
from ingest.plans import prepare
from ingest.refusal import Refusal
from schemas.partner_claims import claim
from schemas.records import Click
from tests.ingest_samples import NOW_MS, SECRET, click_id, plans, settings

PLANS = plans()
OURS = click_id()
BROWSER = Visitor("198.51.100.7", "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0")


def visit(campaign: str = "spring", /, visitor: Visitor = BROWSER, **params: str) -> Click:
    return normalize_click(PLANS.campaigns[campaign], params, visitor, click_id=OURS, now_ms=NOW_MS)


def report(campaign: str = "spring", /, **params: str) -> Click:
    return normalize_reported_click(PLANS.campaigns[campaign], params, minted=OURS, now_ms=NOW_MS)


def test_a_click_holds_what_the_source_says_and_what_applied_when_it_came() -> None:
    assert visit(zoneclick="AbC/+=", zoneid="77", bannerid="9", geo="US", sub1="x", utm_source="u") == Click(
        click_id=OURS,
        clicked_at=NOW_MS,
        received_at=NOW_MS,
        campaign="spring",
        source="pops",
        source_click_id="AbC/+=",
        offer="game",
        network="acme",
        may_credit=("acme",),
        payouts={"install": "1.20 USD"},
        payout_fixed=True,
        country="US",
        device="desktop",
        os="Linux",
        browser="Firefox",
        placement="77",
        creative="9",
        subs={"sub1": "x"},
        params={"utm_source": "u"},
        cost=Decimal("0.0004"),
        currency="USD",
        ip="198.51.100.7",
        user_agent=BROWSER.user_agent,
    )


def test_a_thousand_clicks_at_a_cpm_cost_the_cpm_exactly() -> None:
    cost = visit().cost
    assert cost is not None
    assert cost * 1000 == Decimal("0.40")


def test_the_cost_is_what_the_source_says_where_it_says_so_in_a_known_currency() -> None:
    assert (visit(bid="0,07").cost, visit(bid="0.07").currency) == (Decimal("0.07"), "USD")
    assert visit(bid="0.07", currency="eur").currency == "EUR"
    assert visit(bid="{bid}").cost == visit(bid="-1").cost == visit(bid="free").cost == Decimal("0.0004")
    assert (visit("nocost", cost="0.07").cost, visit("nocost").cost) == (None, None)


def test_the_source_s_click_id_is_given_back_byte_for_byte() -> None:
    click = visit(zoneclick=" Ab C&é=%20 ")
    assert click.source_click_id == " Ab C&é=%20 "
    assert "&s=%20Ab%20C%26%C3%A9%3D%2520%20&" in destination(PLANS.campaigns["spring"], click)


@pytest.mark.parametrize("value", ["x" * 1025, "a\ufffdb", "{clickid}", "##CLICK_ID##", ""])
def test_a_source_click_id_that_is_not_whole_is_worse_than_none(value: str) -> None:
    assert visit(zoneclick=value).source_click_id == ""


def test_a_visitor_is_never_refused_for_what_the_url_holds() -> None:
    click = visit(placement="p" * 5000, geo="{country}", sub2="\ufffd", junk="j" * 5000)
    assert (click.placement, click.country, click.subs) == ("p" * 1024, "", {"sub2": "\ufffd"})
    assert click.params == {"junk": "j" * 1024}


def test_the_offer_is_the_same_for_the_same_click_and_spread_evenly() -> None:
    plan = PLANS.campaigns["both"]
    ids = [click_id(random=number.to_bytes(8, "big")) for number in range(2000)]
    clicks = [normalize_click(plan, {}, BROWSER, click_id=one, now_ms=NOW_MS) for one in ids]
    assert clicks == [normalize_click(plan, {}, BROWSER, click_id=one, now_ms=NOW_MS) for one in ids]
    assert all(900 < count < 1100 for count in Counter(click.offer for click in clicks).values())
    assert all(click.offer == ("game" if "offer.example" in destination(plan, click) else "quiz") for click in clicks)


def test_the_destination_comes_from_the_configuration_and_values_are_encoded_once() -> None:
    click = visit(zoneclick="https://evil.example/?a=b", zoneid="{click_id}%26", sub3="a b")
    assert destination(PLANS.campaigns["spring"], click) == (
        f"https://offer.example/%C3%A9?aff_sub={OURS}&s=https%3A%2F%2Fevil.example%2F%3Fa%3Db&p=%7Bclick_id%7D%2526&x=a%20b&c=spring"
    )


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1)",
        "facebookexternalhit/1.1",
        "curl/8.0",
        "python-requests/2",
        "bingbot/2.0",
    ],
)
def test_a_bot_that_says_so_is_flagged_d17(user_agent: str) -> None:
    assert is_bot(user_agent)
    assert visit(visitor=Visitor("", user_agent)).is_bot


@pytest.mark.parametrize(
    "user_agent", ["", BROWSER.user_agent, "Mozilla/5.0 (Linux; Android 9; CUBOT_X18) Chrome/90 Mobile", "Dalvik/2.1.0"]
)
def test_a_person_is_no_bot(user_agent: str) -> None:
    assert not is_bot(user_agent)


def test_a_source_may_bring_its_own_click_id_and_moment() -> None:
    click = report(click_id="S-1", clicked_at="1699999999", ip="203.0.113.5", ua="curl/8", zoneid="5")
    assert (click.click_id, click.clicked_at, click.received_at) == ("pops:S-1", 1_699_999_999_000, NOW_MS)
    assert (click.source_click_id, click.ip, click.user_agent, click.placement) == ("S-1", "203.0.113.5", "curl/8", "5")
    assert report(click_id="S-1", zoneclick="Z").source_click_id == "Z"
    assert report().click_id == OURS


@pytest.mark.parametrize(
    ("campaign", "params", "status", "code"),
    [
        ("both", {"click_id": "S-1"}, 401, "key_required"),
        ("spring", {"click_id": "{id}"}, 400, "unreplaced_macro"),
        ("spring", {"click_id": "x" * 256}, 400, "invalid_click_id"),
        ("spring", {"clicked_at": "soon"}, 400, "invalid_clicked_at"),
        ("spring", {"clicked_at": "1800000000"}, 400, "invalid_clicked_at"),
    ],
)
def test_a_report_that_cannot_be_used_is_refused(campaign: str, params: dict[str, str], status: int, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        report(campaign, **params)
    assert (refused.value.status, refused.value.code) == (status, code)


@pytest.mark.parametrize(
    ("campaign", "said", "recorded"),
    [
        ("spring", "", ""),
        ("spring", claim(SECRET, "bob", "spring"), "bob"),
        ("spring", claim(SECRET, "bob", "both"), "held:wrong_signature"),
        ("spring", "bob", "held:unsigned"),
        ("spring", "mallory.0123456789abcdef", "held:unknown_partner"),
        ("both", "", "own"),
    ],
)
def test_a_click_is_recorded_with_its_partner_or_with_why_its_claim_is_held(
    campaign: str, said: str, recorded: str
) -> None:
    shares = {"shares": {"*": "50%"}}
    with_partners = prepare(settings(partners={"bob": shares, "own": shares | {"campaigns": ["both"]}}))
    click = normalize_click(with_partners.campaigns[campaign], {"partner": said}, BROWSER, click_id=OURS, now_ms=NOW_MS)
    assert (click.partner, click.params["partner"]) == (recorded, said)
    assert visit(partner=said).partner == "", "nobody has partners"
