"""Looking up clicks that the join's state does not know: out of line, in batches, and again while ClickHouse is away.

The answer goes into the log, as a `facts` record in the click's partition, and the decision is made there. So nobody
waits for ClickHouse but the postbacks of these clicks, and whoever folds the log later finds the answer in it.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError

from schemas.records import Facts
from schemas.topics import EVENTS
from schemas.wire import encode
from streams.adapters.clickhouse import AwayError
from streams.adapters.producer import KeyValue
from streams.join.state import is_brought
from streams.metrics import JoinMetrics

log = structlog.get_logger(__name__)

MOST_IDS = 500
MOST_CHARACTERS = 64_000  # of the IDs in one question: it travels in a URL
LINGER = 0.05  # seconds that the first one waits for others
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds between two tries
MOST_BYTES = 900_000  # of a record that every broker takes


class Reader(Protocol):
    """What answers: streams.adapters.clickhouse_facts.FactsReader."""

    @property
    def address(self) -> str:
        """Where it is, without user and password."""

    async def read(self, click_ids: Sequence[str]) -> dict[str, Facts]:
        """What is known of those of the clicks that are there. Raises AwayError."""


class Sender(Protocol):
    """What appends to the log: streams.adapters.kafka.Producer."""

    async def send(self, topic: str, partition: int, records: Iterable[KeyValue]) -> object:
        """Returns when the broker has acknowledged. Raises KafkaError."""


class Lookups:
    """One for a worker. What is asked for is kept until its answer lies in the log."""

    def __init__(self, reader: Reader, sender: Sender, metrics: JoinMetrics) -> None:
        self._reader, self._sender, self._metrics = reader, sender, metrics
        self._wanted: dict[str, int] = {}  # the partition of each click, in the order in which they were asked for
        self._counts: Counter[int] = Counter()  # of them, by partition
        self._alone: dict[str, float] = {}  # those of a question that failed by a bug: when each is asked for by itself
        self._came = asyncio.Event()
        self._away_since: float | None = None

    def ask(self, partition: int, click_ids: Iterable[str]) -> None:
        """Look these clicks up; their answers are records of `events` in this partition."""
        for click_id in click_ids:
            if click_id not in self._wanted:
                self._wanted[click_id] = partition
                self._counts[partition] += 1
            self._came.set()
        self._metrics.asking(partition, self._counts[partition])

    def drop(self, partition: int) -> None:
        """The partition is somebody else's now, who asks for himself."""
        del self._counts[partition]
        self._wanted = {click_id: number for click_id, number in self._wanted.items() if number != partition}
        self._alone = {click_id: at for click_id, at in self._alone.items() if click_id in self._wanted}

    async def run(self) -> None:
        """Until cancelled."""
        pause = FIRST_PAUSE
        while True:
            wanted = self._next()
            if not wanted:
                await self._wait()
                continue
            try:
                await self._answer(wanted)
            except AwayError as error:
                self._metrics.look_up_failed("clickhouse_away")
                self._say_away(str(error))
            except KafkaError as error:  # who cannot send outcomes either ends the worker; an answer is asked for again
                self._metrics.look_up_failed("facts_not_sent")
                log.warning("facts_not_sent", error=str(error) or type(error).__name__)
            except Exception:  # a bug of ours must not end what every cold postback waits for
                self._metrics.look_up_failed("bug")
                log.exception("look_up_failed", clicks=len(wanted), click_id=next(iter(wanted)))
                self._set_apart(wanted)
                continue
            else:
                pause = FIRST_PAUSE
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _wait(self) -> None:
        """Until somebody asks, or one that failed is to be asked for again."""
        self._came.clear()
        again = min(self._alone.values(), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if again is None else again - monotonic()):
                await self._came.wait()
        await asyncio.sleep(LINGER)

    def _next(self) -> dict[str, int]:
        """What goes into one question: many together, or one of those that failed."""
        taken: dict[str, int] = {}
        characters = 0
        for click_id, partition in self._wanted.items():
            if click_id in self._alone:
                continue
            characters += len(click_id)
            if taken and (len(taken) == MOST_IDS or characters > MOST_CHARACTERS):
                break
            taken[click_id] = partition
        return taken or self._next_alone()

    def _next_alone(self) -> dict[str, int]:
        now = monotonic()
        return next(({one: self._wanted[one]} for one, at in self._alone.items() if at <= now), {})

    def _set_apart(self, failed: Mapping[str, int]) -> None:
        """One click whose rows cannot be read must not keep the others waiting: from now on each asks for itself."""
        again = monotonic() + (LONGEST_PAUSE if len(failed) == 1 else 0)
        self._alone |= {click_id: again for click_id in failed if click_id in self._wanted}

    async def _answer(self, wanted: dict[str, int]) -> None:
        began = monotonic()
        found = await self._reader.read(list(wanted))
        self._metrics.look_up_seconds.observe(monotonic() - began)
        self._say_back()
        records: dict[int, list[KeyValue]] = {}
        for click_id, partition in wanted.items():
            # A brought click that is not there may still come; one of ours that is so old was never recorded.
            facts = found.get(click_id) or (None if is_brought(click_id) else Facts(click_id=click_id))
            if facts is not None and self._wanted.get(click_id) == partition:
                records.setdefault(partition, []).append((click_id.encode(), fitting(facts)))
        await asyncio.gather(*(self._sender.send(EVENTS, number, keyed) for number, keyed in records.items()))
        for click_id, partition in wanted.items():
            if self._wanted.get(click_id) == partition:
                del self._wanted[click_id]
                self._alone.pop(click_id, None)
                self._counts[partition] -= 1
                self._metrics.asking(partition, self._counts[partition])
                self._metrics.looked_up(partition, "found" if click_id in found else "unknown")
        log.debug("clicks_looked_up", clicks=len(wanted), found=len(found), seconds=round(monotonic() - began, 3))

    def _say_away(self, error: str) -> None:
        if self._away_since is None:
            self._away_since = monotonic()
            log.warning("look_ups_wait_for_clickhouse", address=self._reader.address, error=error)

    def _say_back(self) -> None:
        if self._away_since is not None:
            seconds, self._away_since = round(monotonic() - self._away_since, 1), None
            log.info("look_ups_go_on", address=self._reader.address, away_seconds=seconds)


def fitting(facts: Facts) -> bytes:
    """A record that the broker takes. A thousand conversions with the longest texts are none: then the latest."""
    conversions = facts.conversions
    while len(value := encode(facts)) > MOST_BYTES and conversions:
        conversions = conversions[(len(conversions) + 1) // 2 :]
        log.warning("facts_too_long", click_id=facts.click_id, conversions=len(conversions))
        facts = Facts(click_id=facts.click_id, click=facts.click, conversions=conversions, decided=facts.decided)
    return value
