"""Which addresses a destination may have: public ones, and those that the operator opened. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
_PUBLIC_BUT_LOCAL = (ip_network("168.63.129.16/32"), ip_network("192.0.0.192/32"))
"""Addresses at which a cloud's machines reach its control plane, and that look public (Azure, Oracle)."""
_PUBLIC_V6 = ip_network("2000::/3")
_RESERVED = (ip_network("192.0.0.0/24"), ip_network("192.88.99.0/24"), ip_network("3fff::/20"))
"""What `is_global` takes for public, as do some versions of Python or all of them."""


def why_refused(host: str, allow: Sequence[Network]) -> str:
    """The reason for which a resolved address must not be connected to; empty where it may.

    `host` is what getaddrinfo resolved, never a name. An IPv4 address inside an IPv6 one is judged as what it is.
    """
    try:
        address = _plain(ip_address(host.partition("%")[0]))
    except ValueError:
        return f"{host[:64]!r} is no address"
    if any(address in network for network in allow):
        return ""
    kind = _kind(address)
    return f"{address} is {kind}; [emit] allow opens it" if kind else ""


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _kind(address: Address) -> str:
    """What a refused address is; empty for a public one. The order tells the most telling word first."""
    words = (
        (address.is_loopback, "a loopback address"),
        (address.is_link_local, "a link-local address (metadata of clouds)"),
        (address.is_unspecified, "no address of a host"),
        (address.is_multicast, "a multicast address"),
        (any(address in network for network in _PUBLIC_BUT_LOCAL), "an address of the cloud itself"),
        (_is_reserved(address), "a private or reserved address"),
    )
    return next((word for applies, word in words if applies), "")


def _is_reserved(address: Address) -> bool:
    """Whether it lies outside of what is given to hosts in public, by IANA's registries."""
    is_assigned = isinstance(address, IPv4Address) or address in _PUBLIC_V6
    return not (address.is_global and is_assigned) or any(address in network for network in _RESERVED)
