"""Messy traffic for bench/oracle: all that sources and networks do, any number of records in little memory.

A life is a click with all that is told of it. Its records are scattered over the lives after it, near or far, so that
clicks come late, postbacks early, and statuses in any order. Their own times are shuffled over hours besides.
"""

import heapq
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

from bench.oracle.partners import CAMPAIGNS, said_of
from bench.oracle.words import NETWORKS, OFFERS, PAYOUTS, STATUSES, STEPS, USUAL_CURRENCY, Step
from schemas.ids import brought_click_id, mint_click_id
from schemas.records import Click, Postback
from schemas.values import Status
from schemas.wire import encode

SEED = 11
HOUR = 3_600_000  # milliseconds
_STEP = 30  # milliseconds between two lives
_SHUFFLED = 6 * HOUR  # a record's own times are so much off, at most
_COLD = 10 * 24 * HOUR  # how long ago a click was whose state would be dropped by now
_SPREADS = (3, 300, 30_000)  # lives over which the records of one are scattered
_LONG_WAIT = 30 * 24 * HOUR
SHORT_WAIT = 3000  # milliseconds, of those that do not wait for ever
_MANY_CONVERSIONS, _MANY_WAITING = 1_200, 120  # beyond the caps of a click
_MANY_EVERY, _MANY_FIRST = 100_000, 20
_NO_CLICK_EVERY, _NO_CLICK_FIRST = 100, 50
_REMEMBERED = 50_000  # conversions that a network changes its mind about
_CHANGED = 0.2
_LATER = (24 * HOUR, 32 * 24 * HOUR)  # when it says so: after all the rest, in this month and in the next
_LATER_STATUSES: tuple[Status, ...] = ("rejected", "rejected", "pending", "approved")
SAID = {campaign: said_of(campaign) for campaign in CAMPAIGNS}

KeyValue = tuple[bytes, bytes]


class Traffic:
    """Iterate once over (key, value) of at least `records` records, in the order in which they are sent.

    began: milliseconds since 1970 at which the first click may have been. The same numbers make the same traffic.
    """

    def __init__(self, records: int, began: int, seed: int = SEED) -> None:
        self._records, self._began, self._random = records, began, Random(seed)
        self._placed: list[tuple[float, int, KeyValue]] = []
        self._told = self._ids = 0
        self._remembered: list[tuple[_Life, Step, str, Decimal | None]] = []

    def new_id(self) -> str:
        """The ID of the next postback, as long as they are."""
        self._ids += 1
        return f"p{self._ids:025d}"

    def __iter__(self) -> Iterator[KeyValue]:
        life = 0
        while self._told < self._records:
            self._live(life)
            life += 1
            yield from self._before(life)  # later lives come after that
        yield from self._before(float("inf"))

    @property
    def still_to_come(self) -> int:
        """How many records `later` has, about."""
        return len(self._remembered)

    def later(self) -> Iterator[KeyValue]:
        """What networks say afterwards, once: other statuses and amounts, and conversions that nobody knew of."""
        random = self._random
        for place, (life, step, txid, payout) in enumerate(self._remembered):
            life.at += random.choice(_LATER)
            said = payout if random.random() < 0.6 else random.choice(PAYOUTS)
            life.send(step, place, txid=txid, status=random.choice(_LATER_STATUSES), payout=said)
            if step.repeat == "new":
                life.send(step, place, txid=f"{txid}-later", payout=random.choice(PAYOUTS))
        yield from self._before(float("inf"))

    def remember(self, life: "_Life", step: Step, txid: str, payout: Decimal | None) -> None:
        """That a network may change its mind about a conversion."""
        if len(self._remembered) < _REMEMBERED and self._random.random() < _CHANGED:
            self._remembered.append((life, step, txid, payout))

    def _before(self, place: float) -> Iterator[KeyValue]:
        while self._placed and self._placed[0][0] < place:
            yield heapq.heappop(self._placed)[2]

    def _place(self, place: float, record: Click | Postback) -> None:
        """Give a record its place among the lives; one of 25 is told twice."""
        key = record.click_id or (record.postback_id if isinstance(record, Postback) else "")
        keyed = key.encode(), encode(record)
        places = [place]
        if self._random.random() < 0.04:
            places.append(place + self._random.random() * _SPREADS[-1])
        for each in places:
            self._told += 1
            heapq.heappush(self._placed, (each, self._told, keyed))

    def _live(self, life: int) -> None:
        chance = self._random.random()
        if life % _MANY_EVERY == _MANY_FIRST:
            _Life(self, life, self._own_id(life), "pops").too_many()
        elif chance < 0.1:  # two sources have the same ID of their own, and networks the same transactions
            name = f"{life * 7919 % 1_000_003}-{life}"
            for source in ("pops", "push"):
                _Life(self, life, brought_click_id(source, name), source).tell()
        elif life % _NO_CLICK_EVERY == _NO_CLICK_FIRST:
            _Life(self, life, "", "").tell()
        else:
            cold = _COLD if chance < 0.105 else 0
            _Life(self, life, self._own_id(life, cold), "pops", cold).tell()

    def _own_id(self, life: int, cold: int = 0) -> str:
        return mint_click_id(b"oracle", self._began + life * _STEP - cold, self._random.randbytes(8))


