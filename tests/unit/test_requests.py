"""Whole requests: nothing that a value holds adds a header, a field or a key."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.macros import POSTBACK_MACROS, MacroError
from schemas.requests import RequestText, find_mistakes, parse_request

URL = "https://pops.example/pb"
NASTY = ["&a=b", "#", "{payout}", "x\r\nX-Evil: 1", "😀", "", '"', "\\", "\u2028", "\0", "\ud800", "é" * 10_240]
VALUES = st.one_of(st.text(st.characters()), st.sampled_from(NASTY))
ALLOWED = POSTBACK_MACROS | {"account.token"}


def told(value: str) -> str:
    """A lone surrogate is no character: it is told as "?"."""
    return value.encode("utf-8", "replace").decode()


@given(VALUES)
def test_a_value_never_begins_another_header(value: str) -> None:
    text = RequestText(URL, headers={"X-Click": "id {source_click_id}!"})
    (header,) = parse_request(text, POSTBACK_MACROS).render({"source_click_id": value}).headers.values()
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith("id ")
    assert header.endswith("!")


def test_what_is_printable_stands_in_a_header_as_it_is() -> None:
    text = RequestText(URL, headers={"Authorization": "Bearer {account.token}"})
    request = parse_request(text, ALLOWED).filled({"account.token": "a+b/c=="}).render({})
    assert request.headers == {"Authorization": "Bearer a+b/c=="}


@given(VALUES, VALUES)
def test_a_value_arrives_in_a_form_as_it_was(first: str, second: str) -> None:
    text = RequestText(URL, form={"a": "{sub1}", "b": "-{sub2}-"})
    request = parse_request(text, POSTBACK_MACROS).render({"sub1": first, "sub2": second})
    fields = parse_qs(request.body, keep_blank_values=True, strict_parsing=True)
    assert fields == {"a": [told(first)], "b": [f"-{told(second)}-"]}


@given(VALUES, VALUES)
def test_a_value_arrives_in_json_as_it_was(first: str, second: str) -> None:
    text = RequestText(URL, json={"data": [{"a": "{sub1}"}, "x{sub2}"], "n": 1.5, "yes": True})
    request = parse_request(text, POSTBACK_MACROS).render({"sub1": first, "sub2": second})
    assert json.loads(request.body) == {"data": [{"a": told(first)}, f"x{told(second)}"], "n": 1.5, "yes": True}


@pytest.mark.parametrize(
    ("leaf", "written"),
    [
        ("{payout}", "1.20"),
        ("{payout|0}", "1"),
        ("{occurred_at|ms}", "1700000000123"),
        ("{occurred_at|iso}", '"2023-11-14T22:13:20Z"'),
        ("{payout} USD", '"1.20 USD"'),
        ("{sub1}", '"7"'),
        ("{cost}", "null"),
    ],
)
def test_in_json_an_amount_or_a_moment_alone_is_a_number(leaf: str, written: str) -> None:
    values: dict[str, Any] = {"payout": Decimal("1.20"), "occurred_at": 1_700_000_000_123, "sub1": "7", "cost": ""}
    assert (
        parse_request(RequestText(URL, json={"v": leaf}), POSTBACK_MACROS).render(values).body == f'{{"v":{written}}}'
    )


def test_a_request_with_a_body_is_a_post_unless_it_says_otherwise() -> None:
    assert parse_request(RequestText(URL), POSTBACK_MACROS).method == "GET"
    assert parse_request(RequestText(URL, "POST"), POSTBACK_MACROS).method == "POST"
    assert parse_request(RequestText(URL, json={"a": 1}), POSTBACK_MACROS).method == "POST"
    own = RequestText(URL, headers={"content-type": "text/json"}, json={"a": 1})
    assert parse_request(own, POSTBACK_MACROS).render({}).headers == {"content-type": "text/json"}


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (RequestText("file:///x"), ("url",), "cannot be called"),
        (RequestText(URL, "GET", form={"a": "b"}), ("method",), 'method = "POST"'),
        (RequestText(URL, form={"a": "b"}, json={"a": "b"}), ("form",), "one body"),
        (RequestText(URL, form={"a": "{clickid}"}), ("form", "a"), r"did you mean \{click_id\}"),
        (RequestText(URL, json={"a": [{"b": "{x"}]}), ("json_body", "a", 0, "b"), "unbalanced"),
        (RequestText(URL, json={"a": object()}), ("json_body", "a"), "write a date as text"),
        (RequestText(URL, headers={"X-A": "a\r\nX-Evil: 1"}), ("headers", "X-A"), "no line break"),
        (RequestText(URL, headers={"X A": "a"}), ("headers", "X A"), "the name of a header"),
        (RequestText(URL, headers={"HOST": "a"}), ("headers", "HOST"), "by the connection itself"),
        (RequestText(URL, headers={"X-A": "{nothing}"}), ("headers", "X-A"), "unknown macro"),
    ],
)
def test_a_request_that_cannot_be_sent_is_refused_with_its_place(
    text: RequestText, place: tuple[str | int, ...], said: str
) -> None:
    ((at, error),) = find_mistakes(text, POSTBACK_MACROS)
    assert at == place
    with pytest.raises(MacroError, match=said):
        raise error
    with pytest.raises(MacroError):
        parse_request(text, POSTBACK_MACROS)


@pytest.mark.parametrize(
    ("tree", "values", "left"),
    [
        ({"a": "{sub1}", "b": "x"}, {"sub1": ""}, None),
        ({"a": "{sub1}", "b": "{sub2}"}, {"sub1": "", "sub2": "1"}, {"b": "1"}),
        ({"a": "fb.{sub1}.{sub2}", "b": ["{sub2}"]}, {"sub1": "", "sub2": "1"}, {"b": ["1"]}),
        ({"a": {"b": ["{sub1}"], "c": True}, "d": {"e": 1}}, {"sub1": ""}, {"d": {"e": 1}}),
        (
            {"a": [{"kind": "x", "b": "{sub1}"}, {"kind": "y", "b": "{sub2}"}]},
            {"sub1": "", "sub2": "1"},
            {"a": [{"kind": "y", "b": "1"}]},
        ),
        ({"n": "{payout}", "t": "{sub1}"}, {"payout": "", "sub1": "1"}, {"t": "1"}),
    ],
)
def test_what_is_not_known_is_left_out_with_the_constants_around_it(
    tree: dict[str, Any], values: dict[str, str], left: dict[str, Any] | None
) -> None:
    text = RequestText(URL, headers={"X-Some": "{sub1}"}, json=tree, omits_unknown=True)
    request = parse_request(text, POSTBACK_MACROS).render({"sub1": "", **values})
    assert json.loads(request.body) == left
    assert ("X-Some" in request.headers) == bool(values.get("sub1"))
