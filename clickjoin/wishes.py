"""Asks emit to send deliveries again, or to cancel them: as records on `outcomes`, for the owner of their partition.

The table knows where a step lies on `deliveries`. It is read from there, for the table's URLs have secrets masked.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from schemas.ids import resend_id
from schemas.records import Cancel, Delivery, Resend
from schemas.settings.servers import Kafka
from schemas.topics import DELIVERIES, OUTCOMES, partition_of
from schemas.values import FINAL_STATES, Millis
from schemas.versions import offset_of
from schemas.wire import WireError, decode_delivery, encode
from sql.deliveries import Found
from streams.adapters.kafka import Log, Producer

GONE = "its record is no longer on the topic: too old, or the topic was made anew"
Wish = Callable[[Delivery], Resend | Cancel]


class Asked(NamedTuple):
    """What was asked of one delivery; or why it was not."""

    delivery_id: str
    new_id: str = ""  # of the delivery that sends it again
    problem: str = ""


def resend(asked_at: Millis) -> Wish:
    """The wish that a delivery is sent again."""
    return lambda delivery: Resend(
        resend_id=resend_id(delivery.delivery_id, asked_at), delivery=delivery, asked_at=asked_at
    )


def cancel(asked_at: Millis, reason: str) -> Wish:
    """The wish that a delivery is not sent any more."""
    return lambda delivery: Cancel(delivery=delivery, asked_at=asked_at, reason=reason)


def why_not_again(found: Found) -> str:
    """Why a delivery cannot be sent again; empty: it can."""
    if found.state not in FINAL_STATES:
        return f"it is {found.state}: it is still to be sent"
    return "" if found.url else "there is no request to send: " + found.reason


def why_not_cancelled(found: Found) -> str:
    """Why a delivery cannot be cancelled; empty: it can."""
    return f"it is {found.state} already" if found.state in FINAL_STATES else ""


def ask(kafka: Kafka, partitions: int, found: Sequence[Found], wish: Wish) -> list[Asked]:
    """Ask for these deliveries, and return when the broker has it. Raises KafkaError."""
    return asyncio.run(_ask(kafka, partitions, found, wish))


async def _ask(kafka: Kafka, partitions: int, found: Sequence[Found], wish: Wish) -> list[Asked]:
    log, producer = Log(kafka), Producer(kafka)
    await log.start()
    try:
        await producer.start()
        asked, records = [], defaultdict[int, list[tuple[bytes, bytes]]](list)
        for one in found:
            number = partition_of(one.click_id.encode(), partitions)
            delivery = await _read(log, number, one)
            if delivery is None:
                asked.append(Asked(one.delivery_id, problem=GONE))
                continue
            record = wish(delivery)
            records[number].append((one.click_id.encode(), encode(record)))
            asked.append(Asked(one.delivery_id, record.resend_id if isinstance(record, Resend) else ""))
        for number, values in records.items():
            await producer.send(OUTCOMES, number, values)
        await producer.stop()
        return asked
    finally:
        await log.stop()


async def _read(log: Log, partition: int, found: Found) -> Delivery | None:
    """The step as it lies on the topic; None where it is no longer there."""
    offset = offset_of(found.version)
    begin, end = await log.begin(DELIVERIES, partition), await log.end(DELIVERIES, partition)
    if not begin <= offset < end:
        return None
    async for records in log.read(DELIVERIES, partition, offset, offset + 1):
        try:
            delivery = decode_delivery(records[0].value)
        except WireError:
            return None
        return delivery if delivery.delivery_id == found.delivery_id else None
    return None
