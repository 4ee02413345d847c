"""IP addresses cut to their network, or hashed with a key; alone, or wherever they stand in a text. Pure."""

import re
from hashlib import blake2s
from ipaddress import IPv6Address, ip_address
from typing import Literal

How = Literal["keep", "truncate", "hash"]

_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_is_v4 = re.compile(rf"(?:{_BYTE}\.){{3}}{_BYTE}", re.ASCII).fullmatch
# What may stand before the first digit is asked behind it: a search for digits is twice as fast as one for nothing.
# Chrome/120.0.0.0 is none.
_V4 = re.compile(r"\d(?<![\w.]\d)(?<![A-Za-z]/\d)\d{0,2}\.(?:\d{1,3}\.){2}\d{1,3}(?!\w|\.\d)", re.ASCII)
_V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*(?![\w:])", re.ASCII)
_HASH_BYTES = 16
_PREFIX = 48  # what is left of an address of version 6 that is cut, in bits; of version 4 it is three of four bytes


def cut_address(how: How, key: bytes, text: str) -> str:
    """An IP address as it may be stored; what is none as it is."""
    if how == "keep":
        return text
    if _is_v4(text):
        return _v4(how, key, text)
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if not isinstance(address, IPv6Address):
        return text
    if address.ipv4_mapped:
        return _v4(how, key, str(address.ipv4_mapped))
    if how == "hash":
        return _hashed(key, address.packed)
    rest = address.max_prefixlen - _PREFIX
    return str(IPv6Address(int(address) >> rest << rest))


def cut_addresses(how: How, key: bytes, text: str) -> str:
    """A text with every IP address in it as it may be stored."""
    if how == "keep":
        return text
    if _is_v4(text):
        return _v4(how, key, text)
    if _may_hold_v6(text):
        text = _V6.sub(lambda found: cut_address(how, key, found[0]), text)
    if text.count(".") > 2:
        text = _V4.sub(lambda found: cut_address(how, key, found[0]), text)
    return text


def may_hold_address(text: str) -> bool:
    """Whether an IP address may stand in a text; most have not the signs of one."""
    return text.count(".") > 2 or _may_hold_v6(text)


def _may_hold_v6(text: str) -> bool:
    """Two colons side by side, or as many as an address has that is written in full; a time of day has neither."""
    return "::" in text or text.count(":") > 5


def _v4(how: How, key: bytes, text: str) -> str:
    """Of version 4, as text: ipaddress would take ten times as long."""
    return text[: text.rindex(".")] + ".0" if how == "truncate" else _hashed(key, bytes(map(int, text.split("."))))


def _hashed(key: bytes, packed: bytes) -> str:
    return blake2s(packed, key=key, digest_size=_HASH_BYTES).hexdigest()
