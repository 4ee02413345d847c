"""What the doctor has found out, before anybody judges it. Pure."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Weight = Literal["bad", "warn", "good"]


class Finding(NamedTuple):
    """One thing that was looked at: how it is, and what to do about it (nothing where it is good)."""

    weight: Weight
    about: str
    what: str
    todo: str = ""


class TopicFacts(NamedTuple):
    """One topic as the broker describes it."""

    partitions: int
    replicas: int  # of the partition with the fewest
    leaderless: int  # partitions that nobody can write to
    configs: Mapping[str, str]


class KafkaFacts(NamedTuple):
    """What a broker that answers says."""

    brokers: int
    topics: Mapping[str, TopicFacts]
    lost: Mapping[str, int]  # of each role the records that were removed before it had read them
    refused: str  # why it did not take a record; empty: it did, or there was nowhere to write one
    ahead: float | None  # seconds that its clock is before ours


class ClickHouseFacts(NamedTuple):
    """What a ClickHouse that answers says."""

    pending: tuple[str, ...]  # migrations that were not applied
    changed: tuple[str, ...]  # that were applied, and whose files are others now
    unknown: tuple[int, ...]  # that a newer release has applied
    ahead: float  # seconds that its clock is before ours
    free_bytes: int  # of its fullest disk
    total_bytes: int
    newest_click_id: str  # of our own; empty: there is none


class PortFacts(NamedTuple):
    """An address on which a process of ours is to listen."""

    key: str  # that names it: [ingest] listen
    listen: str
    state: Literal["ours", "free", "another's", "unusable"]


class MachineFacts(NamedTuple):
    """What this machine gives."""

    data: str  # the data folder
    writable: bool
    free_bytes: int
    total_bytes: int
    open_files: int  # that one process may have
    secret_mode: int | None  # permissions of the kept secret's file; None: there is none
    ports: tuple[PortFacts, ...]