class _Life:
    """One click and its postbacks. Without a click ID: reports of a user whom no click brought."""

    def __init__(self, traffic: Traffic, life: int, click_id: str, source: str, cold: int = 0) -> None:
        self._traffic, self._random = traffic, traffic._random
        self._life, self._click_id, self._source = life, click_id, source
        self.at = traffic._began + life * _STEP
        self._clicked_at = self.at - cold + self._some(_SHUFFLED)
        self._spread = self._random.choice(_SPREADS)
        self._place = life + self._spread * self._random.random() / 2  # of the click
        self._comes = bool(click_id) and self._random.random() < 0.97

    def _some(self, most: int) -> int:
        return int(self._random.random() * most)

    def tell(self) -> None:
        """The click, and each step of the funnel as often as it pleases the network."""
        if self._comes:
            self._click()
        for step in STEPS:
            for number in range(self._random.choice(step.times)):
                self._conversion(step, f"t{number}")

    def too_many(self) -> None:
        """More conversions of a click than it can have, and more postbacks of another that comes after them."""
        subscribe = STEPS[-1]
        self._traffic._place(self._life, self._made_click("pops"))
        for number in range(_MANY_CONVERSIONS):
            self.send(subscribe, self._life + 1 + number / _MANY_CONVERSIONS, txid=f"many{number}")
        self._click_id = brought_click_id("push", f"many-{self._life}")
        for number in range(_MANY_WAITING):
            self.send(subscribe, self._life + 1 + number / _MANY_WAITING, txid=f"many{number}")
        self._traffic._place(self._life + 3, self._made_click("push"))

    def _click(self) -> None:
        self._traffic._place(self._place, self._made_click(self._source))
        if ":" in self._click_id and self._random.random() < 0.05:  # its source says something else of it later
            self._clicked_at += HOUR
            self._traffic._place(self._place + 1 + self._some(_SPREADS[-1]), self._made_click(self._source))

    def _made_click(self, source: str) -> Click:
        random = self._random
        payouts, fixed = random.choice(OFFERS)
        campaign = random.choice(CAMPAIGNS)
        return Click(
            click_id=self._click_id,
            clicked_at=self._clicked_at,
            received_at=self._clicked_at,
            campaign=campaign,
            params={"partner": said} if (said := random.choice(SAID[campaign])) else {},
            source=source,
            source_click_id=f"zc-{self._life}",
            offer="game",
            may_credit=random.choice(NETWORKS),
            payouts=payouts,
            payout_fixed=fixed,
            country=random.choice(("DE", "BR", "US")),
            creative=f"banner-{self._life % 9}",
            cost=Decimal(random.randrange(1, 40_000_000)).scaleb(-8),
            currency=random.choice(("USD", "EUR")),
        )

    def _conversion(self, step: Step, txid: str) -> None:
        """One conversion as a network tells of it: its statuses, a second txid, and perhaps a refund."""
        random = self._random
        payout = random.choice(PAYOUTS)
        for status in random.choice(STATUSES):
            said = payout if random.random() < 0.9 else random.choice(PAYOUTS)
            told = txid if random.random() < 0.9 else random.choice(("", f"{txid}-again"))
            self.send(step, txid=told, status=status, raw_status=status[:4], payout=said)
        self._traffic.remember(self, step, txid, payout)
        if payout and random.random() < 0.08:
            for _ in range(random.choice((1, 1, 2))):
                self.send(step, txid=txid, raw_status="refund", payout=-payout)

    def send(self, step: Step, place: float | None = None, *, txid: str, **fields: Any) -> None:
        """A postback, at its place in the log."""
        random = self._random
        if place is None:
            place = self._place_of_postback()
        received_at = self.at + self._some(_SHUFFLED)
        payout = fields.get("payout")
        usual = random.random() < 0.95
        postback = Postback(
            postback_id=self._traffic.new_id(),
            click_id=self._click_id,
            event=step.event,
            network="acme" if random.random() < 0.9 else "billing",
            received_at=received_at,
            txid=txid,
            currency="" if payout is None else USUAL_CURRENCY[step.event] if usual else random.choice(("USD", "EUR")),
            occurred_at=self.at + self._some(_SHUFFLED) if random.random() < 0.5 else None,
            repeat=step.repeat if random.random() < 0.99 else random.choice(("ignore", "update", "new")),
            window_ms=step.window_ms,
            wait_ms=_LONG_WAIT if random.random() < (0.9 if self._comes else 0.5) else self._some(SHORT_WAIT),
            **fields,
        )
        self._traffic._place(place, postback)

    def _place_of_postback(self) -> float:
        """Before the click at times, as a rule after it."""
        random = self._random
        if random.random() < 0.12:
            return self._life + (self._place - self._life) * random.random()
        return self._place + self._spread * random.random()
