"""What is sent while the storm rages: traffic of today, and what is told of clicks of weeks ago."""

import threading
from collections.abc import Iterable, Iterator
from random import Random
from time import time

from schemas.records import Click, Event, Outcome, Postback
from schemas.values import Repeat
from tests.contracts.join_cold_servers import decided_then, old_click
from tests.support.join_samples import postback
from tests.support.pipeline import Pipeline
from tests.support.traffic import POLICY, Policy, Traffic

CLICKS_A_SECOND = 120
COLD_A_SECOND = 4
EVERY = 0.5  # seconds
ORPHANS_AFTER_MS = 6_000
OTHER_POLICY: Policy = (("install", "update", 3_600_000), ("subscribe", "ignore", 60_000), ("survey", "new", None))
"""What somebody changed the funnel to: an event removed, another added, windows and repeats otherwise."""
_KEEPS_SENDING = 120.0  # seconds, while Kafka is away


class Cold:
    """Clicks that lie in the tables alone, a part with what was decided of them; and now their postbacks come."""

    def __init__(self, seed: int, clicks: int) -> None:
        self._random = Random(seed)
        self.clicks: list[Click] = [old_click(number) for number in range(clicks)]
        self.decided: list[Outcome] = [one for old in self.clicks if self._random.random() < 0.4 for one in _then(old)]
        self._next = iter(self.clicks)
        self._postbacks = self._unknown = 0

    def events(self, clicks: int) -> Iterator[Event]:
        """What is told of the next so many; one in ten is known to nobody."""
        for _ in range(clicks):
            old = None if self._random.random() < 0.1 else next(self._next, None)
            if old is None:
                self._unknown += 1
                old = old_click(1_000_000 + self._unknown)
            for _ in range(self._random.choice([1, 2, 3])):
                told = self._postback(old.click_id)
                yield from [told] * (1 + (self._random.random() < 0.1))

    def _postback(self, click_id: str) -> Postback:
        self._postbacks += 1
        repeat: Repeat = self._random.choice(["ignore", "update", "new"])
        return postback(
            f"cold{self._postbacks:022d}",
            self._random.choice(["install", "trial", "subscribe"]),
            click_id=click_id,
            received_at=int(time() * 1000),
            txid=self._random.choice(["", "t0", "t1"]),
            payout=self._random.choice([None, "0.30", "-0.30"]),
            status=self._random.choice(["pending", "approved", "rejected"]),
            repeat=repeat,
            wait_ms=ORPHANS_AFTER_MS,
        )


class Load:
    """A producer that keeps sending in a thread of its own, in chapters: one for each `with`."""

    def __init__(self, pipeline: Pipeline, seed: int, cold: Cold) -> None:
        self._pipeline, self._cold = pipeline, cold
        self._traffic = Traffic(seed, wait_ms=ORPHANS_AFTER_MS, now=int(time() * 1000))
        self._ends = threading.Event()
        self._failed: BaseException | None = None
        self._is_other = False
        self.acknowledged: set[str] = set()  # IDs of postbacks

    def __enter__(self) -> "Load":
        self._ends.clear()
        self._thread = threading.Thread(target=self._run, name="load")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(2 * _KEEPS_SENDING)
        assert self._failed is None, self._failed

    def change_policy(self) -> Policy:
        """From now on postbacks are stamped otherwise. Returns how."""
        self._is_other = not self._is_other
        self._traffic.policy = policy = OTHER_POLICY if self._is_other else POLICY
        return policy

    def send(self, events: Iterable[Event]) -> None:
        """Append, and remember what was acknowledged."""
        events = list(events)
        self._pipeline.send(events, seconds=_KEEPS_SENDING)
        self.acknowledged |= {event.postback_id for event in events if isinstance(event, Postback)}

    def _run(self) -> None:
        try:
            while not self._ends.wait(EVERY):
                self.send(self._traffic.events(int(CLICKS_A_SECOND * EVERY)))
                self.send(self._cold.events(int(COLD_A_SECOND * EVERY)))
        except BaseException as error:  # whoever waits for the end must say it
            self._failed = error


def _then(old: Click) -> list[Outcome]:
    """What became of it at the time."""
    number = old.click_id
    return decided_then(
        old,
        (f"then{number}i", "install", {"payout": "1.20", "txid": "t0"}),
        (f"then{number}j", "install", {"payout": "1.20", "txid": "t0", "raw_status": "again"}),
        (f"then{number}t", "trial", {"status": "pending", "repeat": "update"}),
    )
