"""What of a person is hashed or cut before it is stored."""

import json
from base64 import b64encode
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from clickjoin.imports.records import Clicks, Conversions
from clickjoin.replays.replay import Replay, Row
from ingest.normalize_click import Visitor, normalize_click
from ingest.normalize_postback import normalize_postback
from ingest.parameters import parse_body, parse_query
from ingest.plans import prepare
from ingest.privacy import Privacy, cut_address, cut_json, cut_params, cut_text
from ingest.raw import raw_request
from ingest.telephones import e164_digits
from schemas.macros import POSTBACK_MACROS, parse_url_template
from schemas.records import Click, Postback
from schemas.settings.validation import validate
from tests.ingest_samples import NOW_MS, click_id, settings, tree

META_EMAIL = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
META_PHONE = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"
"""What Meta's documentation gives for John_Smith@gmail.com and (650)555-1212 in the United States."""
GOOGLE_PHONE = sha256(b"+16505551212").hexdigest()


def privacy(**keys: Any) -> Privacy:
    found = prepare(settings(privacy={"hash": ["email", "phone"], "phone_region": "US", **keys})).privacy
    assert found
    return found


def test_nothing_is_prepared_where_nothing_is_configured() -> None:
    assert prepare(settings()).privacy is None
    assert prepare(settings(privacy={"phone_region": "DE"})).privacy is None


@pytest.mark.parametrize(
    "query",
    [
        "email=John_Smith@gmail.com",
        "EMAIL=+John_Smith%40gmail.com+",
        "em=john_smith%2540gmail.com",
        "customer[email]=John_Smith@gmail.com",
        "sub3=john_smith@gmail.com",
        f"email={META_EMAIL.upper()}",
    ],
)
def test_an_e_mail_address_is_trimmed_lower_cased_and_hashed_wherever_it_stands_d28(query: str) -> None:
    assert list(cut_params(privacy(), parse_query(query)).values()) == [META_EMAIL]


@pytest.mark.parametrize(
    "sent", ["(650)555-1212", "+1 650 555 1212", "001 650 5551212", "1-650-555-1212", "16505551212", META_PHONE]
)
def test_a_telephone_number_is_hashed_as_meta_asks_and_as_google_does_d28(sent: str) -> None:
    found = cut_params(privacy(), {"phone": sent})
    assert found["phone"] == META_PHONE
    assert sent == META_PHONE or found["phone_e164"] == GOOGLE_PHONE


@pytest.mark.parametrize(
    ("sent", "region", "digits"),
    [
        ("0170 1234567", "DE", "491701234567"),
        ("+39 06 1234 5678", "DE", "390612345678"),  # of Italy the zero belongs to it
        ("0044 20 7031 3000", None, "442070313000"),
        ("44 20 7031 3000", None, "442070313000"),
        ("0000000", None, ""),
    ],
)
def test_a_telephone_number_gets_its_country_s_code_d28(sent: str, region: str | None, digits: str) -> None:
    assert e164_digits(sent, region) == digits


@pytest.mark.parametrize("sent", ["yes", "iPhone 15", "2026", "{phone}", "", "[phone]"])
def test_what_is_no_telephone_number_stays_under_such_a_name(sent: str) -> None:
    assert cut_params(privacy(), {"phone": sent, "mobile": sent}) == {"phone": sent, "mobile": sent}


def test_a_body_s_nested_and_listed_ones_are_hashed_too_d28() -> None:
    body = {
        "customer": {"Email": "John_Smith@gmail.com", "phones": ["+16505551212", "n/a"], "age": 41},
        "note": "asked by john_smith@gmail.com twice",
        "lines": [{"em": "john_smith@gmail.com", "price": 1.5}],
    }
    (params,) = parse_body(json.dumps(body).encode(), "", {})
    found = cut_params(privacy(), params)
    assert found["customer.email"] == META_EMAIL
    assert json.loads(found["customer.phones"]) == [META_PHONE, "n/a"]
    assert found["note"] == f"asked by {META_EMAIL} twice"
    assert json.loads(found["lines"]) == [{"em": META_EMAIL, "price": "1.5"}]
    assert found["customer.age"] == "41"


