"""The load of the benches: clicks and postbacks as a day of traffic has them, and what must become of them.

Of a hundred clicks 60 bring an install and 60 a trial. Of a hundred postbacks ten come before their click, and three
come twice: half of these as the same record again, half as a second report by the network with the same txid.
"""

import heapq
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from schemas.ids import mint_click_id, record_id
from schemas.records import Click, Postback
from schemas.wire import encode

SEED = 7
_EVENTS = (("install", Decimal("1.20")), ("trial", Decimal("2.5")))
_CONVERTS, _EARLY, _TWICE = 0.6, 0.1, 0.03
RECORDS_PER_CLICK = 1 + len(_EVENTS) * _CONVERTS * (1 + _TWICE)
_SPREAD = 2000  # between a click and its postbacks lie at most so many other clicks
_BEGAN = time.time_ns() // 1_000_000 - 3_600_000  # milliseconds since 1970; then one click a millisecond
"""An hour ago: the join looks up clicks in ClickHouse that are older than its state, and such are rare."""
_ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_VISITORS = (
    ("DE", f"{_ANDROID} Chrome/142.0.0.0 Mobile Safari/537.36"),
    ("BR", f"{_ANDROID} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36"),
    ("US", f"{_IPHONE} Version/26.1 Mobile/15E148 Safari/604.1"),
)
_GOLDEN = 0x9E3779B97F4A7C15  # multiplying by it scatters numbers over 64 bits, none twice

KeyValue = tuple[bytes, bytes]


@dataclass
class Expected:
    """How many outcomes of each word a backlog makes."""

    attributed: int = 0
    duplicate: int = 0
    waiting: int = 0


@dataclass(order=True)
class _Planned:
    """A postback and its place among the clicks."""

    place: float
    number: int  # postbacks at the same place stay in order
    click: int = field(compare=False)
    postback: Postback = field(compare=False)
    word: str = field(compare=False)  # what it becomes in the end; empty: nothing, the record is there already


class Backlog:
    """Iterate once over (key, value) of every record, in the order of the log; then `expected` is whole."""

    def __init__(self, records: int, seed: int = SEED) -> None:
        self.clicks = max(1, round(records / RECORDS_PER_CLICK))
        self.expected = Expected()
        self._random = random.Random(seed)
        self._planned: list[_Planned] = []
        self._numbers = self._clicks_told = 0

    def __iter__(self) -> Iterator[KeyValue]:
        for number in range(-_SPREAD, self.clicks):
            if number + _SPREAD < self.clicks:
                self._plan(number + _SPREAD)  # ahead, for what comes before its click
            yield from self._postbacks(number)
            if number >= 0:
                self._clicks_told += 1
                yield keyed(click(number))
        yield from self._postbacks(float("inf"))

    def _plan(self, number: int) -> None:
        """Make the postbacks of a click."""
        chance = self._random.random
        for event, payout in _EVENTS:
            if chance() >= _CONVERTS:
                continue
            postback = self._postback(number, event, payout)
            place = number + (-_SPREAD if chance() < _EARLY else _SPREAD) * chance()
            self._add(place, number, postback, "attributed")
            if chance() < _TWICE / 2:
                self._add(place + _SPREAD * chance(), number, postback, "")
            elif chance() < _TWICE / 2:
                self._add(place + _SPREAD * chance(), number, self._postback(number, event, payout), "duplicate")

    def _add(self, place: float, number: int, postback: Postback, word: str) -> None:
        self._numbers += 1
        heapq.heappush(self._planned, _Planned(place, self._numbers, number, postback, word))

    def _postback(self, number: int, event: str, payout: Decimal) -> Postback:
        at = _BEGAN + number + 60_000
        return Postback(
            postback_id=record_id(at, self._random.randbytes(10)),
            click_id=click_id(number),
            event=event,
            network="acme",
            received_at=at,
            txid=f"tx-{event}-{number}",
            raw_status="approve",
            payout=payout,
            currency="USD",
        )

    def _postbacks(self, place: float) -> Iterator[KeyValue]:
        """Those that come before a place, each counted as what becomes of it."""
        while self._planned and self._planned[0].place <= place:
            planned = heapq.heappop(self._planned)
            self.expected.attributed += planned.word == "attributed"
            self.expected.duplicate += planned.word == "duplicate"
            self.expected.waiting += bool(planned.word) and planned.click >= self._clicks_told
            yield keyed(planned.postback)


def click_id(number: int) -> str:
    """The ID of a click by its number."""
    return mint_click_id(b"bench", _BEGAN + number, (number * _GOLDEN % (1 << 64)).to_bytes(8, "big"))


def click(number: int) -> Click:
    """A click as a source of pop traffic sends it."""
    country, user_agent = _VISITORS[number % len(_VISITORS)]
    at = _BEGAN + number
    return Click(
        click_id=click_id(number),
        clicked_at=at,
        received_at=at,
        campaign="spring",
        source="pops",
        source_click_id=f"zc-{number * _GOLDEN % (1 << 64):016x}",
        offer="game",
        network="acme",
        may_credit=("acme",),
        payouts={"install": "1.20 USD"},
        country=country,
        placement=f"zone-{number % 997}",
        creative=f"banner-{number % 9}",
        subs={"sub1": f"lp{number % 4}"},
        cost=Decimal("0.0125"),
        currency="USD",
        ip=f"203.0.113.{number % 256}",
        user_agent=user_agent,
    )


def keyed(record: Click | Postback) -> KeyValue:
    """A record as it lies on the topic `events`."""
    return record.click_id.encode(), encode(record)
