"""Who may call: a key compared in constant time, and ranges of addresses. Pure."""

from base64 import b64decode
from functools import lru_cache
from hmac import compare_digest
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from ingest.plans import Access
from ingest.refusal import Refusal

KEY_PARAMETER = "key"
KEY_HEADER = "x-clickjoin-key"


def check_access(access: Access, key: str, peer: str, authorization: str = "") -> None:
    """Let a call pass, or raise Refusal: 403 for an address that is not allowed, 401 for a key that is not the one.

    authorization: the header, which counts where there is no other key.
    """
    if not access.only_logs and not is_listed(access, peer):
        raise Refusal(403, "address_not_allowed", f"{peer or 'this address'} is in no range of {access.path}.allow")
    if access.key is not None:
        sent = [key] if key else keys_in(authorization)
        if not sent:
            wanted = f"send the key of {access.path} as ?{KEY_PARAMETER}= or in the header X-Clickjoin-Key"
            raise Refusal(401, "missing_key", wanted)
        if not any(compare_digest(each.encode("utf-8", "replace"), access.key) for each in sent):
            raise Refusal(401, "wrong_key", f"this is not the key of {access.path}")
    elif not (access.open or proves(access)):
        raise Refusal(401, "closed", f"{access.path} has neither key nor allow: give it one, or say open = true")


def proves(access: Access) -> bool:
    """Whether whoever may call has proved who he is."""
    return bool(access.key or access.signature or access.encryption or (access.allow and not access.only_logs))


def is_listed(access: Access, peer: str) -> bool:
    """Whether an address is in one of the ranges, where there are any."""
    return not access.allow or is_within(access.allow, peer)


def keys_in(authorization: str) -> list[str]:
    """What may be a key in an Authorization header: all of it, what follows its scheme, and of Basic the password."""
    if not authorization:
        return []
    scheme, _, rest = authorization.partition(" ")
    found = [authorization, rest.strip()] if rest else [authorization]
    if scheme.lower() == "basic":
        try:
            name, _, password = b64decode(rest.strip(), validate=True).decode().partition(":")
        except ValueError:
            return found
        found.append(password or name)
    return found


Ranges = tuple[IPv4Network | IPv6Network, ...]


@lru_cache(maxsize=8192)
def is_within(ranges: Ranges, text: str) -> bool:
    """Whether an address of either version is in one of the ranges; what is no address is in none."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in one for one in ranges)
