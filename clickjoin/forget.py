"""Forgets clicks everywhere: a record in the log for each, waited for in every role, then the tables.

The record comes first, so whatever dies on the way, the same call again (or the sink, later) erases the rest.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from clickhouse_connect.driver.client import Client

from clickjoin import wishes
from schemas.records import Forget
from schemas.settings.servers import Kafka
from schemas.topics import DELIVERIES, EMIT_GROUP, EVENTS, JOIN_GROUP, OUTCOMES, SINK_GROUP, TOPICS, partition_of
from schemas.values import FINAL_STATES
from schemas.wire import encode
from sql import deliveries, erasure
from streams.adapters.kafka import Log, blocking_connection
from streams.adapters.producer import Producer

_LOOK_AGAIN = 0.3  # seconds
_MOST_DELIVERIES = 1000  # of one click
_REASON = "its click is to be forgotten"

Ends = dict[tuple[str, int], int]
"""Offsets that the next records will have, by topic and partition."""


class BehindError(Exception):
    """A role has not come so far in time; the text says which, and what to do."""


@dataclass
class Receipt:
    """What was forgotten."""

    click_ids: list[str]
    removed: dict[str, int] = field(default_factory=dict)  # rows, by table
    cancelled: int = 0  # source postbacks that had not been sent
    topics: dict[str, str | None] = field(default_factory=dict)  # until when each may hold it; None: for ever


class Roles:
    """How far the roles are, of which each reads what the one before it wrote."""

    def __init__(self, log: Log, partitions: int, patience: float) -> None:
        """patience: seconds, for all waits together."""
        self._log, self._partitions = log, partitions
        self._patience, self._deadline = patience, time.monotonic() + patience

    async def ends(self, topic: str) -> Ends:
        """The ends of a topic now."""
        return await self._log.ends([(topic, number) for number in range(self._partitions)])

    async def wait(self, role: str, group: str, ends: Ends) -> None:
        """Until the role has done everything before these ends. Raises BehindError."""
        left = dict(ends)
        while left:
            for (topic, number), end in list(left.items()):
                done = await self._log.committed(group, topic, number) or 0
                if max(done, await self._log.begin(topic, number)) >= end:
                    del left[topic, number]
            if left and time.monotonic() > self._deadline:
                raise BehindError(
                    f"{role} has not read {', '.join(sorted({topic for topic, _ in left}))} within "
                    f"{self._patience:g} s: is it running? The request is in the log; the same call goes on"
                )
            if left:
                await asyncio.sleep(_LOOK_AGAIN)


@asynccontextmanager
async def roles_of(kafka: Kafka, partitions: int, patience: float) -> AsyncIterator[Roles]:
    """Raises KafkaError."""
    log = Log(kafka)
    await log.start()
    try:
        await log.identify(TOPICS)
        yield Roles(log, partitions, patience)
    finally:
        await log.stop()


async def settle(kafka: Kafka, partitions: int, patience: float) -> None:
    """Until every click that was recorded by now is in the tables. Raises BehindError, KafkaError."""
    async with roles_of(kafka, partitions, patience) as roles:
        await roles.wait("sink", SINK_GROUP, await roles.ends(EVENTS))


async def forget(
    kafka: Kafka, partitions: int, client: Client, click_ids: Sequence[str], words: Sequence[str], patience: float
) -> Receipt:
    """Forget these clicks, and the kept requests that name one of the words. Raises BehindError, KafkaError."""
    receipt = Receipt(list(click_ids))
    async with roles_of(kafka, partitions, patience) as roles:
        asked = await _append(kafka, partitions, click_ids)
        await roles.wait("join", JOIN_GROUP, asked)
        await _until_stored(roles, asked)
        waiting = [one for one in _deliveries(client, click_ids) if one.state not in FINAL_STATES]
        if waiting:
            wish = wishes.cancel(time.time_ns() // 1_000_000, _REASON)
            told = await asyncio.to_thread(wishes.ask, kafka, partitions, waiting, wish)
            receipt.cancelled = len([one for one in told if not one.problem])
            await _until_stored(roles, {})
    receipt.removed = await asyncio.to_thread(erasure.count, client, click_ids, words)
    await asyncio.to_thread(erasure.erase, client, click_ids, words)
    receipt.topics = await asyncio.to_thread(held_until, kafka, time.time())
    return receipt


async def _append(kafka: Kafka, partitions: int, click_ids: Sequence[str]) -> Ends:
    """The request for each click, in its partition of `events`. Returns how far a role must be to have read them."""
    records = defaultdict[int, list[tuple[bytes | None, bytes]]](list)
    for click_id in click_ids:
        key = click_id.encode()
        records[partition_of(key, partitions)].append((key, encode(Forget(click_id=click_id))))
    producer = Producer(kafka)
    await producer.start()
    try:
        sent = {number: await producer.send(EVENTS, number, keyed) for number, keyed in records.items()}
    finally:
        await producer.stop()
    return {(EVENTS, number): max(base + count for base, count in bases) for number, bases in sent.items()}


async def _until_stored(roles: Roles, asked: Ends) -> None:
    """Until what the join has said by now, and what emit made of it, is in the tables."""
    said = await roles.ends(OUTCOMES)
    await roles.wait("emit", EMIT_GROUP, said)
    await roles.wait("sink", SINK_GROUP, {**asked, **said, **await roles.ends(DELIVERIES)})


def _deliveries(client: Client, click_ids: Sequence[str]) -> list[deliveries.Found]:
    return [
        one
        for click_id in click_ids
        for one in deliveries.find(client, deliveries.Wanted(click_id=click_id, most=_MOST_DELIVERIES))
    ]


def held_until(kafka: Kafka, now: float) -> dict[str, str | None]:
    """Until when each topic may still hold what was written before `now` (seconds), as the broker is configured."""
    from kafka import KafkaAdminClient
    from kafka.admin import ConfigResource, ConfigResourceType

    from ingest.kafka_client import made

    names = ["retention.ms", "segment.ms"]
    admin = made(KafkaAdminClient, **blocking_connection(kafka))
    try:
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic, configs=names) for topic in TOPICS]
        told = admin.describe_configs(asked, config_filter="all")["topic"]
    finally:
        admin.close()
    return {topic: _until(told[topic], now) for topic in TOPICS}


def _until(configs: Mapping[str, Mapping[str, str]], now: float) -> str | None:
    kept = int(configs["retention.ms"]["value"])
    if kept < 0:
        return None
    # a segment goes as a whole, once its newest record is old enough
    last = now + (kept + int(configs["segment.ms"]["value"])) / 1000
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(last))
