"""Which deliveries are pending: a fold over the topic `deliveries`, and over nothing else. Pure.

Every step in a delivery's life has a rank. A record applies only if its rank is higher than what is known of its ID,
so repetition changes nothing, a zombie's late retry changes nothing, and what is final stays final.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from struct import Struct
from typing import NamedTuple
from zlib import crc32

import msgspec

from schemas.records import Delivery
from schemas.values import FINAL_STATES, DeliveryState, Millis

_OWN_BYTES = 16
_id = Struct(f">I{_OWN_BYTES}s")  # CRC-32 of the click, the delivery's own
ID_BYTES = _id.size
CLICK_BYTES = ID_BYTES - _OWN_BYTES
_DUE_BYTES = 8
_tail = Struct(f">QQ{ID_BYTES}s")  # due, offset, ID
_FINAL_RANK = 0xFFFF
_REVISIONS = 64
"""Ranks from one attempt to the next: so often it can be made anew in between."""
_QUEUE, _HELD = b"q", b"h"


class Standing(msgspec.Struct, frozen=True, gc=False):  # a tuple costs four times as much to make, a million times
    """What is known of one delivery: how far it is, and its key in the queue (empty: it is not due at any time)."""

    rank: int
    key: bytes = b""

    @property
    def is_final(self) -> bool:
        """Whether nothing can change any more."""
        return self.rank == _FINAL_RANK

    @property
    def attempts(self) -> int:
        """How many were made; of what is final that is not known."""
        return max(0, self.rank // _REVISIONS - 1)


UNKNOWN = Standing(-1)


class Outline(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="delivery"):
    """What the fold asks of a Delivery: of a million on the log the rest is read when its turn to be sent has come."""

    delivery_id: str
    state: DeliveryState
    attempt: int
    destination: str
    click_id: str
    at: Millis
    next_attempt_at: Millis = 0
    revision: int = 0
    v: int = 0


class Step(msgspec.Struct, frozen=True, gc=False):
    """A record of `deliveries`: where it lies, what it says, its bytes."""

    offset: int
    id: bytes
    delivery: Delivery | Outline
    value: bytes


class Changes(NamedTuple):
    """What steps change: standings by ID, keys that leave the queue, steps that enter it by their keys."""

    standings: dict[bytes, Standing]
    left: set[bytes]
    queued: dict[bytes, Step]


def id_of(delivery: Delivery | Outline) -> bytes:
    """The bytes of a delivery's ID, behind some of its click: those of a click lie together.

    Raises ValueError for one that has not the shape of ours.
    """
    raw = bytes.fromhex(delivery.delivery_id)
    if len(raw) != _OWN_BYTES:
        raise ValueError(f"delivery_id {delivery.delivery_id[:40]!r} is not {2 * _OWN_BYTES} hexadecimal characters")
    return _id.pack(crc32(delivery.click_id.encode()), raw)


WithId = tuple[bytes, Delivery]


def with_ids(deliveries: Iterable[Delivery]) -> list[WithId]:
    """Deliveries behind the bytes of their IDs."""
    return [(id_of(delivery), delivery) for delivery in deliveries]


def fold(steps: Iterable[Step], known: Mapping[bytes, Standing]) -> Changes:
    """Fold steps in their order over what is known of their IDs (an ID that is not in `known` was never seen)."""
    standings, left, queued = changes = Changes({}, set(), {})
    for step in steps:
        id_ = step.id
        before = standings.get(id_) or known.get(id_, UNKNOWN)
        rank = rank_of(step.delivery)
        if rank <= before.rank:
            continue
        if before.key and queued.pop(before.key, None) is None:
            left.add(before.key)
        key = b"" if rank == _FINAL_RANK else queue_key(step)
        if key:
            queued[key] = step
        standings[id_] = Standing(rank, key)
    return changes


def rank_of(delivery: Delivery | Outline) -> int:
    """held, scheduled, the attempts in their order, each with its revisions, then whatever is final."""
    state = delivery.state
    if state in FINAL_STATES:
        return _FINAL_RANK
    if state == "held":
        return 0
    rank = (1 + delivery.attempt) * _REVISIONS
    return min(rank + min(delivery.revision, _REVISIONS - 1), _FINAL_RANK - 1) if delivery.revision else rank


def queue_key(step: Step) -> bytes:
    """The key under which a step that is not final waits for its time: destination, due time, offset, ID.

    What is held has such a key too, with another first byte: it waits for something else.
    """
    delivery = step.delivery
    due = delivery.next_attempt_at or delivery.at
    prefix = queue_prefix(delivery.destination)
    if delivery.state == "held":
        prefix = _HELD + prefix[1:]
    return prefix + _tail.pack(due if due > 0 else 0, step.offset, step.id)


@lru_cache(4096)
def queue_prefix(destination: str) -> bytes:
    """What all keys of a destination begin with."""
    return _QUEUE + destination.encode() + b"\0"


def is_held(key: bytes) -> bool:
    """Whether what has this key waits for something else than its time."""
    return key[:1] == _HELD


def destination_of(key: bytes) -> str:
    """The destination in a queue key."""
    return key[len(_QUEUE) : -_tail.size - 1].decode()


def by_destination(keys: Iterable[bytes]) -> dict[str, int]:
    """How many queue keys there are of each destination, held ones included."""
    cut = slice(len(_QUEUE), -_tail.size - 1)
    return {name.decode(): count for name, count in Counter([key[cut] for key in keys]).items()}


def due_of(key: bytes) -> int:
    """The due time in a queue key, in milliseconds."""
    return int.from_bytes(key[-_tail.size : -_tail.size + _DUE_BYTES], "big")
