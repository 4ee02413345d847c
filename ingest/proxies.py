"""Who called, where proxies of ours stand before us. Pure.

Anybody may write X-Forwarded-For. What a trusted proxy appended is believed, from the right, up to the first address
that is no trusted proxy: that is the caller. What stands left of it, the caller wrote.
"""

from ingest.auth import Ranges, is_within


def caller(peer: str, forwarded: str, trusted: Ranges) -> str:
    """The address that a request comes from. peer: of the connection; forwarded: the header; both of any IP version."""
    if not trusted or not is_within(trusted, peer):
        return peer
    address = peer
    for said in reversed(forwarded.split(",")):
        found = _bare(said.strip())
        if not found:
            break
        address = found
        if not is_within(trusted, address):
            break
    return address


def _bare(text: str) -> str:
    """An address without its port and brackets: some proxies write them."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
