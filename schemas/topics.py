"""The topics, their groups, and the one partitioner. Pure."""

from zlib import crc32

EVENTS = "events"
OUTCOMES = "outcomes"
DELIVERIES = "deliveries"
INVALID = "invalid"
TOPICS = (EVENTS, OUTCOMES, DELIVERIES, INVALID)
CATALOGUE = "catalogue"
"""What is configured besides the file: one partition, kept for ever."""

JOIN_GROUP = "clickjoin-join"
SINK_GROUP = "clickjoin-sink"
EMIT_GROUP = "clickjoin-emit"


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, the same in every topic (CRC-32, as librdkafka's default partitioner)."""
    return crc32(key) % partitions
