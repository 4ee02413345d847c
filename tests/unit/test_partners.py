# ruff: noqa: E501 - one case, one line
"""Partners: whose a click is, what they get of it, and when."""

from __future__ import annotations

from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clickjoin.cli import catalogue_entry
from clickjoin.cli.app import app
from clickjoin.partners.ledger import Conversion, due, totals
from clickjoin.partners.rows import entry_of, shares_of
from dashboard.passwords import hashed, is_right
from schemas.catalogue import Change
from schemas.catalogue_problems import catalogue_problems
from schemas.partner_claims import Claims, Owner, claim
from schemas.settings.partners import Partner
from schemas.settings.validation import validate
from schemas.settings.warnings import find_warnings
from tests.support.catalogue import MemoryLog, memory_writer

DAY = 86_400_000
NOVEMBER = 1_793_491_200_000
SECRETS = ("first secret", "second secret")
BOB = {"shares": {"install": "70%"}, "hold": "14d"}


def partner(**said: Any) -> Partner:
    return Partner.model_validate({**BOB, **said})


PARTNERS = {
    "bob": partner(accept=["bob.mistyped"]),
    "eve": partner(key="a key of eve's"),
    "own": partner(campaigns=["owns"]),
}


def conversion(number: int = 1, **facts: Any) -> Conversion:
    given = {"status": "approved", "payout": Decimal("2.00"), "currency": "USD", "is_refund": False}
    at = NOVEMBER + number * 60_000
    return Conversion(f"c{number}", f"click{number}", "install", "spring", "", **{**given, "received_at": at, **facts})


@pytest.mark.parametrize(
    ("said", "campaign", "owner"),
    [
        ("", "spring", Owner()),
        (claim(SECRETS[0], "bob", "spring"), "spring", Owner("bob")),
        (claim(SECRETS[1], "bob", "spring"), "spring", Owner("bob")),
        (claim(SECRETS[0], "bob", "spring"), "summer", Owner(held="wrong_signature")),
        (claim("a key of eve's", "eve", "spring"), "spring", Owner("eve")),
        (claim(SECRETS[0], "eve", "spring"), "spring", Owner(held="wrong_signature")),
        ("bob", "spring", Owner(held="unsigned")),
        ("bob.0123456789abcdef", "spring", Owner(held="wrong_signature")),
        ("bob.mistyped", "spring", Owner("bob")),
        ("bob.кириллица", "spring", Owner(held="wrong_signature")),
        ("mallory.0123456789abcdef", "spring", Owner(held="unknown_partner")),
        ("", "owns", Owner("own")),
    ],
)
def test_a_click_is_credited_by_a_signature_a_campaign_of_ones_own_or_to_nobody(
    said: str, campaign: str, owner: Owner
) -> None:
    assert Claims(PARTNERS, SECRETS).owner(said, campaign) == owner


def test_a_conversion_is_due_when_it_is_approved_and_its_days_are_over() -> None:
    bob, day = partner(), NOVEMBER + 14 * DAY
    found = due(bob, [conversion(), conversion(2, status="pending"), conversion(3, payout=None)], [], day)
    assert (found.lines, [one.why for one in found.waiting]) == ((), ["held", "pending", "unpriced"])
    found = due(bob, [conversion(), conversion(2, status="rejected")], [], day + DAY)
    assert [(line.reason, line.amount, line.currency) for line in found.lines] == [("earned", Decimal("1.40"), "USD")]


def test_what_is_rejected_after_it_was_settled_is_clawed_back_and_restored_if_it_is_approved_again() -> None:
    bob = partner(hold=0)
    settled = list(due(bob, [conversion()], [], NOVEMBER + DAY).lines)
    for status, reason, amount in (("rejected", "clawback", "-1.40"), ("approved", "restored", "1.40")):
        (line,) = due(bob, [conversion(status=status)], settled, NOVEMBER + 2 * DAY).lines
        assert (line.reason, line.amount) == (reason, Decimal(amount))
        settled.append(line)
    (line,) = due(bob, [conversion(payout=Decimal("3.00"))], settled, NOVEMBER + 2 * DAY).lines
    assert (line.reason, line.amount) == ("amount", Decimal("0.70"))