def test_what_comes_back_byte_for_byte_and_keys_are_left_as_they_are() -> None:
    params = {"zoneclick": "a@b.example", "key": "pa@ss.word", "sub1": "no@mail", "click_id": "x@y.example"}
    assert cut_params(privacy(), params) == params


@pytest.mark.parametrize(
    ("address", "cut"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3::4", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("nobody", "nobody"),
    ],
)
def test_an_address_is_cut_to_its_network_d28(address: str, cut: str) -> None:
    plan = privacy(hash=[], ip="truncate")
    assert (cut_address(plan, address), cut_address(plan, cut)) == (cut, cut)
    assert cut_params(plan, {"user_ip": address, "c": f"at {address}, then"}) == {
        "user_ip": cut,
        "c": f"at {cut}, then",
    }


@given(st.ip_addresses(), st.booleans(), st.sampled_from(["{}", "at {}, then", "ip={};at=12:30:45", "[{}]"]))
@examples(max_examples=200)
def test_an_address_is_found_in_any_text_however_it_is_written_d28(
    address: IPv4Address | IPv6Address, in_full: bool, around: str
) -> None:
    network = ip_network((address, 24 if address.version == 4 else 48), strict=False).network_address
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped
    cut = network if not mapped else ip_network((mapped, 24), strict=False).network_address
    text = around.format(address.exploded if in_full else address)
    assert cut_text(privacy(ip="truncate"), text) == around.format(cut)


def test_an_address_is_hashed_with_our_secret_d28() -> None:
    plan = privacy(ip="hash")
    found = cut_address(plan, "203.0.113.77")
    other = prepare(settings(privacy={"ip": "hash"}, ingest={"secrets": ["another" * 5]})).privacy
    assert len(found) == 32
    assert other
    assert found != cut_address(other, "203.0.113.77")
    assert found != cut_address(plan, "203.0.113.78")
    assert cut_text(plan, "203.0.113.77 is in no range") == f"{found} is in no range"


@pytest.mark.parametrize("text", ["Chrome/120.0.0.0 Safari", "12:30:45", "1.2.3", "std::string", "999.1.1.1", "a@b"])
def test_what_only_looks_like_personal_data_stays(text: str) -> None:
    assert cut_params(privacy(ip="truncate"), {"ua": text}) == {"ua": text}


RAW_BODIES = [
    ("application/x-www-form-urlencoded", b"a=1&email=john_smith%40gmail.com&phone=%2B16505551212&ip=203.0.113.77"),
    (
        "application/json",
        b'{"a": 1.50, "email": "john_smith\\u0040gmail.com", "phone": 16505551212, "x": {"ip": "203.0.113.77"}}',
    ),
    ("application/json", b'[{"email": "john_smith\\u0040gmail.com", "phone": "+16505551212", "ip": "203.0.113.77'),
    ("application/x-ndjson", b'{"email": "john_smith@gmail.com"}\n{"phone": "+16505551212", "ip": "203.0.113.77"}\n'),
    ("text/plain", b"\xff john_smith@gmail.com 203.0.113.77"),
]


@pytest.mark.parametrize(("kind", "body"), RAW_BODIES)
def test_a_kept_request_holds_none_of_it_and_can_be_read_again_d28(kind: str, body: bytes) -> None:
    plan = privacy(ip="truncate")
    query = "em=john_smith%40gmail.com&amp;tel=%2B16505551212&r=203.0.113.77&b=%20x&c="
    raw = raw_request("POST", "/postback/acme", query, kind, body, None, plan)
    found = raw + (b64encode(body).decode() if kind == "text/plain" else "")
    for personal in ("john_smith", "16505551212", "203.0.113.77"):
        assert personal not in raw
    assert f"em={META_EMAIL}&amp;tel={META_PHONE}&tel_e164={GOOGLE_PHONE}&r=203.0.113.0&b=%20x&c=" in found
    if kind == "application/x-www-form-urlencoded":
        assert f"\n\na=1&email={META_EMAIL}&phone={META_PHONE}&phone_e164={GOOGLE_PHONE}&ip=203.0.113.0" in raw
    if raw.endswith("}}"):
        assert '"a":1.50' in raw


