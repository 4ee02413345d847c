"""Identifiers: click IDs with their MAC, and those that are derived. Pure.

A click ID is 32 characters of [0-9a-v] (base 32 with the extended hex alphabet, which sorts as the bytes do):
6 bytes of milliseconds, 8 random bytes, 6 bytes of keyed BLAKE2s over both. Junk, mangled IDs and unreplaced macros
are told from ours without a look-up; the day is readable from it. It stops junk, not fraud.
"""

import re
from functools import lru_cache
from hashlib import blake2b, blake2s
from hmac import compare_digest

CLICK_ID_LENGTH = 32
_OURS = re.compile(r"[0-9a-v]{32}", re.ASCII)
_BODY, _MAC = 14, 6
_LONGEST_KEY = 32  # that BLAKE2s takes: of a longer secret its digest is the key
_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
_OF_CLICK_ID, _OF_RECORD_ID = (tuple(range(bits - 10, -1, -10)) for bits in (160, 130))


def mint_click_id(secret: bytes, at_ms: int, random: bytes) -> str:
    """Make a click ID of a moment and 8 random bytes."""
    body = at_ms.to_bytes(6, "big") + random
    if len(body) != _BODY:
        raise ValueError("a click ID takes 8 random bytes")
    return _base32(int.from_bytes(body + _mac(secret, body), "big"), _OF_CLICK_ID)


def verify_click_id(click_id: str, secrets: tuple[bytes, ...]) -> bool:
    """Whether one of `secrets` minted this click ID."""
    if not _OURS.fullmatch(click_id):
        return False
    raw = int(click_id, 32).to_bytes(_BODY + _MAC, "big")
    body, mac = raw[:_BODY], raw[_BODY:]
    for secret in secrets:  # noqa: SIM110 - a generator for one secret or two costs as much as the comparison
        if compare_digest(_mac(secret, body), mac):
            return True
    return False


def clicked_at_of(click_id: str) -> int:
    """The moment in a click ID, in milliseconds. Raises ValueError for one that has not the shape of ours."""
    if not _OURS.fullmatch(click_id):
        raise ValueError(f"{click_id[:40]!r} is not a click ID of ours")
    return int(click_id, 32) >> (_BODY + _MAC - 6) * 8


def brought_click_id(source: str, source_click_id: str) -> str:
    """The click ID of a click that its source named itself: each source has a space of its own."""
    return f"{source}:{source_click_id}"


def record_id(at_ms: int, random: bytes) -> str:
    """An ID for a postback or an invalid input: 26 characters that sort by time."""
    return _base32(int.from_bytes(at_ms.to_bytes(6, "big") + random[:10], "big") << 2, _OF_RECORD_ID)


def conversion_id(click_id: str, event: str, network: str = "", txid: str = "", refund: bool = False) -> str:
    """The ID of a conversion, derived from its identity alone: 32 hexadecimal characters."""
    return _digest(click_id, event, network, txid, "refund" if refund else "")


def delivery_id(postback_id: str, conversion: str, destination: str) -> str:
    """The ID of a source postback, derived: the same conversion told twice is the same delivery."""
    return _digest(postback_id, conversion, destination)


def resend_id(delivery: str, asked_at_ms: int) -> str:
    """The ID of the delivery that sends another one again, as it was asked for at a moment."""
    return _digest("resend", delivery, str(asked_at_ms))


def invalid_id(topic: str, partition: int, offset: int) -> str:
    """The ID of a record on a topic that could not be used: where it lies."""
    return _digest(topic, str(partition), str(offset))


def imported_id(*said: str) -> str:
    """The ID of an imported row that brings none, derived from what it says: imported twice it is the same."""
    return _digest("import", *said)


def alert_id(alert: str, group: str, day: str) -> str:
    """The ID of what an alert tells of a group on a day: told twice it is the same."""
    return _digest("alert", alert, group, day)


def settlement_id(partner: str, month: str, settled_at_ms: int) -> str:
    """The ID of what was settled with a partner at a moment."""
    return _digest("settlement", partner, month, str(settled_at_ms))


def ledger_line_id(conversion: str, number: int) -> str:
    """The ID of a partner's line by its place among those of its conversion."""
    return _digest("ledger", conversion, str(number))


def _base32(number: int, places: tuple[int, ...]) -> str:
    """As base64.b32hexencode writes it, in a fifth of its time. places: of each pair of digits, in bits."""
    return "".join([_PAIRS[number >> place & 1023] for place in places])


def _mac(secret: bytes, body: bytes) -> bytes:
    return blake2s(body, key=_key(secret), digest_size=_MAC).digest()


@lru_cache(maxsize=64)
def _key(secret: bytes) -> bytes:
    return secret if len(secret) <= _LONGEST_KEY else blake2s(secret).digest()


def _digest(*parts: str) -> str:
    # ascii() of a tuple keeps ("a", "bc") and ("ab", "c") apart, whatever the parts hold, and is the same everywhere.
    return blake2b(ascii(parts).encode(), digest_size=16).hexdigest()
