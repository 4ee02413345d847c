"""Who is told about what, and in which words."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from schemas.ids import delivery_id
from schemas.macros import POSTBACK_MACROS, MacroError
from schemas.records import Delivery, Outcome
from streams.emit.macro_values import Telling, values_of
from streams.emit.routes import routes_of
from streams.emit.routing import deliveries_of
from tests.emit_samples import NOW, URL, outcome, settings


def told(
    about: Outcome, postbacks: dict[str, Any] | None = None, source: dict[str, Any] | None = None
) -> list[Delivery]:
    return deliveries_of(about, routes_of(settings(postbacks, source=source)), NOW + 5)


def test_a_new_conversion_is_scheduled_at_once_with_the_request_to_send() -> None:
    (made,) = told(outcome())
    assert made.state == "scheduled"
    assert made.url == "https://pops.example/pb?cid=their-1&goal=install&payout=1.20"
    assert (made.method, made.destination, made.source, made.event) == ("GET", "source/pops", "pops", "install")
    assert (made.attempt, made.at, made.next_attempt_at) == (0, NOW + 5, NOW + 5)
    assert made.delivery_id == delivery_id("postback-1", "conversion-1", "source/pops")


def test_the_same_outcome_told_twice_is_the_same_delivery() -> None:
    assert told(outcome())[0].delivery_id == told(outcome(decided_at=NOW + 999))[0].delivery_id


@pytest.mark.parametrize("word", ["duplicate", "waiting", "late", "orphan", "unattributed"])
def test_only_what_was_credited_is_told(word: str) -> None:
    assert told(outcome(outcome=word)) == []


@pytest.mark.parametrize("origin", ["import", "replay"])
def test_what_was_imported_or_replayed_is_not_told(origin: str) -> None:
    about = outcome()
    postback = msgspec.structs.replace(about.postback, origin=origin)
    assert told(outcome(postback=postback)) == []


def test_a_test_is_not_told() -> None:
    assert told(outcome(click={"is_test": True})) == []
    assert told(outcome(conversion={"is_test": True})) == []


def test_an_event_goes_by_its_own_template_and_not_by_the_one_for_any_event_too_d25() -> None:
    postbacks = {"install": {"url": "https://pops.example/i"}, "*": {"url": "https://pops.example/any"}}
    assert told(outcome(), postbacks)[0].url == "https://pops.example/i"
    assert told(outcome(conversion={"event": "trial"}), postbacks)[0].url == "https://pops.example/any"


def test_an_event_without_a_template_is_not_told() -> None:
    assert told(outcome(), {"trial": {"url": URL}}) == []


def test_a_source_that_is_not_configured_is_not_told() -> None:
    assert told(outcome(click={"source": "gone"})) == []


def test_a_status_that_is_not_wanted_is_not_told_d26() -> None:
    assert told(outcome(conversion={"status": "pending"})) == []
    assert len(told(outcome(conversion={"status": "pending"}), {"*": {"url": URL, "statuses": ["pending"]}})) == 1


def test_an_update_is_told_only_where_its_status_became_a_wanted_one_d26() -> None:
    assert len(told(outcome(outcome="updated", previous_status="pending"))) == 1
    assert told(outcome(outcome="updated", previous_status="approved", conversion={"payout": Decimal(9)})) == []
    assert told(outcome(outcome="updated", previous_status="approved", conversion={"status": "rejected"})) == []


def test_a_new_amount_of_the_same_status_is_told_where_it_is_asked_for_d26() -> None:
    asked = {"*": {"url": URL, "amount_changes": True}}
    changed = outcome(outcome="updated", previous_status="approved", conversion={"payout": Decimal(9)})
    (made,) = told(changed, asked)
    assert made.url.endswith("payout=9")
    refused = outcome(outcome="updated", previous_status="rejected", conversion={"status": "rejected"})
    assert told(refused, asked) == []
    assert told(outcome(outcome="duplicate"), asked) == []


def test_without_a_source_click_id_it_is_recorded_as_not_sendable() -> None:
    (made,) = told(outcome(click={"source_click_id": ""}))
    assert made.state == "not_sendable"
    assert made.reason == "no_source_click_id: the click came without one that can be given back"
    assert (made.url, made.next_attempt_at) == ("", 0)


def test_a_template_that_does_not_name_the_source_click_id_needs_none() -> None:
    postbacks = {"*": {"url": "https://pops.example/pb?ours={click_id}"}}
    assert told(outcome(click={"source_click_id": ""}), postbacks)[0].state == "scheduled"


def test_a_click_that_is_too_old_is_recorded_as_not_sendable() -> None:
    postbacks = {"*": {"url": URL, "max_click_age": "30d"}}
    day = 86_400_000
    assert told(outcome(click={"clicked_at": NOW - 30 * day}), postbacks)[0].state == "scheduled"
    (made,) = told(outcome(click={"clicked_at": NOW - 30 * day - 1}), postbacks)
    assert made.state == "not_sendable"
    assert made.reason.startswith("click_too_old")


def test_a_value_is_encoded_once_and_never_expanded() -> None:
    (made,) = told(outcome(click={"source_click_id": "a&b#{payout}\r\nX: y 🎈%20"}))
    assert "cid=a%26b%23%7Bpayout%7D%0D%0AX%3A%20y%20%F0%9F%8E%88%2520&goal=install&payout=1.20" in made.url


def test_every_macro_that_a_template_may_name_has_a_value() -> None:
    about = outcome()
    assert about.click is not None
    assert about.conversion is not None
    telling = Telling(about, about.click, about.conversion, "id", {"*": "1"})
    assert values_of(telling, POSTBACK_MACROS).keys() == POSTBACK_MACROS


def test_no_payout_is_told_as_0_and_an_amount_never_as_an_exponent() -> None:
    assert told(outcome(conversion={"payout": None}))[0].url.endswith("payout=0")
    assert told(outcome(conversion={"payout": Decimal("1E+3")}))[0].url.endswith("payout=1000")
    assert told(outcome(conversion={"payout": Decimal("0.00000001")}))[0].url.endswith("payout=0.00000001")


def test_headers_and_a_json_body_go_with_the_request() -> None:
    postback = {
        "url": "https://pops.example/events",
        "headers": {"Authorization": "Bearer {account.token}"},
        "json_body": {"cid": "{source_click_id}", "value": "{payout|2}", "at": "{occurred_at}", "tags": [1, "{event}"]},
    }
    (made,) = told(outcome(click={"source_click_id": 'a"}'}), {"*": postback}, {"account": {"token": "env:POPS_TOKEN"}})
    assert made.method == "POST"
    assert made.headers == {"Content-Type": "application/json", "Authorization": "Bearer s3cret/+"}
    assert made.body == '{"cid":"a\\"}","value":1.20,"at":1700000000,"tags":[1,"install"]}'


def test_a_form_goes_with_the_request() -> None:
    postback = {"url": "https://pops.example/pb", "form": {"cid": "{source_click_id}", "sum of it": "{payout}"}}
    (made,) = told(outcome(click={"source_click_id": "a&b=c"}), {"*": postback})
    assert (made.method, made.body) == ("POST", "cid=a%26b%3Dc&sum%20of%20it=1.20")
    assert made.headers == {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_secret_of_the_account_is_in_the_request_and_not_in_what_is_shown() -> None:
    account = {"token": "env:POPS_TOKEN", "aid": "1 2"}
    url = "https://pops.example/{account.token}/pb?aid={account.aid}&cid={source_click_id}"
    (made,) = told(outcome(), {"*": {"url": url}}, {"account": account})
    assert made.url == "https://pops.example/s3cret%2F%2B/pb?aid=1%202&cid=their-1"
    assert made.shown_url == "https://pops.example/***/pb?aid=1%202&cid=their-1"
    (made,) = told(outcome(), {"*": {"url": "https://pops.example/?aid={account.aid}"}}, {"account": account})
    assert made.shown_url == ""


GOAL_URL = "https://pops.example/?goal={goal}&name={event_name}"


def test_an_event_is_told_by_the_sources_own_word() -> None:
    goals = {"install": "1", "*": "9"}
    assert told(outcome(), {"*": {"url": GOAL_URL}}, {"goals": goals})[0].url.endswith("goal=1&name=1")
    trial = outcome(conversion={"event": "trial"})
    assert told(trial, {"*": {"url": GOAL_URL}}, {"goals": goals})[0].url.endswith("goal=9&name=9")


def test_an_event_that_the_source_has_no_word_for_is_recorded_as_not_sendable() -> None:
    (made,) = told(outcome(), {"*": {"url": GOAL_URL}}, {"goals": {"trial": "2"}})
    assert (made.state, made.reason.split(":")[0]) == ("not_sendable", "no_goal")
    assert told(outcome(), {"*": {"url": "https://a.example/?n={event_name}"}})[0].url.endswith("n=install")


def test_a_template_with_an_unknown_macro_does_not_load() -> None:
    with pytest.raises(MacroError, match="clickid"):
        routes_of(settings({"*": {"url": "https://pops.example/?c={clickid}"}}))
