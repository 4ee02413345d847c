"""How many requests are taken, and of whom."""

from typing import Any

import pytest

from ingest.auth import proves
from ingest.exchange import Exchange
from ingest.plans import prepare
from ingest.throttle import Throttle, TooMany, too_many
from schemas.settings.request_rates import RequestRate, parse_request_rate
from schemas.settings.validation import validate
from tests.ingest_samples import settings


class Caller:
    """As much of a request as says from where it comes."""

    method, query_string = "GET", ""

    def __init__(self, address: str) -> None:
        self.client = f"{address}:4711"


def call(address: str) -> Exchange:
    scope: Any = Caller(address)
    protocol: Any = None
    return Exchange(scope, protocol, "postback", "glass")


def throttle(**sections: Any) -> Throttle:
    made = Throttle()
    made.use(settings(**sections))
    return made


LIMITED = {"glass": {"open": True, "limit": "2/h"}}


def test_without_limits_nothing_is_counted() -> None:
    free = throttle()
    assert (free.by_network, free.by_address) == ({}, None)
    for _ in range(100):
        free.network("glass")
        free.address(call("203.0.113.9"))


def test_what_a_network_sends_beyond_its_limit_is_told_when_to_come_again() -> None:
    counted = throttle(networks=LIMITED)
    counted.network("glass")
    counted.network("glass")
    counted.network("acme")
    with pytest.raises(TooMany, match=r"networks\.glass\.limit is 2/h") as raised:
        counted.network("glass")
    answer = too_many(raised.value)
    (seconds,) = [int(value) for name, value in answer.headers if name == "retry-after"]
    assert answer.status == 429
    assert 1700 < seconds <= 1800


def test_an_address_is_counted_for_itself_and_of_ipv6_its_whole_network() -> None:
    counted = throttle(ingest={"address_limit": "2/h"})
    for address in ("203.0.113.1", "203.0.113.2", "203.0.113.1", "[2001:db8::1]", "[2001:db8::2]", "[2001:db8:0:1::1]"):
        counted.address(call(address))
    for address in ("203.0.113.1", "[2001:db8::3]"):
        with pytest.raises(TooMany):
            counted.address(call(address))


def test_a_reload_forgives_nothing_unless_the_limit_changed() -> None:
    counted = throttle(networks=LIMITED, ingest={"address_limit": "1/h"})
    counted.network("glass")
    counted.network("glass")
    counted.address(call("203.0.113.1"))
    counted.use(settings(networks=LIMITED, ingest={"address_limit": "1/h"}))
    with pytest.raises(TooMany):
        counted.network("glass")
    with pytest.raises(TooMany):
        counted.address(call("203.0.113.1"))
    counted.use(settings(networks={"glass": {"open": True, "limit": "3/h"}}))
    counted.network("glass")
    assert counted.by_address is None


@pytest.mark.parametrize(
    ("network", "wanted"), [("acme", True), ("near", True), ("signed", True), ("glass", False), ("tried", False)]
)
def test_a_key_a_signature_and_a_list_that_counts_prove_who_calls(network: str, wanted: bool) -> None:
    tried = {"open": True, "allow": ["203.0.113.0/24"], "allow_only_logs": True}
    assert proves(prepare(settings(networks={"tried": tried})).networks[network].access) is wanted


def test_a_rate_is_written_as_so_many_in_a_time() -> None:
    assert [parse_request_rate(text) for text in ("50/s", " 3000 / min ", "1/h")] == [
        RequestRate(50, 1),
        RequestRate(3000, 60),
        RequestRate(1, 3600),
    ]
    _, problems = validate({"ingest": {"address_limit": "0/s"}, "networks": {"a": {"open": True, "limit": 50}}}, {})
    assert [str(problem) for problem in problems] == [
        'ingest.address_limit = "0/s": \'0/s\' says not how many requests: write "50/s", "3000/min" or "10000/h"',
        'networks.a.limit = 50: 50 says not how many requests: write "50/s", "3000/min" or "10000/h"',
    ]
