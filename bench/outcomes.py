"""The load of the benches of emit: outcomes as the join sends them, and the configuration that tells of them."""

import time
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from bench.backlog import KeyValue, click
from schemas.ids import conversion_id
from schemas.records import Conversion, Outcome, Postback
from schemas.wire import encode

_CONFIG = """
[kafka]
port = {port}
[emit]
allow = ["127.0.0.0/8"]
"""
_SOURCE = """
[sources.{name}.postbacks."*"]
url = "{url}?id={{delivery_id}}&at={{source_click_id}}&goal={{event}}&payout={{payout|2}}&sub={{sub1}}"
"""


def configuration(bootstrap: str, urls: dict[str, str]) -> str:
    """A configuration with these sources, each told at its URL."""
    return "".join(
        [_CONFIG.format(port=bootstrap.rpartition(":")[2]), *(_SOURCE.format(name=n, url=u) for n, u in urls.items())]
    )


def outcomes(numbers: Iterable[int], sources: Sequence[str], *, timed: bool = False) -> Iterator[KeyValue]:
    """An attributed install of each click; sources take turns. `timed`: the moment it was made is its click ID."""
    for number in numbers:
        now_us = time.time_ns() // 1000
        about = outcome(number, sources[number % len(sources)], now_us // 1000, str(now_us) if timed else "0")
        yield about.postback.click_id.encode(), encode(about)


def outcome(number: int, source: str, at_ms: int, source_click_id: str) -> Outcome:
    """An attributed install, with all that a source of pop traffic and a network say of it."""
    clicked = click(number)
    clicked = msgspec.structs.replace(clicked, source=source, source_click_id=source_click_id)
    told = Postback(
        postback_id=f"postback-{number}",
        click_id=clicked.click_id,
        event="install",
        network="acme",
        received_at=at_ms,
        txid=f"tx-{number}",
        raw_status="approve",
        payout=clicked.cost,
        currency="USD",
    )
    made = Conversion(
        conversion_id=conversion_id(clicked.click_id, "install", "acme", told.txid),
        event="install",
        network="acme",
        postback_id=told.postback_id,
        txid=told.txid,
        raw_status="approve",
        payout=told.payout,
        currency="USD",
        occurred_at=at_ms,
        received_at=at_ms,
        status_received_at=at_ms,
    )
    return Outcome(
        outcome="attributed", postback=told, version=number, decided_at=at_ms, conversion=made, click=clicked
    )
