"""Laws of normalisation: whatever comes, it is a valid record or a refusal that helps."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ingest.amounts import parse_amount
from ingest.normalize_click import Visitor, destination, normalize_click
from ingest.normalize_postback import normalize_postback
from ingest.parameters import parse_body, parse_query
from ingest.plans import prepare
from ingest.raw import raw_request
from ingest.refusal import Refusal
from schemas.records import Click, Postback
from schemas.wire import decode_event, encode
from tests.ingest_samples import KEY, NOW_MS, click_id, settings

MESSY = {
    "open": True,
    "event_default": "install",
    "params": {"event": ["status", "event"], "status": "status"},
    "split": "_",
    "rules": [{"when": {"status": "install*", "x": ["", "1"]}, "event": "install", "status": "pending"}],
    "tests": {"x": ["test*", "1"]},
    "duplicates": "last",
    "payout_decimals": {"*": 2, "JPY": 0},
    "payout_separator": ",",
    "payout_pick": "sum",
    "max_payout": ["500 USD", "100000 JPY"],
    "timezone": "Europe/Warsaw",
}
PLANS = prepare(settings(networks={"messy": MESSY}))
T = TypeVar("T")
WORDS = (
    "ml_sub1",
    "click_id",
    "cid",
    "subid",
    "event",
    "goal",
    "txid",
    "tid",
    "payout",
    "sum",
    "currency",
    "status",
    "time",
)
CLICK_WORDS = (
    "zoneclick",
    "source_click_id",
    "bid",
    "cost",
    "currency",
    "placement",
    "country",
    "sub1",
    "sub10",
    "ip",
    "x",
)
VALUES = (
    st.text(max_size=40)
    | st.sampled_from(
        ["{x}", "##X##", "REPLACE", "%7Bx%7D", "12.50", "1 234,5", "NaN", "1e400", "usd", "install", "\0", "approved"]
    )
    | st.just(click_id())
    | st.integers(-(10**20), 10**20).map(str)
    | st.text(max_size=3).map(lambda text: text * 2000)
)


def answered(call: Callable[[], T]) -> T | Refusal:
    try:
        return call()
    except Refusal as refusal:
        return refusal


def as_fields(record: Click | Postback) -> dict[str, Any]:
    return {field: getattr(record, field) for field in record.__struct_fields__}


@given(
    st.sampled_from(sorted(PLANS.networks)),
    st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=80), VALUES, max_size=12),
)
def test_a_postback_is_a_valid_record_or_a_refusal_that_helps(network: str, sent: dict[str, str]) -> None:
    params = parse_query(urlencode(sent, errors="replace"))
    record = answered(
        lambda: normalize_postback(PLANS.networks[network], params, PLANS.secrets, postback_id="p" * 26, now_ms=NOW_MS)
    )
    if isinstance(record, Refusal):
        assert record.status == 400
        assert 0 < len(record.detail) < 500
        return
    assert TypeAdapter(Postback).validate_python(as_fields(record)) == record
    assert decode_event(encode(record)) == record
    assert "key" not in record.params


@given(
    st.sampled_from(sorted(PLANS.campaigns)),
    st.dictionaries(st.sampled_from(CLICK_WORDS) | st.text(max_size=80), VALUES, max_size=12),
)
def test_a_visit_is_always_a_valid_record_and_goes_to_a_configured_offer(campaign: str, sent: dict[str, str]) -> None:
    plan = PLANS.campaigns[campaign]
    params = parse_query(urlencode(sent, errors="replace"))
    click = normalize_click(plan, params, Visitor("::1", "x" * 3000), click_id=click_id(), now_ms=NOW_MS)
    assert TypeAdapter(Click).validate_python(as_fields(click)) == click
    assert decode_event(encode(click)) == click
    assert destination(plan, click).startswith(("https://offer.example/%C3%A9?aff_sub=", "https://quiz.example/?s1="))
    assert destination(plan, click).isascii()


# A name with [] at its end is an array's, which JSON writes otherwise.
NAMES = st.text(min_size=1, max_size=20).filter(lambda name: not name.endswith("[]"))


@given(st.dictionaries(NAMES, st.text(max_size=50), max_size=10))
def test_a_query_a_form_and_json_say_the_same(sent: dict[str, str]) -> None:
    plain = {name.lower(): value for name, value in reversed(sent.items())}
    query = "&".join(
        f"{quote(name, errors='replace')}={quote(value, errors='replace')}" for name, value in sent.items()
    )
    if "&amp;" in query or "\0" in "".join([*sent, *sent.values()]) or len(plain) < len(sent):
        return
    assert parse_query(query) == plain
    assert parse_body(json.dumps(sent).encode(), "application/json", {}) == [plain]
    if sent:
        assert parse_body(query.encode(), "application/x-www-form-urlencoded", {}) == [plain]


@given(st.binary(max_size=300), st.sampled_from(["", "application/json", "application/x-www-form-urlencoded"]))
def test_any_bytes_are_parameters_or_refused_and_can_be_kept(body: bytes, kind: str) -> None:
    kept = raw_request("POST", "/postback/acme", "key=" + KEY, kind, body + KEY.encode(), KEY.encode())
    assert KEY not in kept
    msgspec.json.encode(kept)
    several = answered(lambda: parse_body(body, kind, {}))
    if isinstance(several, Refusal):
        assert several.status in (400, 413)
        return
    for params in several:
        assert all("\0" not in text for text in (*params, *params.values()))
        msgspec.json.encode(params)


@given(st.decimals(min_value=Decimal("-9999999999999999"), max_value=Decimal("9999999999999999"), places=2))
def test_money_is_exact_in_every_common_spelling(amount: Decimal) -> None:
    plain = f"{amount:.2f}"
    for text in (plain, plain.replace(".", ","), f"{amount:,.2f}", f"{amount:,.2f}".replace(",", " "), f"${plain}"):
        assert parse_amount(text) == amount
    assert parse_amount(f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))) == amount


@given(st.text(max_size=30))
def test_any_text_is_an_amount_that_a_record_holds_or_is_refused(text: str) -> None:
    try:
        amount = parse_amount(text)
    except ValueError:
        return
    assert amount.is_finite()
    assert abs(amount) < 10**16
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)
    assert -8 <= exponent <= 0
