"""The epoch of the topic `events`: written as its first record in every partition, one higher for each new topic.

Offsets begin at 0 again where the topic was deleted and made anew; versions of rows put the epoch before the offset, so
that what comes then wins over what was written before.
"""

from collections.abc import Callable

import structlog
from clickhouse_connect.driver.client import Client
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from ingest.kafka_client import made
from schemas.records import Epoch
from schemas.settings.servers import Kafka
from schemas.topics import EVENTS
from schemas.versions import MAX_EPOCH
from schemas.wire import WireError, decode_event, encode
from streams.adapters.kafka import blocking_connection

log = structlog.get_logger(__name__)

_HIGHEST = "SELECT count(), max(version) FROM postbacks"
_EPOCH_SHIFT = 56  # schemas.versions
_TIMEOUT = 30.0  # seconds


def next_epoch(client: Client) -> int:
    """The epoch of a new topic: one more than the highest that any postback's row was written in, 0 for the first.

    Raises ValueError after 255 of them.
    """
    rows, highest = client.query(_HIGHEST).result_rows[0]
    epoch = (int(highest) >> _EPOCH_SHIFT) + 1 if rows else 0
    if epoch > MAX_EPOCH:
        raise ValueError(f"the topic {EVENTS} was made anew {MAX_EPOCH} times: versions of rows hold no more")
    return epoch


def begin_epoch(kafka: Kafka, choose: Callable[[], int]) -> int | None:
    """Write the first record of every partition of `events` that has none. Returns the epoch, None where all have one.

    choose: the epoch where no partition has begun one; a call that was killed half way is finished with its own.
    """
    consumer = made(KafkaConsumer, **blocking_connection(kafka), enable_auto_commit=False)
    try:
        partitions = [TopicPartition(EVENTS, number) for number in consumer.partitions_for_topic(EVENTS) or ()]
        ends = consumer.end_offsets(partitions)
        empty = [partition.partition for partition in partitions if ends[partition] == 0]
        if not empty:
            return None
        begun = [partition for partition in partitions if ends[partition] > 0]
        epoch = _first_epoch(consumer, begun[0]) if begun else choose()
    finally:
        consumer.close()
    _write(kafka, empty, epoch)
    log.info("epoch_begun", epoch=epoch, partitions=len(empty))
    return epoch


def _first_epoch(consumer: KafkaConsumer, partition: TopicPartition) -> int:
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    for records in consumer.poll(timeout_ms=int(_TIMEOUT * 1000), max_records=1).values():
        try:
            first = decode_event(records[0].value)
        except WireError:
            return 0
        return first.epoch if isinstance(first, Epoch) else 0
    return 0


def _write(kafka: Kafka, partitions: list[int], epoch: int) -> None:
    producer = made(KafkaProducer, **blocking_connection(kafka), acks="all")
    try:
        sent = [producer.send(EVENTS, value=encode(Epoch(epoch=epoch)), partition=number) for number in partitions]
        for future in sent:
            future.get(timeout=_TIMEOUT)
    finally:
        producer.close()
