"""Which conversions a source is told of, what it is told to have been paid, and when."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from schemas.records import Delivery, Outcome
from schemas.settings.shares import parse_share
from schemas.settings.validation import validate
from streams.emit.routes import routes_of
from streams.emit.routing import deliveries_of
from tests.emit_samples import NOW, URL, outcome, settings


def told(about: Outcome, **conditions: Any) -> list[Delivery]:
    return deliveries_of(about, routes_of(settings({"*": {"url": URL} | conditions})), NOW)


def reason(about: Outcome, **conditions: Any) -> str:
    (made,) = told(about, **conditions)
    assert made.state == "not_sendable"
    return made.reason.split(":")[0]


@pytest.mark.parametrize(
    ("conditions", "fits", "fits_not"),
    [
        ({"events": ["install"]}, {}, {"conversion": {"event": "trial"}}),
        ({"campaigns": ["spring"]}, {}, {"click": {"campaign": "autumn"}}),
        ({"networks": ["acme"]}, {}, {"conversion": {"network": "other"}}),
        ({"countries": ["de"]}, {"click": {"country": "DE"}}, {"click": {"country": ""}}),
        ({"min_payout": "1.20 USD"}, {}, {"conversion": {"payout": Decimal("1.19")}}),
        ({"max_payout": "1.20 USD"}, {}, {"conversion": {"payout": Decimal("1.21")}}),
        ({"min_payout": "0 USD"}, {"conversion": {"payout": None}}, {"conversion": {"payout": Decimal(-1)}}),
        ({"min_payout": "0.01 USD"}, {}, {"conversion": {"payout": None, "currency": ""}}),
    ],
)
def test_what_does_not_fit_is_not_told_and_leaves_no_trace(
    conditions: dict[str, Any], fits: dict[str, Any], fits_not: dict[str, Any]
) -> None:
    assert [made.state for made in told(outcome(**fits), **conditions)] == ["scheduled"]
    assert told(outcome(**fits_not), **conditions) == []


def test_an_amount_that_cannot_be_compared_is_recorded_as_not_sendable() -> None:
    assert reason(outcome(conversion={"currency": "EUR"}), min_payout="1 USD") == "other_currency"


def test_a_currency_that_the_source_does_not_take_is_recorded_as_not_sendable() -> None:
    euros = outcome(conversion={"currency": "EUR"})
    assert reason(euros, currencies=["USD"]) == "other_currency"
    assert told(outcome(), currencies=["USD"])[0].state == "scheduled"
    unpaid = outcome(conversion={"currency": "", "payout": None})
    assert told(unpaid, currencies=["USD"])[0].state == "scheduled", "no amount is in no currency"


@pytest.mark.parametrize("origin", ["import", "replay"])
def test_what_was_imported_or_replayed_is_told_only_where_it_is_asked_for(origin: str) -> None:
    about = outcome(postback=msgspec.structs.replace(outcome().postback, origin=origin))
    assert told(about) == []
    assert told(about, also=["test"]) == []
    assert len(told(about, also=[origin])) == 1


def test_a_test_is_told_only_where_it_is_asked_for() -> None:
    about = outcome(click={"is_test": True})
    assert told(about, also=["import", "replay"]) == []
    assert len(told(about, also=["test"])) == 1


@pytest.mark.parametrize(
    ("share", "payout", "text"),
    [
        ("all", Decimal("1.20"), "1.20"),
        ("70%", Decimal("1.20"), "0.84"),
        ("100%", Decimal("1.20"), "1.20"),
        ("33.3333%", Decimal(1), "0.333333"),
        ("50%", Decimal(40), "20"),
        ("50%", Decimal("0.00000001"), "0.00000001"),
        ("50%", None, "0"),
        ("0.50 EUR", Decimal("1.20"), "0.50"),
        ("0.50 EUR", None, "0.50"),
        ("none", Decimal("1.20"), ""),
    ],
)
def test_a_source_is_told_the_share_of_the_payout_that_it_may_know(
    share: str, payout: Decimal | None, text: str
) -> None:
    url = "https://pops.example/?p={payout}&c={currency}"
    (made,) = told(outcome(conversion={"payout": payout}), url=url, payout=share)
    currency = {"none": "", "0.50 EUR": "EUR"}.get(share, "USD")
    assert made.url == f"https://pops.example/?p={text}&c={currency}"


@pytest.mark.parametrize("text", ["", "some", "-1%", "70", "1.5", 70, None])
def test_what_is_no_share_is_refused_with_what_would_be_right(text: object) -> None:
    with pytest.raises(ValueError, match='write "all", "none", a share like "70%"'):
        parse_share(text)


def test_a_share_of_more_than_all_is_a_typing_error_and_does_not_load() -> None:
    """Whoever is told of money that nobody paid buys too dear, until somebody sees it."""
    assert parse_share("100%").part == 1
    [problem] = validate({"sources": {"pops": {"postbacks": {"*": {"url": URL, "payout": "170%"}}}}}, {})[1]
    assert str(problem).startswith('sources.pops.postbacks."*".payout = "170%"')
    assert 'a share is at most "100%"' in str(problem)


def test_a_delay_comes_before_the_first_attempt() -> None:
    assert told(outcome(), delay="2h")[0].next_attempt_at == NOW + 7_200_000


def test_of_an_event_that_repeats_the_first_alone_is_told_where_that_is_wanted() -> None:
    """The others have the ID of the first, and what was decided once is not decided again."""
    renewed = outcome(2, click={"click_id": "click-1"})
    ((first,), (second,)) = told(outcome(), once=True), told(renewed, once=True)
    assert first.delivery_id == second.delivery_id
    assert first.delivery_id != told(outcome())[0].delivery_id
    others = [
        outcome(2),
        outcome(conversion={"event": "trial"}),
        outcome(conversion={"status": "rejected"}),
    ]
    wanted = {"once": True, "statuses": ["approved", "rejected"]}
    assert len({made.delivery_id for one in (outcome(), *others) for made in told(one, **wanted)}) == 4


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"countries": ["Germany"]}, 'countries[0] = "Germany": write the two letters of a country, like "DE"'),
        ({"min_payout": "3 USD", "max_payout": "2 USD"}, "no payout is at least 3 USD and at most 2 USD"),
    ],
)
def test_a_condition_that_nothing_could_ever_fit_does_not_load(wanted: dict[str, Any], why: str) -> None:
    tree = {"sources": {"pops": {"postbacks": {"*": {"url": URL, **wanted}}}}}
    [problem] = validate(tree, {})[1]
    assert str(problem).startswith('sources.pops.postbacks."*"')
    assert why in str(problem)
