"""What the sender knows of a partition, and of a destination."""

import asyncio
from collections import deque

from schemas.records import Delivery
from streams.adapters.pending_store import NEVER, Entry
from streams.agents.emit_queue import Queue
from streams.emit.breaker import Breaker
from streams.emit.pace import Meter


class Outbox:
    """What a partition gives to the sender and gets back from it."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.results: list[tuple[Entry, Delivery]] = []  # attempts that are not yet recorded
        self.came = asyncio.Event()  # set when a result comes
        self.in_flight = 0
        self.quiet = asyncio.Event()  # set while nothing is in flight
        self.quiet.set()
        self.is_sending = True  # until the partition goes away
        self.is_recording = True  # until nobody will record results any more


class Destination:
    """One destination over all partitions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.breaker = Breaker()
        self.meter = Meter()
        self.in_flight = 0
        self.turn: deque[Outbox] = deque()
        self.look_at = 0  # milliseconds; before it no partition has anything that is due

    def next(self, now_ms: int) -> tuple[Outbox, Entry] | None:
        """What is sent next: the partitions take turns."""
        for _ in range(len(self.turn)):
            outbox = self.turn[0]
            self.turn.rotate(-1)
            entry = outbox.queue.take(self.name, now_ms)
            if entry:
                return outbox, entry
        self.look_at = min((outbox.queue.look_at(self.name) for outbox in self.turn), default=NEVER)
        return None