def test_what_is_settled_keeps_its_share_when_another_is_agreed_on() -> None:
    settled = due(partner(hold=0), [conversion()], [], NOVEMBER + DAY).lines
    generous = partner(hold=0, shares={"install": "90%"})
    found = due(generous, [conversion(), conversion(2)], settled, NOVEMBER + DAY).lines
    assert [(line.conversion_id, line.amount) for line in found] == [("c2", Decimal("1.80"))]


STEPS = [{"after": 0, "share": "50%"}, {"after": 2, "share": "60%"}, {"after": 3, "share": "1.50 USD"}]


def test_steps_are_marginal() -> None:
    bob = partner(hold=0, shares={"install": {"steps": STEPS}})
    found = due(bob, [conversion(number) for number in range(5)], [], NOVEMBER + DAY)
    assert [line.amount for line in found.lines] == [Decimal(each) for each in ("1.00", "1.00", "1.20", "1.50", "1.50")]


def test_retroactive_steps_lift_all_of_the_month_also_what_was_settled() -> None:
    bob = partner(hold=0, shares={"install": {"steps": STEPS, "retroactive": True}})
    settled = due(bob, [conversion(1), conversion(2)], [], NOVEMBER + DAY).lines
    found = due(bob, [conversion(number) for number in (1, 2, 3)], settled, NOVEMBER + DAY)
    assert [(line.reason, line.amount) for line in found.lines] == [
        ("volume", Decimal("0.20")),
        ("volume", Decimal("0.20")),
        ("earned", Decimal("1.20")),
    ]
    assert totals((*settled, *found.lines)) == {"USD": Decimal("3.60")}


def test_what_the_tables_dropped_since_stays_settled_and_still_counts() -> None:
    bob = partner(hold=0, shares={"install": {"steps": STEPS, "retroactive": True}})
    settled = due(bob, [conversion(number) for number in (1, 2, 3)], [], NOVEMBER + DAY).lines
    assert due(bob, [conversion(3)], settled, NOVEMBER + DAY).lines == ()
    assert due(bob, [], settled, NOVEMBER + DAY).lines == ()


