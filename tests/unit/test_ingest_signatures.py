"""Signatures, and keys wherever a network can put them."""

import hmac
from base64 import b64encode
from typing import Any

import pytest

from ingest.auth import check_access, keys_in
from ingest.plans import Access, prepare
from ingest.raw import raw_request
from ingest.refusal import Refusal
from ingest.signatures import SignaturePlan, check_signature
from schemas.settings.masks import secret_values
from schemas.settings.validation import validate
from tests.ingest_samples import KEY, NOW_MS, STANDARD_WEBHOOKS, settings

SECRET = "whsec_c2VjcmV0IG9mIHRoZSBuZXR3b3Jr"
BODY = b'{"amount": 1}'
NOW = NOW_MS // 1000

STRIPE: dict[str, Any] = {
    "header": "Stripe-Signature",
    "separator": ",",
    "prefix": "v1=",
    "time_prefix": "t=",
    "signed": "{time}.{body}",
}
GITHUB = {"header": "X-Hub-Signature-256", "prefix": "sha256="}


def plan(**how: Any) -> SignaturePlan:
    found = (
        prepare(settings(networks={"acme": {"signature": {"secret": SECRET, **how}}})).networks["acme"].access.signature
    )
    assert found is not None
    return found


def check(how: dict[str, Any], headers: dict[str, str], body: bytes = BODY, query: str = "a=1") -> None:
    check_signature(plan(**how), lambda name: headers.get(name, ""), query, body, NOW_MS)


def signed(text: bytes, algorithm: str = "sha256", key: bytes = SECRET.encode()) -> str:
    return hmac.new(key, text, algorithm).hexdigest()


def stripe(at: int = NOW, body: bytes = BODY, key: bytes = SECRET.encode()) -> str:
    return signed(f"{at}.".encode() + body, key=key)


@pytest.mark.parametrize(
    "header",
    [
        f"t={NOW},v1={stripe()}",
        f"t={NOW},v0=junk,v1={'0' * 64},v1={stripe()}",
        f"t={NOW - 299}, v1={stripe(NOW - 299)}",
        f"t={NOW + 299},v1={stripe(NOW + 299).upper()}",
    ],
)
def test_a_signature_with_a_time_is_right_when_one_of_its_items_is_d20(header: str) -> None:
    check(STRIPE, {"stripe-signature": header})


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "missing_signature"),
        (f"t={NOW}", "missing_signature"),
        (f"t={NOW},v1=", "missing_signature"),
        (f"v1={stripe()}", "missing_signature"),
        (f"t=soon,v1={stripe()}", "missing_signature"),
        (f"t={NOW},v1={stripe(body=b'other')}", "wrong_signature"),
        (f"t={NOW},v1={stripe(key=b'another')}", "wrong_signature"),
        (f"t={NOW + 1},v1={stripe()}", "wrong_signature"),
        (f"t={NOW},v1=é\udcff", "wrong_signature"),
        (f"t={NOW - 301},v1={stripe(NOW - 301)}", "stale_signature"),
        (f"t={NOW + 301},v1={stripe(NOW + 301)}", "stale_signature"),
    ],
)
def test_any_other_signature_is_refused_and_no_answer_tells_the_secret_d20(header: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        check(STRIPE, {"stripe-signature": header})
    assert (refused.value.status, refused.value.code) == (401, code)
    assert SECRET not in refused.value.detail


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "sha512", "md5"])
def test_the_algorithm_and_the_encoding_are_data_d20(algorithm: str) -> None:
    check({**GITHUB, "algorithm": algorithm}, {"x-hub-signature-256": f"sha256={signed(BODY, algorithm)}"})
    encoded = b64encode(hmac.new(SECRET.encode(), BODY, algorithm).digest()).decode()
    check({"header": "X-Sign", "algorithm": algorithm, "encoding": "base64"}, {"x-sign": encoded})


