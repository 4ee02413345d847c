"""Webhooks to one's own systems: what is posted, to whom, and how it is signed."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from schemas.records import Delivery, Outcome
from schemas.settings.file import Settings
from schemas.settings.validation import validate
from streams.emit.routes import manners_of, routes_of
from streams.emit.routing import deliveries_of
from streams.emit.signature import signed
from tests.emit_samples import NOW, outcome

SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
URL = "https://crm.example/hooks"


def configured(**webhook: Any) -> Settings:
    tree = {"webhooks": {"crm": {"url": URL, "secret": "env:CRM", **webhook}}}
    return Settings.model_validate(tree, context={"env": {"CRM": SECRET}})


def told(about: Outcome, **webhook: Any) -> list[Delivery]:
    return deliveries_of(about, routes_of(configured(**webhook)), NOW)


def test_every_credited_event_is_posted_whatever_source_it_came_from() -> None:
    (made,) = told(outcome(click={"source": "nobody", "source_click_id": "", "subs": {"sub3": 'a "b"\n'}}))
    assert (made.destination, made.state, made.method, made.url) == ("webhook/crm", "scheduled", "POST", URL)
    body = json.loads(made.body)
    assert (body["type"], body["timestamp"]) == ("conversion.approved", "2023-11-14T22:13:20Z")
    assert body["data"]["payout"] == 1.2
    assert '"payout":1.20,' in made.body  # exact
    assert body["data"]["click"]["sub3"] == 'a "b"\n'
    assert body["data"]["click"]["source_click_id"] == ""


def test_a_source_and_a_webhook_are_told_of_the_same_conversion_as_two_deliveries() -> None:
    tree = {
        "webhooks": {"crm": {"url": URL, "secret": SECRET}},
        "sources": {"pops": {"postbacks": {"*": {"url": "https://pops.example/?c={source_click_id}"}}}},
    }
    both = deliveries_of(outcome(), routes_of(Settings.model_validate(tree, context={"env": {}})), NOW)
    assert [made.destination for made in both] == ["source/pops", "webhook/crm"]
    assert len({made.delivery_id for made in both}) == 2


@pytest.mark.parametrize(
    "wanted",
    [
        {"events": ["trial"]},
        {"sources": ["other"]},
        {"campaigns": ["autumn"]},
        {"countries": ["FR"]},
        {"networks": ["else"]},
        {"statuses": ["rejected"]},
    ],
)
def test_what_a_webhook_does_not_want_leaves_no_trace(wanted: dict[str, Any]) -> None:
    assert told(outcome(), **wanted) == []


def test_a_test_and_an_import_are_posted_only_where_asked_for() -> None:
    assert told(outcome(click={"is_test": True})) == []
    assert len(told(outcome(click={"is_test": True}), also=["test"])) == 1


def test_the_library_of_standard_webhooks_verifies_every_attempt() -> None:
    (made,) = told(outcome())
    key = manners_of(configured()).signing_keys["webhook/crm"]
    now_s = int(datetime.now(UTC).timestamp())
    for later in (0, 60):
        headers = signed(made.headers, made.body, key, made.delivery_id, now_s + later)
        assert Verifier(SECRET).verify(made.body, headers) == json.loads(made.body)
        assert headers["webhook-id"] == made.delivery_id
        assert headers["Content-Type"] == "application/json"
        with pytest.raises(WebhookVerificationError):
            Verifier(SECRET).verify(made.body + " ", headers)


def test_a_secret_is_in_no_record_and_in_no_representation() -> None:
    settings = configured()
    (made,) = deliveries_of(outcome(), routes_of(settings), NOW)
    for text in (str(made), str(settings)):
        assert SECRET not in text
        assert SECRET.removeprefix("whsec_") not in text


@pytest.mark.parametrize("secret", ["whsec_c2hvcnQ=", "whsec_not base64!", "plain", "whsec_" + "A" * 100])
def test_a_secret_of_another_shape_is_refused_without_being_shown(secret: str) -> None:
    _, problems = validate({"webhooks": {"crm": {"url": URL, "secret": secret}}}, {})
    (problem,) = problems
    assert (problem.path, "whsec_… with 24 to 64 bytes" in problem.message) == ("webhooks.crm.secret", True)
    assert secret not in str(problem)


@pytest.mark.parametrize(
    ("key", "value", "path", "said"),
    [
        ("url", "file:///etc/passwd", "url", "https://"),
        ("url", "https://crm.example/{event}", "url", "unknown macro"),
        ("headers", {"X-A": "a\nX-B: b"}, "headers.X-A", "no line break"),
        ("events", ["instal"], "events[0]", '"install"'),
        ("sources", ["pop"], "sources[0]", "[sources.pop]"),
    ],
)
def test_a_wrong_webhook_does_not_load_and_says_where_and_what(key: str, value: Any, path: str, said: str) -> None:
    tree = {"events": {"install": {"step": 1}}, "webhooks": {"crm": {"url": URL, "secret": SECRET, key: value}}}
    _, problems = validate(tree, {})
    assert [(one.path, said in one.message) for one in problems] == [(f"webhooks.crm.{path}", True)]