def test_a_request_without_personal_data_is_kept_as_it_was_sent() -> None:
    body = b'{ "a" : 1.50,  "b": [1e5, null, true], "a": "second" }'
    plan = privacy(ip="hash")
    assert raw_request("POST", "/p", "x=%7Ba%7D&y", "", body, None, plan) == raw_request(
        "POST", "/p", "x=%7Ba%7D&y", "", body, None
    )
    assert cut_json(plan, '{"em":"a@b.example","n":1e400,"n":-0}').endswith('"n":1e400,"n":-0}')


def test_what_is_imported_or_replayed_is_cut_as_well_d28() -> None:
    plans = prepare(settings(privacy={"hash": "email", "ip": "truncate"}))
    said = {"campaign": "spring", "clicked_at": "1700000000", "ip": "203.0.113.77", "em": "john_smith@gmail.com"}
    click = Clicks(plans, origin="import", now_ms=NOW_MS).make(said, 1)
    assert (click.ip, click.params) == ("203.0.113.0", {"em": META_EMAIL})
    row = {"network": "acme", "click_id": click_id(), "event": "trial", "occurred_at": "1700000000"}
    imported = Conversions(plans, {}, origin="import").make(row | {"em": "john_smith@gmail.com"}, 1)
    raw = f"GET /postback/acme?ml_sub1={click_id()}&event=trial&em=john_smith%40gmail.com"
    replay = Replay(plans, origin="replay")
    (replayed,) = replay.make(Row("i1", NOW_MS, "postback", "wrong_key", "", raw, "acme", "", 401))
    assert isinstance(click, Click)
    assert isinstance(replayed, Postback)
    assert imported.params == replayed.params == {"em": META_EMAIL}


def test_a_consent_is_carried_on_click_and_postback_and_told_d28() -> None:
    plans = prepare(
        settings(networks={"acme": tree()["networks"]["acme"] | {"params": {"click_id": "ml_sub1", "consent": "tcf"}}})
    )
    said = {"gdpr_consent": "CPc.AAA", "ad_user_data": "granted"}
    click = normalize_click(plans.campaigns["both"], said, Visitor(), click_id=click_id(), now_ms=NOW_MS)
    assert (click.consent, click.params) == ("CPc.AAA", {"ad_user_data": "granted"})
    for sent, kept in (("1---", "1---"), ("{consent}", ""), ("x" * 2000, "x" * 1024)):
        params = {"ml_sub1": click_id(), "event": "install", "tcf": sent}
        postback = normalize_postback(plans.networks["acme"], params, plans.secrets, postback_id="p", now_ms=NOW_MS)
        assert (postback.consent, postback.params) == (kept, {})
    assert (
        parse_url_template("https://x.example/?c={consent}", POSTBACK_MACROS)
        .render({"consent": "1---"})
        .endswith("?c=1---")
    )


def test_consents_are_carried_as_they_come() -> None:
    said = {
        "ad_user_data": "granted",
        "ad_personalization": "denied",
        "gdpr_consent": "CPc.AAA.BBB",
        "us_privacy": "1YNN",
    }
    assert cut_params(privacy(ip="hash"), said) == said


@examples(max_examples=50)
@given(st.dictionaries(st.sampled_from(["email", "phone", "x", "customer.tel", "ip"]), st.text(max_size=40)))
def test_to_cut_twice_is_to_cut_once(params: dict[str, str]) -> None:
    plan = privacy(ip="truncate")
    once = cut_params(plan, params)
    assert cut_params(plan, once) == once


@examples(max_examples=50)
@given(st.binary(max_size=80), st.sampled_from(["", "application/json", "application/x-ndjson"]))
def test_no_bytes_are_too_broken_to_be_kept(body: bytes, kind: str) -> None:
    raw_request("POST", "/p", body.decode("latin-1"), kind, body, None, privacy(ip="hash"))


def test_a_wrong_section_says_what_would_be_right() -> None:
    _, problems = validate({"privacy": {"hash": ["mail"], "ip": "cut", "phone_region": "Germany"}}, {})
    assert [str(problem) for problem in problems] == [
        "privacy.hash[0] = \"mail\": write 'email' or 'phone'",
        'privacy.phone_region = "Germany": write the two letters of a country in capitals, like "DE", or leave it out',
        "privacy.ip = \"cut\": write 'keep', 'truncate' or 'hash'",
    ]
