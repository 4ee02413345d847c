"""Asks emit to send deliveries again, to cancel them, or to make their requests anew: as records on `outcomes`, for the
owner of their partition.

The table knows where a step lies on `deliveries`. It is read from there, for the table's URLs have secrets masked.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from schemas.ids import resend_id
from schemas.records import Cancel, Delivery, Outcome, Resend, Retemplate
from schemas.settings.servers import Kafka
from schemas.topics import DELIVERIES, OUTCOMES, partition_of
from schemas.values import FINAL_STATES, Millis
from schemas.versions import offset_of
from schemas.wire import WireError, decode_delivery, decode_outcome, encode
from sql.deliveries import Found
from streams.adapters.kafka import Log
from streams.adapters.producer import Producer

GONE = "its record is no longer on the topic: too old, or the topic was made anew"
NO_OUTCOME = "what it tells of is no longer on the topic outcomes: too old, or scheduled by an older program"


class Wish(NamedTuple):
    """What is asked of a delivery, as a record made of one of its steps and, where it is needed, of what it tells."""

    record: Callable[[Delivery, Outcome | None], Resend | Cancel | Retemplate]
    needs_outcome: bool = False


class Asked(NamedTuple):
    """What was asked of one delivery; or why it was not."""

    delivery_id: str
    new_id: str = ""  # of the delivery that sends it again
    problem: str = ""


def resend(asked_at: Millis) -> Wish:
    """The wish that a delivery is sent again."""
    return Wish(
        lambda delivery, _: Resend(
            resend_id=resend_id(delivery.delivery_id, asked_at), delivery=delivery, asked_at=asked_at
        )
    )


def cancel(asked_at: Millis, reason: str) -> Wish:
    """The wish that a delivery is not sent any more."""
    return Wish(lambda delivery, _: Cancel(delivery=delivery, asked_at=asked_at, reason=reason))


def retemplate(asked_at: Millis) -> Wish:
    """The wish that a delivery that waits takes the present template."""

    def record(delivery: Delivery, outcome: Outcome | None) -> Retemplate:
        assert outcome is not None
        return Retemplate(delivery=delivery, outcome=outcome, asked_at=asked_at)

    return Wish(record, needs_outcome=True)


def why_not_again(found: Found) -> str:
    """Why a delivery cannot be sent again; empty: it can."""
    if found.state not in FINAL_STATES:
        return f"it is {found.state}: it is still to be sent"
    return "" if found.url else "there is no request to send: " + found.reason


def why_not_cancelled(found: Found) -> str:
    """Why a delivery cannot be cancelled; empty: it can."""
    return f"it is {found.state} already" if found.state in FINAL_STATES else ""


def why_not_retemplated(found: Found) -> str:
    """Why a delivery cannot take the present template; empty: it can."""
    if found.state == "held":
        return "it is held: it takes the present template by itself, as soon as that can be told"
    return why_not_cancelled(found)


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
            outcome = await _told_of(log, number, delivery) if delivery and wish.needs_outcome else None
            if delivery is None or (wish.needs_outcome and outcome is None):
                asked.append(Asked(one.delivery_id, problem=NO_OUTCOME if delivery else GONE))
                continue
            record = wish.record(delivery, outcome)
            records[number].append((one.click_id.encode(), encode(record)))
            asked.append(Asked(one.delivery_id, record.resend_id if isinstance(record, Resend) else ""))
        for number, values in records.items():
            await producer.send(OUTCOMES, number, values)
        await producer.stop()
        return asked
    finally:
        await log.stop()


async def _told_of(log: Log, partition: int, delivery: Delivery) -> Outcome | None:
    """The outcome of which a delivery tells, as it lies on the topic; None where it is no longer there."""
    value = await _value(log, OUTCOMES, partition, delivery.outcome_at)
    try:
        outcome = decode_outcome(value) if value else None
    except WireError:
        return None
    return outcome if outcome and outcome.postback.postback_id == delivery.postback_id else None


async def _read(log: Log, partition: int, found: Found) -> Delivery | None:
    """The step as it lies on the topic; None where it is no longer there."""
    value = await _value(log, DELIVERIES, partition, offset_of(found.version))
    try:
        delivery = decode_delivery(value) if value else None
    except WireError:
        return None
    return delivery if delivery and delivery.delivery_id == found.delivery_id else None


async def _value(log: Log, topic: str, partition: int, offset: int) -> bytes | None:
    begin, end = await log.begin(topic, partition), await log.end(topic, partition)
    if begin <= offset < end:
        async for records in log.read(topic, partition, offset, offset + 1):
            value: bytes | None = records[0].value
            return value
    return None
