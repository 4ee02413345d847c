"""The rules by which records become rows."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ids
from schemas.id_day import id_day
from schemas.records import Click, Conversion, Delivery, Invalid, Outcome, Postback
from schemas.unusable import unusable
from schemas.versions import version
from schemas.wire import decode_event, encode
from streams import rows, tables

AT = 1_790_000_000_123  # 2026-09-21
OURS = ids.mint_click_id(b"secret", AT, b"12345678")
CLICK = Click(click_id=OURS, clicked_at=AT, received_at=AT, campaign="spring", source="pops", subs={"sub3": "x"})
POSTBACK = Postback(postback_id="p1", click_id=OURS, event="install", network="acme", received_at=AT)
CONVERSION = Conversion(
    conversion_id="c1",
    event="install",
    network="acme",
    postback_id="p1",
    payout=Decimal("1.2"),
    currency="USD",
    occurred_at=AT,
    received_at=AT,
    status_received_at=AT,
)
DELIVERY = Delivery(
    delivery_id="d1",
    state="retry",
    attempt=2,
    destination="source/pops",
    conversion_id="c1",
    postback_id="p1",
    click_id=OURS,
    event="install",
    source="pops",
    at=AT,
    next_attempt_at=AT + 5000,
)


def outcome(word: str = "attributed", **facts: Any) -> Outcome:
    given: dict[str, Any] = {"postback": POSTBACK, "version": 7, "decided_at": AT}
    return Outcome(outcome=word, **given | {"conversion": CONVERSION, "click": CLICK} | facts)  # type: ignore[arg-type]


def named(table: tables.Table, row: rows.Row | None) -> dict[str, Any]:
    assert row is not None
    return dict(zip(table.columns, row, strict=True))


def test_every_row_has_a_value_for_every_column_of_its_table() -> None:
    named(tables.CLICKS, rows.click_row(CLICK, 0, 1))
    named(tables.POSTBACKS, rows.postback_row(outcome()))
    named(tables.CONVERSIONS, rows.conversion_row(outcome()))
    named(tables.DELIVERIES, rows.delivery_row(DELIVERY, 1))
    named(tables.INVALID, rows.invalid_row(Invalid(invalid_id="i", received_at=AT, kind="click", code="x"), 1))


def test_fields_of_a_record_stand_in_the_columns_of_their_names() -> None:
    row = named(tables.CLICKS, rows.click_row(decode_event(encode(CLICK)), 0, 1))  # type: ignore[arg-type]
    same = set(tables.CLICKS.columns) & {field for field in Click.__struct_fields__ if not field.endswith("_at")}
    assert {name: row[name] for name in same} == {name: getattr(CLICK, name) for name in same}
    assert (row["sub3"], row["sub1"]) == ("x", "")


def test_of_two_records_of_a_click_the_first_has_the_higher_version() -> None:
    first, second, next_epoch = (rows.click_row(CLICK, *at)[-1] for at in ((0, 5), (0, 6), (1, 0)))
    assert first > second > next_epoch


def test_a_postback_and_its_conversion_have_the_version_of_the_outcome() -> None:
    assert rows.postback_row(outcome())[-1] == 7
    assert named(tables.CONVERSIONS, rows.conversion_row(outcome()))["version"] == 7


def test_steps_of_a_delivery_and_invalid_input_have_the_version_of_their_offset() -> None:
    assert rows.delivery_row(DELIVERY, 9)[-1] == version(0, 9)


def test_the_day_of_a_click_is_that_in_its_id_and_none_where_the_source_brought_the_id() -> None:
    assert id_day(OURS) == "2026-09-21"
    assert id_day("pops:" + OURS) == "1970-01-01"
    assert id_day("") == "1970-01-01"
    assert id_day("v" * 32) == "1970-01-01", "a time beyond what a Date holds"


@pytest.mark.parametrize("word", ["duplicate", "waiting", "late", "orphan", "unattributed"])
def test_only_a_postback_that_made_or_changed_a_conversion_writes_one(word: str) -> None:
    assert rows.conversion_row(outcome(word)) is None
    assert rows.conversion_row(outcome(word, conversion=None)) is None


def test_a_conversion_without_its_click_is_a_mistake_that_is_told() -> None:
    with pytest.raises(ValueError, match="p1 has a conversion but no click"):
        rows.conversion_row(outcome(click=None))


def test_a_postback_that_waits_knows_nothing_of_its_click() -> None:
    row = named(tables.POSTBACKS, rows.postback_row(outcome("waiting", click=None, conversion=None)))
    assert (row["clicked_at"], row["campaign"], row["conversion_id"], row["occurred_at"]) == (None, "", "", None)


def test_what_became_of_a_partners_click_names_the_partner() -> None:
    brought = msgspec.structs.replace(CLICK, partner="bob")
    of = outcome(click=brought)
    written = [(tables.CLICKS, rows.click_row(brought, 0, 1)), (tables.POSTBACKS, rows.postback_row(of))]
    written.append((tables.CONVERSIONS, rows.conversion_row(of) or ()))
    assert [named(table, row)["partner"] for table, row in written] == ["bob"] * 3


def test_a_conversion_holds_what_its_source_charges_for_the_event_and_a_refund_nothing() -> None:
    click = msgspec.structs.replace(CLICK, cpa={"install": "0.50 USD"})
    owed = named(tables.CONVERSIONS, rows.conversion_row(outcome(click=click)))
    assert (owed["cost"], owed["cost_currency"]) == (Decimal("0.50"), "USD")
    refund = msgspec.structs.replace(CONVERSION, is_refund=True)
    for facts in ({"click": CLICK}, {"click": click, "conversion": refund}):
        row = named(tables.CONVERSIONS, rows.conversion_row(outcome(**facts)))
        assert (row["cost"], row["cost_currency"]) == (None, "")


def test_a_conversion_of_a_test_click_is_a_test() -> None:
    tested = Click(click_id=OURS, clicked_at=AT, received_at=AT, campaign="spring", source="pops", is_test=True)
    assert named(tables.CONVERSIONS, rows.conversion_row(outcome(click=tested)))["is_test"] is True


def test_a_step_after_which_nothing_is_tried_has_no_next_attempt() -> None:
    done = Delivery(**{name: getattr(DELIVERY, name) for name in Delivery.__struct_fields__} | {"next_attempt_at": 0})
    assert named(tables.DELIVERIES, rows.delivery_row(done, 1))["next_attempt_at"] is None
    assert named(tables.DELIVERIES, rows.delivery_row(DELIVERY, 1))["next_attempt_at"] == (AT + 5000) / 1000


@given(st.integers(min_value=0, max_value=9_999_999_999_999))
def test_times_are_exact_to_the_millisecond(ms: int) -> None:
    text = json.dumps(
        rows.click_row(Click(click_id="a", clicked_at=ms, received_at=0, campaign="", source=""), 0, 0)[2]
    )
    assert Decimal(text) * 1000 == ms


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/pb?cid=1&key=s3cret", "https://a.example/pb?cid=1&key=***"),
        ("https://a.example/pb?api_key=s3cret&cid=1#x", "https://a.example/pb?api_key=***&cid=1#x"),
        ("https://a.example/pb?AccessToken=s3cret;goal=2", "https://a.example/pb?AccessToken=***;goal=2"),
        ("https://a.example/pb?sig=abc&signature=def&pwd=x", "https://a.example/pb?sig=***&signature=***&pwd=***"),
        ("https://user:s3cret@a.example/pb?cid=1", "https://***@a.example/pb?cid=1"),
        ("https://a.example/pb?cid=me@b.example&key=", "https://a.example/pb?cid=me@b.example&key="),
        ("https://a.example/pb?keyword=red+shoes&passage=2", "https://a.example/pb?keyword=red+shoes&passage=2"),
        ("https://a.example/pb?q=a=key=b", "https://a.example/pb?q=a=key=b"),
        ("", ""),
    ],
)
def test_keys_and_tokens_in_a_url_are_masked_and_the_rest_is_kept(url: str, shown: str) -> None:
    assert rows.masked(url) == shown


def test_input_that_cannot_be_used_keeps_its_bytes_and_an_id_of_where_it_lies() -> None:
    text = unusable("record", "not_json", "no", ("events", 3, 8), AT, b"{nonsense")
    binary = unusable("record", "not_json", "no", ("events", 3, 8), -1, b"\xff\x00")
    assert (text.raw, binary.raw, binary.received_at) == ("{nonsense", "/wA=", 0)
    assert text.invalid_id == binary.invalid_id == ids.invalid_id("events", 3, 8)


def test_rows_of_one_key_lie_in_one_month_whatever_becomes_of_it() -> None:
    """Queries skip the months that nobody asked for before they look for the newest row of a key."""
    later = AT + 40 * 86_400_000
    changed = msgspec.structs.replace(CONVERSION, status="rejected", received_at=later, status_received_at=later)
    told = outcome("waiting"), outcome(decided_at=later), outcome("updated", decided_at=later, conversion=changed)
    steps = DELIVERY, msgspec.structs.replace(DELIVERY, state="delivered", attempt=3, at=later)
    assert len({named(tables.POSTBACKS, rows.postback_row(one))["received_at"] for one in told}) == 1
    assert len({named(tables.CONVERSIONS, rows.conversion_row(one))["id_day"] for one in told[1:]}) == 1
    assert len({named(tables.DELIVERIES, rows.delivery_row(one, 0))["id_day"] for one in steps}) == 1
