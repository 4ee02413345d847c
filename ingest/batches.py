"""Whole batches for kafka-python: the records of one partition, with one answer for all of them.

`send` takes one record: two locks, a future with a lock of its own and its callbacks for each. It would also wake the
producer's thread for each partition alone, which then sends each in a request of its own. This fills the same
accumulator with batches that are ready, by its private API, and wakes the thread once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

from kafka.errors import IllegalStateError
from kafka.producer.future import FutureProduceResult, FutureRecordMetadata
from kafka.producer.producer_batch import ProducerBatch
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.record.util import encode_varint
from kafka.structs import TopicPartition

_FORMAT = 2
_UNCOMPRESSED = 0
_HEADER_BYTES = DefaultRecordBatchBuilder.header_size_in_bytes()
_NO_ATTRIBUTES_NO_DELAY, _NO_HEADERS = b"\0\0", b"\0"

ErrorOf = Callable[[int], BaseException | None]
"""Why a record of a batch, by its place in it, was not acknowledged."""
Answered = Callable[[Sequence[int], ErrorOf | None], None]
"""Told once of a batch, by the numbers of its records, mostly in kafka-python's thread. None: all are acknowledged."""


class Batch(ProducerBatch):  # type: ignore[misc]
    """Records of one partition and one moment."""

    def __init__(
        self, place: TopicPartition, max_bytes: int, at_ms: int, numbers: Sequence[int], written: Sequence[bytes]
    ) -> None:
        """numbers: by which its sender knows the records; written: each as `written` has it, by its place here."""
        super().__init__(place, MemoryRecordsBuilder(_FORMAT, _UNCOMPRESSED, max_bytes))
        self.numbers = numbers
        builder = self.records._builder
        builder._buffer += b"".join(written)
        builder._first_timestamp = builder._max_timestamp = at_ms
        builder._last_offset = len(written) - 1
        builder._num_records = self.records._next_offset = len(written)

    def tell(self, answered: Answered) -> None:
        """Call this when the broker has answered, or did not in time."""
        self._record_futures = _Each(self.produce_future, self.numbers, answered)
        # A batch that failed has a result, too: why.
        self.produce_future.add_callback(partial(_told, self.numbers, answered))


class _Each:
    """An answer for each record of a batch. kafka-python asks for it where the broker finds the batch too large: it is
    sent again as halves then, and the future of the whole is never done. Only its thread comes here."""

    def __init__(self, whole: FutureProduceResult, numbers: Sequence[int], answered: Answered) -> None:
        self._whole, self._numbers, self._answered = whole, numbers, answered
        self._errors: dict[int, BaseException | None] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> FutureRecordMetadata:
        future = FutureRecordMetadata(self._whole, index, None, None, -1, -1, -1)
        future.add_callback(lambda _: self._note(index, None))
        future.add_errback(lambda error: self._note(index, error))
        return future

    def _note(self, index: int, error: BaseException | None) -> None:
        self._errors[index] = error
        if len(self._errors) == len(self):
            self._answered(self._numbers, self._errors.__getitem__ if any(self._errors.values()) else None)


def batches_of(
    producer: Any, topic: str, partition: int, numbers: Sequence[int], records: Sequence[tuple[bytes, bytes]]
) -> Iterator[Batch]:
    """The records with these numbers, in as few batches as they fit. Of records key and value are given."""
    max_bytes, at_ms = producer.config["batch_size"], time.time_ns() // 1_000_000
    place = TopicPartition(topic, partition)
    begin = size = 0
    held: list[bytes] = []
    for end, number in enumerate(numbers):
        record = written(len(held), *records[number])
        if held and _HEADER_BYTES + size + len(record) > max_bytes:  # whatever its size: the first always fits
            yield Batch(place, max_bytes, at_ms, numbers[begin:end], held)
            begin, size, held = end, 0, []
            record = written(0, *records[number])
        held.append(record)
        size += len(record)
    yield Batch(place, max_bytes, at_ms, numbers[begin:], held)


def written(place: int, key: bytes, value: bytes) -> bytes:
    """A record at a place in its batch, of the batch's own moment and without headers. kafka-python puts the same bytes
    together one by one, which takes three times as long."""
    parts = (_NO_ATTRIBUTES_NO_DELAY, _varint(place), _varint(len(key)), key, _varint(len(value)), value, _NO_HEADERS)
    record = b"".join(parts)
    return _varint(len(record)) + record


@lru_cache(maxsize=4096)
def _varint(number: int) -> bytes:
    found = bytearray()
    encode_varint(number, found.append)
    return bytes(found)


def send_batches(producer: Any, batches: Sequence[Batch], answered: Answered) -> None:
    """Send them, of topics that the producer knows."""
    accumulator = producer._accumulator
    for batch in batches:
        try:
            _enqueue(accumulator, batch, answered)
        except Exception as error:
            # Whatever it is, the other batches must have their answer.
            answered(batch.numbers, partial(_same, error))
    producer._sender.wakeup()


def _enqueue(accumulator: Any, batch: Batch, answered: Answered) -> None:
    place = batch.topic_partition
    accumulator._appends_in_progress.increment()  # or closing by force would miss it
    try:
        with accumulator._tp_lock(place):
            if accumulator._closed:
                raise IllegalStateError("the producer is closed")
            batch.tell(answered)
            accumulator._batches[place].append(batch)
            accumulator._incomplete.add(batch)
    finally:
        accumulator._appends_in_progress.decrement()


def _told(numbers: Sequence[int], answered: Answered, result: tuple[int, int, ErrorOf | None]) -> None:
    _, _, error_of = result
    answered(numbers, error_of)


def _same(error: BaseException, _: int) -> BaseException:
    return error
