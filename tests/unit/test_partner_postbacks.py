"""Partners are told of the conversions of their clicks: in their own words, of their own payout, and of no other's."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies
from typer.testing import CliRunner

from clickjoin.cli.app import app
from clickjoin.data_folder import ensure_secret
from clickjoin.own_tests.made_up import MadeUp, request_for
from clickjoin.panels.everyone import panels
from clickjoin.partners.book import secrets_of
from clickjoin.partners.ledger import Conversion as Booked
from clickjoin.partners.ledger import due
from presets.load import settings_of
from schemas.catalogue import EMPTY
from schemas.partner_claims import claim
from schemas.records import Delivery, Outcome
from schemas.settings.errors import ConfigError
from schemas.settings.file import Settings
from schemas.settings.partners import Partner
from streams.emit.endings import Review
from streams.emit.partners import told_to
from streams.emit.retemplate import retemplated
from streams.emit.routes import routes_of, successes_of
from streams.emit.routing import deliveries_of
from tests.emit_samples import NOW, outcome

SECRET = "the secret of the click IDs"
URL = "https://bob.example/pb?cid={source_click_id}&sum={payout}&cur={currency}"
STEPS = {"steps": [{"after": 0, "share": "50%"}, {"after": 100, "share": "60%"}]}


def configured(postback: dict[str, Any] | None = None, **partner: Any) -> Settings:
    tree = {
        "ingest": {"secrets": [SECRET]},
        "events": {"install": {"step": 1}, "trial": {"step": 2}},
        "networks": {"acme": {"open": True}},
        "sources": {"pops": {}},
        "offers": {"game": {"network": "acme", "url": "https://offer.example/?s={click_id}"}},
        "campaigns": {name: {"source": "pops", "offers": ["game"]} for name in ("spring", "bobs")},
        "partners": {
            "bob": {"shares": {"install": "70%"}, "postbacks": {"*": {"url": URL, **(postback or {})}}, **partner},
            "eve": {"shares": {"*": "50%"}, "postbacks": {"*": {"url": "https://eve.example/"}}},
        },
    }
    return settings_of(tree, {})[0]


def of_bob(said: str | None = None, click: dict[str, Any] | None = None, **fields: Any) -> Outcome:
    """A conversion of a click that says it is Bob's."""
    params = {"partner": claim(SECRET, "bob", "spring") if said is None else said}
    return outcome(click={"params": params, **(click or {})}, **fields)


def told(about: Outcome, postback: dict[str, Any] | None = None, **partner: Any) -> list[Delivery]:
    return deliveries_of(about, routes_of(configured(postback, **partner)), NOW)


def test_a_partner_is_told_of_their_clicks_with_their_own_click_id_and_their_own_payout() -> None:
    (made,) = told(of_bob())
    assert (made.destination, made.state) == ("partner/bob", "scheduled")
    assert made.url == "https://bob.example/pb?cid=their-1&sum=0.84&cur=USD"
    (made,) = told(outcome(click={"campaign": "bobs"}), campaigns=["bobs"])
    assert (made.destination, made.state) == ("partner/bob", "scheduled")


def test_a_click_of_nobody_or_of_somebody_unknown_is_told_to_no_partner() -> None:
    assert told(outcome()) == []
    assert told(of_bob("mallory.0123456789abcdef")) == []


@pytest.mark.parametrize(
    ("said", "partner", "reason"),
    [
        ("bob", {}, "unsigned"),
        ("bob.0123456789abcdef", {}, "wrong_signature"),
        (claim(SECRET, "bob", "summer"), {}, "wrong_signature"),
        (None, {"paused": True}, "partner_paused"),
    ],
)
def test_a_partner_whose_click_is_held_is_told_nothing_and_a_row_says_why(
    said: str | None, partner: dict[str, Any], reason: str
) -> None:
    (made,) = told(of_bob(said), **partner)
    assert (made.destination, made.state, made.url) == ("partner/bob", "not_sendable", "")
    assert made.reason.partition(":")[0] == reason


