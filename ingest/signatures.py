"""HMAC signatures over what was sent: in a header, with a time where the sender says one. Pure.

Stripe's own library and that of Standard Webhooks judge it (tests/properties/test_signature_laws.py).
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from ingest.refusal import Refusal
from schemas.settings.networks import Signature

_SECONDS = re.compile(r"[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class SignaturePlan:
    """How the signature of one network is checked."""

    path: str  # in the configuration, for errors
    secret: bytes
    settings: Signature


def signature_plan(path: str, signature: Signature | None) -> SignaturePlan | None:
    """Prepare what is configured."""
    if signature is None:
        return None
    return SignaturePlan(path, signature.key, signature)


def check_signature(plan: SignaturePlan, header: Callable[[str], str], query: str, body: bytes, now_ms: int) -> None:
    """Let a call pass, or raise Refusal 401: no signature, one that is too old, or none that is right.

    header: a header's value by its name, empty where there is none.
    """
    how = plan.settings
    value = header(how.header.lower()).strip()
    items = [item.strip() for item in value.split(how.separator)] if how.separator else [value]
    sent = [item.removeprefix(how.prefix) for item in items if item.startswith(how.prefix) and item != how.prefix]
    if not sent:
        raise Refusal(401, "missing_signature", f"send the signature of {plan.path} in the header {how.header}")
    time = _time(plan, items, header)
    right = _signature(plan, time, _id(plan, header), query, body)
    if not any(hmac.compare_digest(_plain(each, how.encoding), right) for each in sent):
        raise Refusal(401, "wrong_signature", f"the header {how.header} is not what {plan.path} gives for this request")
    if time and abs(now_ms - int(time) * 1000) > how.tolerance:
        raise Refusal(401, "stale_signature", f"signed at {time}: more than {how.tolerance // 1000} s from now")


def _time(plan: SignaturePlan, items: list[str], header: Callable[[str], str]) -> str:
    """The seconds since 1970 that the signature names; empty where it has none."""
    how = plan.settings
    if how.time_header:
        time = header(how.time_header.lower()).strip()
    elif how.time_prefix:
        time = next((item.removeprefix(how.time_prefix) for item in items if item.startswith(how.time_prefix)), "")
    else:
        return ""
    if not _SECONDS.fullmatch(time):
        raise Refusal(401, "missing_signature", f"the signature of {plan.path} names no time as seconds since 1970")
    return time


def _id(plan: SignaturePlan, header: Callable[[str], str]) -> str:
    """The ID that is signed with the rest; empty where none is."""
    name = plan.settings.id_header
    id_ = header(name.lower()) if name else ""
    if name and not id_:
        raise Refusal(401, "missing_signature", f"send what {plan.path} signs in the header {name}")
    return id_


def _signature(plan: SignaturePlan, time: str, id_: str, query: str, body: bytes) -> bytes:
    """What the header must hold."""
    fields = {
        b"{body}": body,
        b"{time}": time.encode(),
        b"{id}": id_.encode("utf-8", "replace"),
        b"{query}": query.encode("utf-8", "replace"),
    }
    signed, rest = b"", plan.settings.signed.encode()
    while rest:
        found = next((name for name in fields if rest.startswith(name)), b"")
        signed += fields[found] if found else rest[:1]
        rest = rest[len(found) or 1 :]
    digest = hmac.new(plan.secret, signed, plan.settings.algorithm).digest()
    return digest.hex().encode() if plan.settings.encoding == "hex" else b64encode(digest)


def _plain(text: str, encoding: str) -> bytes:
    return (text.lower() if encoding == "hex" else text).encode("utf-8", "replace")
