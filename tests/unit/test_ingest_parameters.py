import base64

import pytest

from ingest.parameters import parse_body, parse_query
from ingest.raw import raw_request
from ingest.refusal import Refusal

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("Sub1=X", {"sub1": "X"}),
        ("a=1&a=2", {"a": "1"}),
        ("A=1&a=2", {"a": "1"}),
        ("a=&b", {"a": "", "b": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("=x&&a=1", {"a": "1"}),
        ("n=My+Game%21&p%5B0%5D=1", {"n": "My Game!", "p[0]": "1"}),
        ("n=%C3%A9&m=é", {"n": "é", "m": "é"}),
        ("n=%FF%FE", {"n": "\ufffd\ufffd"}),
        ("n=a%00b", {"n": "a\ufffdb"}),
        ("n=%2525", {"n": "%25"}),
    ],
)
def test_a_query_is_one_flat_mapping_where_the_first_of_a_name_counts(text: str, params: dict[str, str]) -> None:
    assert parse_query(text) == params


def test_a_url_that_was_pasted_from_html_is_read_all_the_same() -> None:
    assert parse_query("subid=1&amp;payout=1&amp;currency=usd") == {"subid": "1", "payout": "1", "currency": "usd"}


def test_numbers_of_json_stay_as_they_were_written() -> None:
    body = b'{"payout": 0.10, "big": 12345678901234567890, "bad": NaN, "huge": 1e400, "yes": true, "none": null}'
    assert parse_body(body, "application/json", {}) == [
        {"payout": "0.10", "big": "12345678901234567890", "bad": "nan", "huge": "1e400", "yes": "true"}
    ]


def test_nested_json_gets_dotted_names_and_arrays_stay_json() -> None:
    body = b'{"Event": {"Price": 1.5, "ids": [1, "x"]}, "a\\u0000b": "\\ud800"}'
    assert parse_body(body, "", {}) == [{"event.price": "1.5", "event.ids": '["1","x"]', "a\ufffdb": "\ufffd"}]


def test_of_two_members_with_one_name_the_first_counts() -> None:
    assert parse_body(b'{"a": 1, "a": 2, "A": 3}', "application/json", {}) == [{"a": "1"}]


def test_the_query_wins_over_the_body_and_reaches_every_object_of_an_array() -> None:
    found = parse_body(b'[{"event": "x", "n": 1}, {"n": 2}]', "application/json", {"event": "install"})
    assert found == [{"event": "install", "n": "1"}, {"event": "install", "n": "2"}]


@pytest.mark.parametrize("kind", ["", FORM, "text/plain", "application/x-www-form-urlencoded; charset=UTF-8"])
def test_a_form_needs_no_content_type(kind: str) -> None:
    assert parse_body(b"a=1&b=x+y\r\n", kind, {}) == [{"a": "1", "b": "x y"}]


def test_an_empty_body_leaves_the_query() -> None:
    assert parse_body(b" \n", "application/json", {"a": "1"}) == [{"a": "1"}]


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"{", "", "the body is no JSON: .*: send a JSON object"),
        (b'{"a": 1', "application/json", "char 7.*: send a JSON object"),
        (b"[]", "application/json", "the array in the body is empty: send"),
        (b'[{"a": 1}, 2]', "application/json", "value 2 in the body is no JSON object: send"),
        (b'"text"', "application/json", "Content-Type application/json, but the body begins with '\"': send"),
        (b"\xff\xfe{}", "application/json", "begins with '\ufffd': send"),
        (b"[" * 100_000, "", "nested too deeply: send"),
        (b"--x\r\n", "multipart/form-data; boundary=x", "multipart/form-data is not read here: send a form"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_what_it_is_and_what_would_be_right(
    body: bytes, kind: str, told: str
) -> None:
    with pytest.raises(Refusal, match=told) as refused:
        parse_body(body, kind, {})
    assert (refused.value.status, refused.value.code) == (400, "invalid_body")


def test_an_object_on_each_line_is_read_and_a_broken_line_is_named() -> None:
    kind = "application/x-ndjson; charset=utf-8"
    assert parse_body(b'{"a":1}\n\n{"a":"2"}\r\n', kind, {"b": "3"}) == [{"a": "1", "b": "3"}, {"a": "2", "b": "3"}]
    with pytest.raises(Refusal, match="line 2 is no JSON"):
        parse_body(b'{"a":1}\n{"a"', kind, {})


def test_an_object_on_each_line_is_known_by_its_first_line_where_no_type_says_so() -> None:
    assert parse_body(b'{"a":1}\n{"a":"2"}', FORM, {}) == [{"a": "1"}, {"a": "2"}]
    assert parse_body(b'{"a":1}\r\n', "", {}) == parse_body(b'{"a":\n1\n}', "", {}) == [{"a": "1"}]
    with pytest.raises(Refusal, match="line 2 is no JSON"):
        parse_body(b'{"a":1}\n{"a"', "", {})


def test_too_many_objects_are_refused() -> None:
    with pytest.raises(Refusal, match="at most 1000") as refused:
        parse_body(b"[" + b'{"a":1},' * 1000 + b'{"a":1}]', "", {})
    assert refused.value.status == 413


@pytest.mark.parametrize("query", ["key=hunter2&a=1", "a=1&KEY=hunter2", "a=1&amp;key=hunter2", "other=hunter2"])
def test_a_kept_request_holds_no_key_in_its_url(query: str) -> None:
    kept = raw_request("GET", "/postback/acme", query, "", b"", b"hunter2")
    assert "hunter2" not in kept
    assert kept.startswith("GET /postback/acme?")


@pytest.mark.parametrize(
    "body", [b"key=hunter2&a=1", b'{"key": "hunter2", "a": 1}', b'{"key":"hunter2', b"\xff&x=hunter2", b"x=hunter2"]
)
def test_a_kept_request_holds_no_key_in_its_body(body: bytes) -> None:
    kept = raw_request("POST", "/postback/acme", "", FORM, body, b"hunter2")
    content = kept.split("\n\n", 1)[1]
    if content.startswith("base64:"):
        content = base64.b64decode(content.removeprefix("base64:")).decode("latin-1")
    assert "hunter2" not in content
    assert "***" in content


def test_a_wrong_key_is_masked_too_since_it_may_be_the_key_of_another_network() -> None:
    assert "other" not in raw_request("GET", "/p", "key=other", "", b'{"key": "other"}', None)


def test_a_kept_body_is_bounded_and_cut_between_characters() -> None:
    kept = raw_request("POST", "/p", "", FORM, b"x" + "é".encode() * 40_000, None)
    assert len(kept.encode()) < 66_000
    assert kept.endswith("é")
