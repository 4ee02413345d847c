"""Batches as we write them are those that kafka-python would have written, byte for byte."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from ingest.batches import batches_of

_FORMAT, _UNCOMPRESSED = 2, 0
_MAX_BYTES = 1_000
_PRODUCER = SimpleNamespace(config={"batch_size": _MAX_BYTES})

_lengths = st.one_of(st.integers(0, 70), st.sampled_from([_MAX_BYTES, 8_191, 8_192, 20_000]))
_texts = _lengths.map(lambda length: b"." * length)


def _closed(builder: MemoryRecordsBuilder) -> tuple[int, bytes]:
    """How many records it has, and its bytes as they are sent."""
    builder.set_producer_state(7, 1, 40, False)
    builder.close()
    return builder.next_offset(), bytes(builder.buffer())


def _by_kafka_python(records: list[tuple[bytes, bytes]], at_ms: int) -> list[tuple[int, bytes]]:
    builders: list[MemoryRecordsBuilder] = []
    for key, value in records:
        if not builders or builders[-1].append(at_ms, key, value) is None:
            builders.append(MemoryRecordsBuilder(_FORMAT, _UNCOMPRESSED, _MAX_BYTES))
            builders[-1].append(at_ms, key, value)
    return [_closed(builder) for builder in builders]


@given(st.lists(st.tuples(_texts, _texts), min_size=1, max_size=150), st.integers(0, 9))
def test_a_batch_is_what_kafka_python_makes_of_the_same_records(
    records: list[tuple[bytes, bytes]], others: int
) -> None:
    numbers = range(others, others + len(records))
    batches = list(batches_of(_PRODUCER, "events", 3, numbers, [(b"", b"")] * others + records))
    assert [number for batch in batches for number in batch.numbers] == list(numbers)
    ours = [_closed(batch.records) for batch in batches]
    # Their moment is the one thing that is not ours to say.
    first = next(iter(next(iter(MemoryRecords(ours[0][1])))))
    assert ours == _by_kafka_python(records, first.timestamp)