def test_a_claim_that_is_accepted_is_told_from_then_on() -> None:
    (made,) = told(of_bob("bob"), accept=["bob"])
    assert made.state == "scheduled"


@pytest.mark.parametrize(
    ("shares", "conversion", "amount"),
    [
        ({"install": "70%"}, {"payout": Decimal("1.25")}, "0.88&cur=USD"),  # cents, as in the ledger
        ({"*": "0.50 EUR"}, {}, "0.50&cur=EUR"),
        ({"*": "0.50 EUR"}, {"payout": Decimal("-1.20"), "is_refund": True}, "-0.50&cur=EUR"),
        ({"install": "70%"}, {"payout": Decimal("-1.20"), "is_refund": True}, "-0.84&cur=USD"),
        ({"install": "none"}, {}, "0.00&cur=USD"),
        ({"trial": "70%"}, {}, "0&cur=USD"),  # no share: nothing
        ({"install": "70%"}, {"payout": None, "currency": ""}, "&cur="),
        ({"install": STEPS}, {}, "&cur="),  # which step it is the month alone can tell
        ({"install": {"steps": STEPS["steps"][:1]}}, {}, "0.60&cur=USD"),
    ],
)
def test_payout_is_the_partners_share_and_left_out_where_it_is_not_known(
    shares: dict[str, Any], conversion: dict[str, Any], amount: str
) -> None:
    (made,) = told(of_bob(conversion=conversion), shares=shares)
    assert made.url == f"https://bob.example/pb?cid=their-1&sum={amount}"


@given(
    payout=strategies.decimals("-9999", "9999", places=4).filter(bool),
    share=strategies.sampled_from(("70%", "33.3333%", "0.5%", "all", "0.50 EUR", "none")),
)
def test_what_a_partner_is_told_is_to_the_cent_what_the_ledger_will_have(payout: Decimal, share: str) -> None:
    bob = Partner.model_validate({"shares": {"*": share}})
    paid: dict[str, Any] = {"payout": payout, "currency": "USD", "is_refund": payout < 0}
    conversion = outcome(conversion=paid).conversion
    assert conversion is not None
    booked = Booked("c1", "click1", "install", "spring", "", "approved", received_at=NOW, **paid)
    lines = due(bob, [booked], [], NOW + 1).lines
    amount, currency = told_to(bob, conversion)
    assert [(line.amount, line.currency) for line in lines] == ([(amount, currency)] if amount else [])


def test_a_partner_may_be_told_no_payout_at_all_and_in_a_currency_of_their_own() -> None:
    (made,) = told(of_bob(), {"payout": "none"})
    assert made.url.endswith("&sum=&cur=")
    (made,) = told(of_bob(), {"currency": "EUR"})
    assert (made.state, made.reason.partition(":")[0]) == ("held", "no_rate")


def test_their_sub_ids_goals_account_and_statuses_are_those_of_a_sources_postback() -> None:
    template = "https://bob.example/{account.id}?s={sub3}&x={param.zone}&g={goal}&st={status}"
    params = {"partner": claim(SECRET, "bob", "spring"), "zone": "7"}
    about = of_bob(click={"subs": {"sub3": "a b"}, "params": params}, conversion={"status": "rejected"})
    said = {"url": template, "statuses": ["approved", "rejected"]}
    (made,) = told(about, said, goals={"install": "1"}, account={"id": "k9"})
    assert made.url == "https://bob.example/k9?s=a%20b&x=7&g=1&st=rejected"
    assert told(about) == []


def test_a_partner_sees_nothing_of_what_the_network_says_beside_the_payout() -> None:
    about = of_bob()
    spilled = msgspec.structs.replace(about.postback, params={"revenue": "1.20"})
    (made,) = told(
        msgspec.structs.replace(about, postback=spilled), {"url": "https://bob.example/?a={sub1}&r={param.revenue}"}
    )
    assert made.url == "https://bob.example/?a=&r="


