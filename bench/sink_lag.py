"""How old the newest row is that can be read, while rows come at a steady rate: the part of `make bench-sink`."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client

from bench.backlog import KeyValue, click, keyed
from bench.kafka import PARTITIONS, BenchError, Broker
from bench.outcomes import outcome
from schemas.topics import EVENTS, OUTCOMES, partition_of
from schemas.wire import encode
from streams.adapters.producer import Producer

_EVERY = 0.05  # seconds between two appends, and between two looks
_READABLE_WITHIN = 120.0  # seconds after the last append
_NEWEST = """
SELECT least(
    (SELECT max(received_at) FROM clicks),
    (SELECT max(received_at) FROM conversions),
    (SELECT max(received_at) FROM postbacks))
"""


class Lag(NamedTuple):
    """What was seen while it lasted."""

    ages: Sequence[float]  # seconds, sorted: how old the newest readable row was at each look
    clicks_per_second: float  # that were appended, each with its outcome

    def at_most(self, part: float) -> float:
        """What so large a part of the looks did not exceed."""
        return self.ages[min(int(len(self.ages) * part), len(self.ages) - 1)]


def lag(kafka: Broker, client: Client, numbers: range, per_second: float) -> Lag:
    """Append clicks of these numbers and their outcomes at a rate, and look how old the newest rows are meanwhile.

    Raises BenchError where the last of them cannot be read in the end.
    """
    return asyncio.run(_lag(kafka, client, numbers, per_second))


async def _lag(kafka: Broker, client: Client, numbers: range, per_second: float) -> Lag:
    began, ages = time.time(), list[float]()
    looking = asyncio.create_task(_look(client, began, ages))
    producer = Producer(kafka.kafka)
    await producer.start()
    try:
        began_at = time.monotonic()
        last = await _append(producer, iter(numbers), per_second)
        took = time.monotonic() - began_at
    finally:
        await producer.stop()
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    while await _newest(client) < last:  # the lag of the last row, where there was time for no other look
        if time.time() - last > _READABLE_WITHIN:
            raise BenchError(f"the last row cannot be read {_READABLE_WITHIN:g} s after it was appended")
        await asyncio.sleep(_EVERY)
    return Lag(sorted(ages or [time.time() - last]), len(numbers) / max(took, _EVERY))


async def _append(producer: Producer, numbers: Iterator[int], per_second: float) -> float:
    """Append all. Returns the moment that stands on the last of them."""
    began, done, at = time.monotonic(), 0, 0.0
    while True:
        due = (time.monotonic() - began) * per_second - done
        some = list(islice(numbers, max(1, int(due))))
        if not some:
            return at
        at = int(time.time() * 1000) / 1000
        clicks = [msgspec.structs.replace(click(number), received_at=int(at * 1000)) for number in some]
        told = [outcome(number, "pops", int(at * 1000), "0") for number in some]
        await _send(producer, EVENTS, [keyed(one) for one in clicks])
        await _send(producer, OUTCOMES, [(one.postback.click_id.encode(), encode(one)) for one in told])
        done += len(some)
        await asyncio.sleep(max(0.0, _EVERY, began + done / per_second - time.monotonic()))


async def _send(producer: Producer, topic: str, records: Sequence[KeyValue]) -> None:
    lots: list[list[KeyValue]] = [[] for _ in range(PARTITIONS)]
    for record in records:
        lots[partition_of(record[0], PARTITIONS)].append(record)
    await asyncio.gather(*[producer.send(topic, number, lot) for number, lot in enumerate(lots) if lot])


async def _look(client: Client, began: float, ages: list[float]) -> None:
    """Until cancelled. Before the first of the rows can be read there is nothing to tell."""
    while True:
        newest = await _newest(client)
        if newest >= began - 1:
            ages.append(time.time() - newest)
        await asyncio.sleep(_EVERY)


async def _newest(client: Client) -> float:
    answer = await asyncio.to_thread(client.query, _NEWEST)
    return float(answer.result_rows[0][0].timestamp())