def test_standard_webhooks_are_data_too_d20() -> None:
    digest = hmac.new(b"secret of the network", f"msg_1.{NOW}.".encode() + BODY, "sha256").digest()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW)}
    check(STANDARD_WEBHOOKS, {**headers, "webhook-signature": f"v1,{b64encode(digest).decode()}"})
    with pytest.raises(Refusal, match="webhook-id"):
        check(STANDARD_WEBHOOKS, {**headers, "webhook-id": "", "webhook-signature": "v1,x"})
    with pytest.raises(Refusal, match="webhook-signature"):
        check(
            STANDARD_WEBHOOKS,
            {**headers, "webhook-id": "msg_2", "webhook-signature": f"v1,{b64encode(digest).decode()}"},
        )


def test_a_query_is_signed_as_it_was_sent_and_what_is_in_it_is_never_expanded() -> None:
    how = {"header": "X-Sign", "signed": "{query}|{body}"}
    query = "a=%7Bbody%7D&b={body}"
    check(how, {"x-sign": signed(query.encode() + b"|" + BODY)}, query=query)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"secret": SECRET}, "networks.acme.signature.header"),
        ({"header": "x"}, "networks.acme.signature.secret"),
        ({"secret": SECRET, "header": "x", "signed": "{time}"}, "say what is signed"),
        ({"secret": SECRET, "header": "x", "signed": "{bodi}{body}"}, "say what is signed"),
        ({"secret": "no base64!", "header": "x", "key_encoding": "base64"}, "no base64"),
        ({"secret": "whsec_", "header": "x", "key_encoding": "base64"}, "anybody could sign"),
        ({"secret": " \n", "header": "x"}, "anybody could sign"),
    ],
)
def test_a_signature_that_could_not_be_checked_is_told_when_the_file_is_read(how: dict[str, Any], told: str) -> None:
    problems = "\n".join(map(str, validate({"networks": {"acme": {"signature": how}}}, {})[1]))
    assert told in problems
    assert SECRET not in problems


def test_a_signature_guards_and_its_secret_is_known_to_the_masks() -> None:
    tree = {"networks": {"acme": {"signature": {"secret": SECRET, **GITHUB}}}}
    found, problems = validate(tree, {})
    assert problems == []
    assert found is not None
    assert SECRET in secret_values(found)


KEYED = Access("networks.acme", KEY.encode(), (), open=False)


@pytest.mark.parametrize(
    "header",
    [
        KEY,
        f"Bearer {KEY}",
        f"bearer  {KEY}",
        f"Basic {KEY}",
        f"Basic {b64encode(f'user:{KEY}'.encode()).decode()}",
        f"Basic {b64encode(KEY.encode()).decode()}",
        f"Token {KEY}",
    ],
)
def test_a_key_may_come_in_the_authorization_header_d20(header: str) -> None:
    check_access(KEYED, "", "192.0.2.1", header)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic !!", f"Bearer {KEY}x", f"{KEY} x", "Basic /w=="])
def test_no_other_authorization_opens_d20(header: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_access(KEYED, "", "192.0.2.1", header)
    assert refused.value.status == 401


def test_a_wrong_key_is_not_made_good_by_a_header() -> None:
    with pytest.raises(Refusal, match="not the key"):
        check_access(KEYED, "wrong", "192.0.2.1", f"Bearer {KEY}")
    assert keys_in("") == []


def test_a_key_is_asked_for_from_whatever_address_it_comes_d19() -> None:
    for peer in ("192.0.2.1", "2001:db8::1", "198.51.100.7"):
        check_access(KEYED, KEY, peer)


@pytest.mark.parametrize("path", ["/postback/acme/hunter2", "/postback/acme/hunter2/more", "/postback//hunter2"])
def test_a_kept_request_holds_no_key_of_its_path_d29(path: str) -> None:
    kept = raw_request("GET", path, "a=1", "", b"", None)
    assert "hunter2" not in kept
    assert kept.endswith("/***?a=1")