def test_the_source_of_the_click_is_told_as_ever() -> None:
    tree = {
        "ingest": {"secrets": [SECRET]},
        "sources": {"pops": {"postbacks": {"*": {"url": "https://pops.example/?v={payout}"}}}},
        "partners": {"bob": {"shares": {"*": "50%"}, "postbacks": {"*": {"url": "https://bob.example/?v={payout}"}}}},
    }
    made = deliveries_of(of_bob(), routes_of(Settings.model_validate(tree, context={"env": {}})), NOW)
    assert [one.url for one in made] == ["https://pops.example/?v=1.20", "https://bob.example/?v=0.60"]
    assert len({one.delivery_id for one in made}) == 2


def test_what_waits_for_a_partner_follows_the_configuration() -> None:
    (held,) = told(of_bob(), {"currency": "EUR"})
    there = configured()
    made = Review(routes_of(there), successes_of(there).keys(), 1000, 0).of(held, NOW)
    assert made is not None
    assert (made.state, made.url) == ("scheduled", "https://bob.example/pb?cid=their-1&sum=0.84&cur=USD")
    gone = Review(routes_of(Settings()), {}, 1000, 0).of(held, NOW)
    assert gone is not None
    assert (gone.state, gone.reason.partition(":")[0]) == ("cancelled", "destination_removed")
    (waiting,) = told(of_bob())
    again = retemplated(waiting, of_bob(), routes_of(configured({"url": "https://new.example/?s={sub1}"})), NOW)
    assert again is not None
    assert (again.state, again.url) == ("scheduled", "https://new.example/?s=")


def test_the_request_can_be_tried_and_is_listed_by_check() -> None:
    trial = request_for(configured(), MadeUp("partner/bob", "install"), NOW)
    assert trial.rendered.request.url.endswith("&sum=0.70&cur=USD")
    assert trial.fits
    assert not request_for(configured(paused=True), MadeUp("partner/bob", "install"), NOW).fits
    listed = [(one.destination, one.host, one.events) for one in panels(configured()).others]
    assert listed == [("partner/bob", "bob.example", {}), ("partner/eve", "eve.example", {})]
    with pytest.raises(LookupError, match=r"there is no \[partners.nobody\]: .*partner/bob"):
        request_for(configured(), MadeUp("partner/nobody", "install"), NOW)


def test_emit_knows_the_secret_of_the_folder_by_which_the_claims_are_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Settings] = []
    monkeypatch.setattr("clickjoin.catalogue.follow.awaited", lambda *_: EMPTY)
    monkeypatch.setattr("streams.main.run_worker", lambda _, settings, *rest: given.append(settings))
    config = tmp_path / "clickjoin.toml"
    config.write_text("")
    done = CliRunner().invoke(app, ["emit", "--config", str(config), "--data", str(tmp_path)])
    assert secrets_of(given[0]) == (ensure_secret(tmp_path),), done.output


@pytest.mark.parametrize(
    ("postback", "problem"),
    [
        ({"url": "https://bob.example/?c={cost}"}, 'postbacks."*".url = "https://bob.example/…": unknown macro {cost}'),
        ({"url": "https://bob.example/{account.id}"}, 'write id = "…" in its [account]'),
        (
            {"payout": "70%"},
            'postbacks."*".payout: they are told what [shares] gives them: leave it out, or write "none"',
        ),
        ({"events": ["instal"]}, 'there is no [events.instal]: did you mean "install"?'),
        ({"statuses": ["paid"]}, 'partners.bob.postbacks."*".statuses[0]'),
        ({"urll": "x"}, 'did you mean "url"?'),
    ],
)
def test_a_mistake_in_a_partners_postback_is_told_with_path_and_what_would_be_right(
    postback: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        configured(postback)
    assert [problem in str(one) for one in refused.value.problems] == [True], refused.value.problems
