"""Every kind of conversion API is told as its documentation has it, and its answers are understood."""

import json
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from presets.load import merge_presets, read_preset, read_preset_file
from schemas.records import Delivery, Outcome
from schemas.settings.conversion_apis import SECRET_NAMES
from schemas.settings.file import Settings
from schemas.settings.masks import secret_values
from schemas.settings.validation import validate
from schemas.settings.values import parse_money
from streams.emit.endings import Review
from streams.emit.routes import Routes, routes_of
from streams.emit.routing import deliveries_of
from streams.rows import delivery_row
from tests.emit_samples import NOW, outcome
from tests.platforms import KINDS, mistakes

HASH = "7b17fb0bd173f625b58636fb796407c22b3d16fc78302d79f0fd30c2fc2fc068"
Sample = dict[str, Any]


def samples(*wanted: str) -> list[Any]:
    found = [(kind, sample) for kind in KINDS for sample in read_preset_file("conversion_apis", kind)["samples"]]
    return [
        pytest.param(kind, sample, id=f"{kind}-{number}")
        for number, (kind, sample) in enumerate(found)
        if all(word in sample for word in wanted)
    ]


def checked(kind: str, sample: Sample, **more: Any) -> tuple[Settings | None, list[str]]:
    api = {"kind": kind, "sources": ["some"], "account": sample["account"], "events": sample["events"]} | more
    tree = {"events": {"install": {"step": 1}}, "sources": {"some": {}}, "conversion_apis": {"api": api}}
    merged, unknown = merge_presets(tree)
    found, problems = validate(merged, {"T": "t0ken"})
    return found, [str(problem) for problem in [*unknown, *problems]]


def settings(kind: str, sample: Sample, **more: Any) -> Settings:
    found, problems = checked(kind, sample, **more)
    assert problems == []
    assert found is not None
    return found


def told(
    kind: str, sample: Sample, about: Outcome | None = None, params: dict[str, str] | None = None, **more: Any
) -> list[Delivery]:
    given = sample.get("params", {}) if params is None else params
    return deliveries_of(about or converted(sample, given), routes_of(settings(kind, sample, **more)), NOW)


def converted(sample: Sample, params: dict[str, str], **conversion: Any) -> Outcome:
    payout, currency = parse_money(sample["payout"])
    click = {"source": "some", "source_click_id": sample.get("source_click_id", ""), "params": params}
    known = {"ip": "203.0.113.9", "user_agent": "Browser/1"}
    return outcome(click={**click, **known}, conversion={"payout": payout, "currency": currency, **conversion})


def against(kind: str, made: Delivery) -> list[str]:
    """What the documented schema says against a request, once it has its access token."""
    url = urlsplit(made.url)
    token = {"authorization": "Bearer of-the-hour"} if "access_token" in read_preset("conversion_apis", kind) else {}
    return mistakes(kind, f"{url.path}?{url.query}", {**made.headers, **token}, made.body)


@cache
def first(kind: str) -> Sample:
    found: Sample = read_preset_file("conversion_apis", kind)["samples"][0]
    return found


def test_the_platforms_of_the_field_are_known() -> None:
    wanted = {
        "meta",
        "google_ads",
        "google_data_manager",
        "tiktok",
        "ga4",
        "microsoft",
        "snapchat",
        "pinterest",
        "reddit",
    }
    assert set(KINDS) == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_which_version_of_which_documentation_it_follows(kind: str) -> None:
    about = read_preset_file("conversion_apis", kind)["about"]
    assert about["name"]
    assert about["version"]
    assert all(source.startswith("https://") for source in about["sources"])


@pytest.mark.parametrize(("kind", "sample"), samples())
def test_a_conversion_is_told_by_exactly_the_request_of_the_sample(kind: str, sample: Sample) -> None:
    (made,) = told(kind, sample)
    assert (made.state, made.reason, made.destination) == ("scheduled", "", "conversion_api/api")
    assert (made.method, made.url) == ("POST", sample["url"])
    assert made.body == sample["body"].replace("DELIVERY", made.delivery_id)
    assert made.headers == {"Content-Type": "application/json", **sample.get("headers", {})}


@pytest.mark.parametrize(("kind", "sample"), samples())
def test_a_request_is_what_the_documented_schema_allows_to_the_last_key(kind: str, sample: Sample) -> None:
    assert against(kind, told(kind, sample, account=with_page(kind, sample))[0]) == []


def with_page(kind: str, sample: Sample) -> dict[str, str]:
    """Of kinds that want a page of website events: it is there."""
    return {**sample["account"], "page": "https://shop.example/thanks"} if kind == "meta" else sample["account"]


