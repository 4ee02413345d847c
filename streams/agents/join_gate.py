"""Before the log's day goes on, states are dropped: not before the sink has written what they knew.

A click whose state is dropped is looked up in the tables. So what was decided about it must be there, and the click
itself. This holds the owner of a partition up at the first record of a day, while the sink is a week behind.
"""

import asyncio

import structlog
from aiokafka.errors import KafkaError

from schemas.topics import EVENTS, OUTCOMES, SINK_GROUP
from schemas.values import Millis
from schemas.wire import WireError, decode_outcome
from streams.adapters.kafka import Log
from streams.join.state import KEEP_DAYS, day_of

log = structlog.get_logger(__name__)

PAUSE = 1.0


class DayGate:
    """One for a partition of `events` and that of `outcomes` with the same number."""

    def __init__(self, log_: Log, partition: int) -> None:
        self._log, self._partition = log_, partition
        self._open_until = -1  # the last day for which the sink was far enough

    async def pass_to(self, time: Millis) -> None:
        """Returns when the sink has written everything that the log's time `time` drops; at once on the same day."""
        day = day_of(time)
        if day <= self._open_until:
            return
        said = False
        while (behind := await self._behind(day - KEEP_DAYS)) is not None:
            if behind and not said:
                log.warning("waiting_for_sink", partition=self._partition, days=KEEP_DAYS, **behind)
                said = True
            await asyncio.sleep(PAUSE)
        if said:
            log.info("sink_is_far_enough", partition=self._partition)
        self._open_until = day

    async def _behind(self, day: int) -> dict[str, int] | None:
        """How many records the sink has before it, where the first of them is older than a day; None: it is not."""
        try:
            lags = {topic: await self._lag(topic, day) for topic in (EVENTS, OUTCOMES)}
        except KafkaError:
            return {}  # the broker is away: ask again
        return {topic: lag for topic, lag in lags.items() if lag} if any(lags.values()) else None

    async def _lag(self, topic: str, day: int) -> int:
        """Outcomes, and the log itself, are in the order of the log's time; repeated ones had their place before."""
        committed = await self._log.committed(SINK_GROUP, topic, self._partition) or 0
        at = max(committed, await self._log.begin(topic, self._partition))
        end = await self._log.end(topic, self._partition)
        async for records in self._log.read(topic, self._partition, at, min(at + 1, end)):
            moment = records[0].timestamp if topic == EVENTS else _decided_at(records[0].value)
            return end - at if day_of(moment) < day else 0
        return 0


def _decided_at(value: bytes | None) -> Millis:
    try:
        return decode_outcome(value).decided_at
    except WireError:
        return 0  # the sink will be past it soon
