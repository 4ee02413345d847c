"""Messy traffic: clicks and postbacks as they really come, from a seed."""

from decimal import Decimal
from random import Random
from typing import Any

from schemas.ids import brought_click_id
from schemas.records import Click, Event, Postback
from schemas.values import Repeat
from tests.support.join_cold import minted
from tests.support.join_samples import HOUR, NOW

Policy = tuple[tuple[str, Repeat, int | None], ...]
"""Of each event: how it repeats, and its window in milliseconds."""
POLICY: Policy = (("install", "ignore", None), ("trial", "update", 5 * HOUR), ("subscribe", "new", None))
_LONG = 365 * 24 * HOUR


class Traffic:
    """Makes what happens to one click after another.

    `wait_ms`: how long postbacks of clicks that never come wait. `now`: when it happens; without it, in 2023.
    """

    def __init__(self, seed: int, *, wait_ms: int = _LONG, now: int = NOW) -> None:
        self._random, self._wait_ms, self._now = Random(seed), wait_ms, now
        self._clicks = self._postbacks = 0
        self.policy = POLICY  # as it is stamped on postbacks from now on

    def events(self, clicks: int) -> list[Event]:
        """The next so many clicks and all that is told of them, shuffled over a neighbourhood."""
        placed: list[tuple[float, Event]] = []
        for place in range(clicks):
            spread = self._random.choice([3, 30, clicks])
            placed += [(place + self._random.uniform(0, spread), event) for event in self._life()]
        placed.sort(key=lambda one: one[0])
        return [event for _, event in placed]

    def _life(self) -> list[Event]:
        """A click (two in a hundred never come, five come twice) and its postbacks; a tenth of all is told twice."""
        random = self._random
        self._clicks += 1
        brought = random.random() < 0.2
        click_id = brought_click_id(random.choice(["pops", "push"]), f"{self._clicks}") if brought else self._own_id()
        comes = random.random() < 0.98
        life: list[Event] = [self._click(click_id) for _ in range((random.random() < 0.05) + 1)] if comes else []
        for event, repeat, window_ms in self.policy:
            for _ in range(random.choice([0, 1, 1, 2, 3])):
                wait_ms = _LONG if comes else self._wait_ms
                told = self._postback(click_id, event, repeat=repeat, window_ms=window_ms, wait_ms=wait_ms)
                life += [told] * (1 + (random.random() < 0.1))
        return life

    def _own_id(self) -> str:
        return f"click{self._clicks:027d}" if self._now == NOW else minted(0, self._clicks, self._now)

    def _click(self, click_id: str) -> Click:
        offer = self._random.random() < 0.3
        return Click(
            click_id=click_id,
            clicked_at=self._now,
            received_at=self._now,
            campaign=self._random.choice(["spring", "winter"]),
            source="pops",
            may_credit=self._random.choice([(), (), ("acme", "billing"), ("acme",)]),
            payouts={"install": "1.20 USD"} if offer else {},
            payout_fixed=offer and self._random.random() < 0.5,
        )

    def _postback(self, click_id: str, event: str, **policy: Any) -> Postback:
        random = self._random
        self._postbacks += 1
        payout = random.choice([None, Decimal("0.30"), Decimal("9.99"), Decimal("9.99"), Decimal("-9.99")])
        return Postback(
            postback_id=f"postback{self._postbacks:018d}",
            click_id=click_id,
            event=event,
            network=random.choice(["acme", "acme", "billing"]),
            received_at=self._now + random.randrange(10 * HOUR),
            txid=random.choice(["", f"t{random.randrange(3)}"]),
            status=random.choice(["pending", "approved", "approved", "rejected"]),
            raw_status=random.choice(["", "ok"]),
            payout=payout,
            currency="" if payout is None else random.choice(["USD", "EUR"]),
            occurred_at=random.choice([None, self._now + random.randrange(10 * HOUR)]),
            **policy,
        )
