"""The mark of an operator's own test: a header that only who knows a secret of the click IDs can write. Pure.

It names one click. That click and its postbacks are marked by it, and nothing else: who overhears it can add to a test,
and turn nobody's conversion into one.
"""

from hashlib import blake2s
from hmac import compare_digest
from urllib.parse import quote, unquote

HEADER = "x-clickjoin-test"
_PERSON = b"own-test"  # no other MAC by the same secret is one of these
_MAC_BYTES = 16


def mark_of(secret: bytes, click_id: str) -> str:
    """The value of the header."""
    return f"{_mac(secret, click_id)}.{quote(click_id, safe=':')}"


def marked_click(mark: str, secrets: tuple[bytes, ...]) -> str:
    """The click ID that one of `secrets` marked; empty for a mark that none of them made."""
    mac, _, quoted = mark.partition(".")
    click_id = unquote(quoted)
    is_ours = any(compare_digest(_mac(secret, click_id).encode(), mac.encode("utf-8", "replace")) for secret in secrets)
    return click_id if is_ours else ""


def _mac(secret: bytes, click_id: str) -> str:
    key = blake2s(secret).digest()
    return blake2s(click_id.encode("utf-8", "replace"), key=key, digest_size=_MAC_BYTES, person=_PERSON).hexdigest()
