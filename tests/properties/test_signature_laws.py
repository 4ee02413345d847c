"""Our check of signatures is data; the providers' own libraries judge it (docs/decisions/0007-signatures.md)."""

import re
from base64 import b64decode, b64encode
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

import standardwebhooks.webhooks as standard_webhooks
import stripe._webhook as stripe_webhook
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.refusal import Refusal
from ingest.signatures import SignaturePlan, check_signature, signature_plan
from presets.load import read_preset
from schemas.settings.networks import Signature
from tests.ingest_samples import STANDARD_WEBHOOKS

NOW = 1_700_000_000
TOLERANCE = 300
STRIPE = read_preset("networks", "stripe")["signature"]
PLAIN_TIME = re.compile(r"[1-9][0-9]*", re.ASCII)

BODIES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SECRETS = BODIES.filter(lambda text: bool(text.strip()) and not text.startswith("env:"))
MOMENTS = st.sampled_from([0, 1, 299, 300, 301, 86_400]).flatmap(lambda by: st.sampled_from([NOW - by, NOW + by]))
DAMAGE = st.text(st.sampled_from("tv01,=; +aFé"), max_size=6)


def plan_of(signature: dict[str, Any], secret: str) -> SignaturePlan:
    plan = signature_plan("networks.theirs", Signature.model_validate({**signature, "secret": secret}))
    assert plan is not None
    return plan


def ours(plan: SignaturePlan, headers: dict[str, str], body: str) -> bool:
    try:
        check_signature(plan, lambda name: headers.get(name, ""), "", body.encode(), NOW * 1000)
    except Refusal as refusal:
        assert refusal.status == 401
        return False
    return True


def stripes(secret: str, header: str, body: str) -> bool:
    """What stripe's library says; whatever it raises is a no."""
    with mock.patch.object(stripe_webhook, "time", SimpleNamespace(time=lambda: float(NOW))):
        try:
            stripe_webhook.WebhookSignature.verify_header(body, header, secret, TOLERANCE)
        except Exception:
            return False
    return True


def spelled(moment: int) -> st.SearchStrategy[str]:
    """A time in seconds, mostly as it is written."""
    plain = str(moment)
    return st.sampled_from([plain] * 8 + [f"0{plain}", f"+{plain}", f" {plain}", f"{plain[0]}_{plain[1:]}", "soon", ""])


@st.composite
def stripe_calls(draw: st.DrawFn) -> tuple[str, str, str]:
    """A secret, a header, a body: right, or nearly so."""
    secret, body, moment = draw(SECRETS), draw(BODIES), draw(MOMENTS)
    time = draw(spelled(moment))
    signed = draw(st.sampled_from([str(moment)] * 4 + [time, str(moment + 1)]))
    right = stripe_webhook.WebhookSignature._compute_signature(f"{signed}.{body}", secret)
    others = st.sampled_from(
        [
            "v1",
            "v1=",
            "t",
            "t=1",
            f"v0={right}",
            f"v1={'0' * 64}",
            f"v1={right}=x",
            f"v1={right}0",
            f"V1={right}",
            "v1=é",
        ]
    )
    items = [f"t={time}", f"v1={draw(st.sampled_from([right, right, right, right.upper(), right[:-1]]))}"]
    items += draw(st.lists(others | DAMAGE, max_size=3))
    header = draw(st.sampled_from([",", ",", ", "])).join(draw(st.permutations(items)))
    return secret, header, draw(st.sampled_from([body] * 6 + [body + " "]))


def read_of_stripes(header: str) -> str:
    """The header without what we pass over and the library stumbles on, its signatures in small letters."""
    items = [item.strip() for item in header.split(",")]
    items = [item.lower() if item.startswith("v1=") else item for item in items]
    return ",".join(item for item in items if item.isascii() and (item.count("=") == 1 or item.startswith("t=")))


def signed_at(time: str) -> tuple[str, str, str]:
    """A call that names this time, and has it signed letter by letter."""
    signature = stripe_webhook.WebhookSignature._compute_signature(f"{time}.{{}}", "whsec_x")
    return "whsec_x", f"t={time},v1={signature}", "{}"


@given(stripe_calls())
@example(signed_at(f"0{NOW}"))
@example(signed_at(str(NOW - TOLERANCE)))
@example(signed_at(str(NOW + TOLERANCE + 1)))
def test_of_stripes_signatures_we_accept_what_stripes_own_library_does(call: tuple[str, str, str]) -> None:
    secret, header, body = call
    read = read_of_stripes(header)
    time = next((item[2:] for item in read.split(",") if item.startswith("t=")), "")
    stricter = not PLAIN_TIME.fullmatch(time) or int(time) > NOW + TOLERANCE
    plan = plan_of(STRIPE, secret)
    assert ours(plan, {"stripe-signature": header}, body) == (stripes(secret, read, body) and not stricter)


class Frozen(datetime):
    """The moment of these tests, as the library of Standard Webhooks asks for it."""

    @classmethod
    def now(cls, tz: Any = None) -> "Frozen":
        return cls.fromtimestamp(NOW, tz)


def standards(secret: str, headers: dict[str, str], body: str) -> bool:
    """What the library of Standard Webhooks says; whatever it raises is a no."""
    with mock.patch.object(standard_webhooks, "datetime", Frozen):
        try:
            standard_webhooks.Webhook(secret).verify(body, headers, json_parse=False)
        except Exception:
            return False
    return True


@st.composite
def standard_calls(draw: st.DrawFn) -> tuple[str, dict[str, str], str]:
    """A secret, the headers, a body: right, or nearly so."""
    key, body, moment = draw(st.binary(min_size=1, max_size=40).filter(bytes.strip)), draw(BODIES), draw(MOMENTS)
    secret = draw(st.sampled_from(["whsec_", ""])) + b64encode(key).decode().rstrip(draw(st.sampled_from("=.")))
    id_ = draw(st.sampled_from(["msg_1", "msg_1", "msg_1", "a.b", ""]))
    digest = standard_webhooks.hmac_data(key, f"{id_}.{moment}.{body}".encode())
    right = b64encode(digest).decode()
    others = st.sampled_from(
        [
            "v1",
            "v1,",
            "",
            f"v1a,{right}",
            f"v1,{right},",
            f"v1,{right[:-1]}",
            f"v1,!{right}",
            f"v1,{b64encode(key).decode()}",
        ]
    )
    items = draw(st.permutations([f"v1,{right}", *draw(st.lists(others | DAMAGE, max_size=3))]))
    time = draw(spelled(moment) | st.just(f"{moment}.5"))
    headers = {"webhook-id": id_, "webhook-timestamp": time, "webhook-signature": " ".join(items)}
    return secret, headers, draw(st.sampled_from([body] * 6 + [body + " "]))


def is_standards(item: str) -> bool:
    """Whether this is a signature as it is written: no sign besides base64's, and no bits that mean nothing."""
    version, _, signature = item.partition(",")
    try:
        return version == "v1" and b64encode(b64decode(signature, validate=True)).decode() == signature != ""
    except ValueError:
        return False


@given(standard_calls())
def test_of_standard_webhooks_we_accept_what_their_own_library_does(call: tuple[str, dict[str, str], str]) -> None:
    secret, headers, body = call
    read = " ".join(filter(is_standards, headers["webhook-signature"].split(" ")))
    plain = bool(PLAIN_TIME.fullmatch(headers["webhook-timestamp"].strip()))
    theirs = standards(secret, {**headers, "webhook-signature": read}, body)
    assert ours(plan_of(STANDARD_WEBHOOKS, secret), headers, body) == (theirs and plain)