def test_a_refund_takes_its_share_back() -> None:
    taken = conversion(2, payout=Decimal("-2.00"), is_refund=True)
    for share, amount in (("70%", "-1.40"), ("0.50 EUR", "-0.50")):
        (line,) = due(partner(hold=0, shares={"*": share}), [taken], [], NOVEMBER + DAY).lines
        assert (line.reason, line.amount) == ("refund", Decimal(amount))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"shares": {"install": "170%"}}, 'partners.bob.shares.install = "170%": \'170%\': a share is at most'),
        ({"shares": {"instal": "70%"}}, 'partners.bob.shares.instal: there is no [events.instal]: did you mean "install"?'),
        ({"shares": {}}, "partners.bob.shares"),
        ({"shares": {"install": {"steps": [{"after": 5, "share": "70%"}]}}}, "write steps that begin with after = 0 and rise"),
        ({"campaigns": ["sprin"]}, 'partners.bob.campaigns[0] = "sprin": there is no [campaigns.sprin]'),
        ({"campaigns": ["spring"]}, 'partners.eve.campaigns[0] = "spring": is bob\'s: a click is one partner\'s'),
        ({"hold": "14 days"}, 'partners.bob.hold = "14 days"'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_partner_is_told_with_path_and_reason(said: dict[str, Any], told: str) -> None:
    tree: dict[str, Any] = {
        "events": {"install": {"step": 1}},
        "networks": {"acme": {"open": True}},
        "sources": {"pops": {}},
        "offers": {"game": {"network": "acme", "url": "https://offer.example/?s={click_id}"}},
        "campaigns": {"spring": {"source": "pops", "offers": ["game"]}},
        "partners": {"bob": {**BOB, **said}, "eve": {"shares": {"*": "50%"}, "campaigns": ["spring"]}},
    }
    _, problems = validate(tree, {})
    assert any(told in str(problem) for problem in problems), problems


def test_a_partner_is_a_row_of_a_file() -> None:
    row = {
        "name": "bob",
        "label": " Bob ",
        "hold": "14d",
        "share": "50%",
        "share_install": "1.50 USD",
        "campaigns": "a b",
    }
    assert entry_of(row) == (
        "bob",
        {"label": "Bob", "hold": "14d", "campaigns": ["a", "b"], "shares": {"*": "50%", "install": "1.50 USD"}},
    )
    assert entry_of({"name": "eve", "share": "", "paused": "yes"}) == ("eve", {"paused": True})
    tracked = {"tracker": "binom", "tracker_url": "https://track.example"}
    assert entry_of({"name": "zoe", **tracked}) == ("zoe", tracked)
    for wrong, told in (({"share": "50%"}, "name: is required"), ({"name": "x", "rate": "1"}, "no column 'rate'")):
        with pytest.raises(ValueError, match=told):
            entry_of(wrong)


def test_shares_are_typed_by_event_or_for_all() -> None:
    assert shares_of(["install=70%", "50%"]) == {"install": "70%", "*": "50%"}
    with pytest.raises(ValueError, match="--share install=: write EVENT=SHARE"):
        shares_of(["install="])


def test_a_partner_s_login_is_a_hash_also_in_the_catalogue_and_needs_a_dashboard_with_users() -> None:
    known = hashed("correct horse")
    tree = {"partners": {"bob": {**BOB, "shares": {"*": "70%"}, "password": known}}}
    users = {"dashboard": {"users": {"anna": {"password": known}}}}
    settings, problems = validate({**tree, **users}, {})
    assert problems == []
    assert settings is not None
    assert settings.partners["bob"].hash == known
    assert partner(password=known, paused=True).hash == ""  # who is paused does not log in
    assert find_warnings(settings, {**tree, **users}) == []
    for others, why in (
        ({}, "has no users"),
        ({"dashboard": {"users": {"bob": {"password": known}}}}, "logs in instead"),
    ):
        settings, _ = validate({**tree, **others}, {})
        assert settings is not None
        (warning,) = find_warnings(settings, {**tree, **others})
        assert (warning.path, why in warning.message) == ("partners.bob.password", True)
    for said in ("in plain text", "env:BOB_HASH"):
        (problem,) = catalogue_problems({}, [Change("partners", "zoe", {**BOB, "password": said})])
        assert (problem.path, "partners password NAME" in problem.message) == ("partners.zoe.password", True)
        assert said not in str(problem)
    assert catalogue_problems({}, [Change("partners", "zoe", {**BOB, "password": known})]) == []
    _, (wrong,) = validate({"partners": {"bob": {**BOB, "shares": {"*": "1%"}, "password": "in plain text"}}}, {})
    assert "write the hash of a password" in wrong.message
    assert "in plain text" not in str(wrong)


def test_a_partner_promotes_campaigns_that_are_there_and_nobody_else_s() -> None:
    tree = {
        "events": {"install": {"step": 1}},
        "networks": {"acme": {"open": True}},
        "sources": {"pops": {}},
        "offers": {"game": {"network": "acme", "url": "https://offer.example/{click_id}"}},
        "campaigns": {name: {"source": "pops", "offers": ["game"]} for name in ("spring", "bobs")},
        "partners": {"bob": {**BOB, "campaigns": ["bobs"]}, "eve": {**BOB, "promotes": ["spring", "bobs", "sprin"]}},
    }
    found = [(problem.path, problem.message) for problem in validate(tree, {})[1]]
    assert found == [
        ("partners.eve.promotes[1]", "is bob's: every click of it is"),
        ("partners.eve.promotes[2]", 'there is no [campaigns.sprin]: did you mean "spring"?'),
    ]


def test_a_password_that_is_typed_for_a_partner_s_page_is_kept_as_its_hash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = MemoryLog()
    kept = memory_writer({}, log)
    kept.change("anna", [Change("partners", "bob", {"shares": {"*": "50%"}})], {})
    monkeypatch.setattr(catalogue_entry, "writer", lambda config, data: nullcontext(kept))
    typed = ["partners", "password", "bob", "--data", str(tmp_path)]
    done = CliRunner().invoke(app, typed, input="correct horse\ncorrect horse\n")
    assert done.exit_code == 0, done.output
    held = kept.read().named("partners")["bob"].entry
    assert is_right("correct horse", held["password"])
    assert "correct horse" not in done.output + str(log.revisions)
    assert CliRunner().invoke(app, typed, input="short\nshort\n").exit_code == 2
    assert CliRunner().invoke(app, [*typed, "--none"]).exit_code == 0
    assert kept.read().named("partners")["bob"].entry == {"shares": {"*": "50%"}}