HASHES = [HASH, HASH.upper(), "someone@mail.example", ""]
WORDS = ["granted", "denied", "1", "0", "?"]
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("em", "ph", "external_id"), st.sampled_from(HASHES)),
        **dict.fromkeys(("ad_user_data", "ad_personalization"), st.sampled_from(WORDS)),
        **dict.fromkeys(("gbraid", "wbraid", "ttp", "sc_cookie1", "session_id"), st.sampled_from(["", "abc", 'a"b'])),
    },
)


@cache
def routes_to(kind: str) -> Routes:
    return routes_of(settings(kind, first(kind), account=with_page(kind, first(kind))))


@settings_of_hypothesis(max_examples=60, deadline=None)
@given(
    st.sampled_from(KINDS),
    PARAMS,
    st.sampled_from([None, Decimal(0), Decimal("12.345678")]),
    st.sampled_from(["", "USD"]),
    st.sampled_from(["", "id-1"]),
)
def test_whatever_is_known_of_a_visitor_the_schema_allows_it_and_nobody_is_named_in_clear_text(
    kind: str, params: dict[str, str], payout: Decimal | None, currency: str, source_click_id: str
) -> None:
    sample = {**first(kind), "source_click_id": source_click_id}
    about = converted(sample, {**params, "client_id": "1.2"}, payout=payout, currency=currency)
    (made,) = deliveries_of(about, routes_to(kind), NOW)
    if made.state == "not_sendable":
        assert made.reason.startswith("no_match_key: there is none of ")
        return
    assert against(kind, made) == []
    assert "someone@mail.example" not in made.body


def test_a_token_never_reaches_the_table_and_is_known_to_what_masks_logs() -> None:
    for kind in KINDS:
        secret = next(name for name in first(kind)["account"] if name in SECRET_NAMES)
        for written in ("env:T", "t0ken"):
            sample = {**first(kind), "account": {**first(kind)["account"], secret: written}}
            (made,) = told(kind, sample)
            assert "t0ken" not in str(delivery_row(made, 1)), kind
            assert "t0ken" in secret_values(settings(kind, sample))


def test_of_click_ids_that_exclude_each_other_the_first_alone_is_told() -> None:
    every = {"gbraid": "g", "wbraid": "w"}
    (made,) = told("google_ads", {**first("google_ads"), "source_click_id": ""}, params=every)
    (conversion,) = json.loads(made.body)["conversions"]
    assert {"gclid", "gbraid", "wbraid"} & conversion.keys() == {"gbraid"}


def test_what_the_postback_says_of_the_visitor_counts_before_what_the_click_said() -> None:
    about = converted(first("ga4"), {"client_id": "of-the-click", "ad_user_data": "denied"})
    postback = msgspec.structs.replace(about.postback, params={"ad_user_data": "GRANTED"})
    (made,) = told("ga4", first("ga4"), msgspec.structs.replace(about, postback=postback))
    assert json.loads(made.body)["client_id"] == "of-the-click"
    assert json.loads(made.body)["consent"] == {"ad_user_data": "GRANTED"}


def test_consent_may_be_required() -> None:
    reasons = [
        told("tiktok", first("tiktok"), params=params, needs_consent=True)[0].reason
        for params in ({}, {"ad_user_data": "denied"}, {"ad_user_data": "granted"})
    ]
    assert reasons == ["no_consent: ad_user_data is not granted"] * 2 + [""]


def test_an_event_that_is_too_old_for_the_platform_is_not_sent_to_it() -> None:
    eight_days = 8 * 86_400_000
    (made,) = told("meta", first("meta"), converted(first("meta"), {}, occurred_at=NOW - eight_days))
    assert (made.state, made.reason) == ("not_sendable", "event_too_old: 691200 s, at most 604800 s are taken")


def test_neither_events_without_a_name_there_nor_refunds_nor_other_sources_clicks_are_told() -> None:
    sample = first("meta")
    assert told("meta", sample, converted(sample, {}, event="trial")) == []
    assert told("meta", sample, converted(sample, {}, payout=Decimal("-1.20"), is_refund=True)) == []
    assert told("meta", sample, outcome(click={"source": "other"})) == []
    assert told("meta", sample, outcome(click={"source": "some", "is_test": True})) == []


def test_what_lacks_a_rate_into_its_currency_is_held_and_told_after_the_mend() -> None:
    (held,) = told("meta", first("meta"), currency="EUR")
    assert (held.state, held.reason.partition(":")[0]) == ("held", "no_rate")
    rates = Settings.model_validate({"rates": {"EUR": {"USD": "1.20"}}}).rates
    mended = settings("meta", first("meta"), currency="EUR").model_copy(update={"rates": rates})
    made = Review(routes_of(mended), {held.destination}, 1000, 0).of(held, NOW)
    assert made is not None
    assert (made.state, json.loads(made.body)["data"][0]["custom_data"]["value"]) == ("scheduled", 1.0)
