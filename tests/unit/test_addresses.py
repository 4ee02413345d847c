"""Which addresses may be called."""

from ipaddress import ip_network

import pytest

from streams.adapters.addresses import why_refused


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "fc00::1",
        "169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "fd00:ec2::254", "168.63.129.16",
        "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "2001:db8::1",
        "192.0.0.192", "192.0.0.8", "192.88.99.1", "198.18.0.1",
        "fec0::1", "64:ff9b:1::7f00:1", "::ffff:0:7f00:1", "5f00::1", "3fff::1", "100::1", "4000::1",
        "no address", "",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(host: str) -> None:
    assert why_refused(host, ())


@pytest.mark.parametrize("host", ["8.8.8.8", "203.1.113.7", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_what_is_public_may_be_called(host: str) -> None:
    assert why_refused(host, ()) == ""


def test_the_operator_opens_a_range_and_nothing_else() -> None:
    allow = (ip_network("127.0.0.0/8"), ip_network("fd00::/8"))
    assert why_refused("127.0.0.1", allow) == ""
    assert why_refused("::ffff:127.0.0.1", allow) == ""
    assert why_refused("fd00::1", allow) == ""
    assert why_refused("10.0.0.1", allow) == "10.0.0.1 is a private or reserved address; [emit] allow opens it"
