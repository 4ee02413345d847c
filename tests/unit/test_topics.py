"""The partitioner: one for all, and the same for ever."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import CATALOGUE, TOPICS, partition_of


def test_there_are_four_topics_of_traffic_and_one_of_configuration() -> None:
    assert TOPICS == ("events", "outcomes", "deliveries", "invalid")
    assert CATALOGUE == "catalogue"


@given(st.binary(), st.integers(1, 1024))
def test_a_key_has_a_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions


def test_where_a_key_lies_stays_what_it_was() -> None:
    """CRC-32 as librdkafka has it: the check value of the polynomial, and keys of ours."""
    assert partition_of(b"123456789", 1 << 32) == 0xCBF43926
    assert [partition_of(key, 8) for key in (b"", b"c1", b"pops:42", "ключ".encode())] == [0, 1, 6, 2]


def test_keys_are_spread_over_all_partitions() -> None:
    counts = [0] * 8
    for number in range(8000):
        counts[partition_of(f"click{number}".encode(), 8)] += 1
    assert min(counts) > 800
