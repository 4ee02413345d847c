"""Pending deliveries of one partition on disk: RocksDB without a write-ahead log, for the log is one.

Every fold is one write batch with the offset in it, so a crash leaves an older state, whole. Keys:
`i` + ID: the Standing of a delivery (rank, queue key); `q` + destination, due, offset, ID: the record that waits;
`h` + the same: a held one; `\\0at`: how far the fold is. The deliveries of a click lie together: an index of
conversions would cost the fold a quarter more.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec
import rocksdict
import structlog

from schemas.records import Delivery
from streams.adapters.delivery_steps import delivery_of
from streams.adapters.state import Stamp
from streams.emit.pending import (
    CLICK_BYTES,
    ID_BYTES,
    Changes,
    Standing,
    Step,
    by_destination,
    destination_of,
    due_of,
    fold,
    id_of,
    is_held,
    queue_prefix,
    rank_of,
)

log = structlog.get_logger(__name__)

NEVER = 1 << 62
"""A moment that does not come."""
_AT = b"\0at"
_WRITE_BUFFER, _CACHE = 8 << 20, 4 << 20  # small: there is one of each for every partition
_FILES = 12  # before they are compacted: with the usual 4 that goes on all the time while a long log is folded
_RANK_BYTES = 2
_FORM: Final = "by_click"


class _At(msgspec.Struct, array_like=True):
    offset: int
    pending: dict[str, int]  # by destination
    stamp: Stamp
    form: Literal["by_click"]  # of what is kept; of an older program there is none


class Entry(msgspec.Struct, eq=False, gc=False):
    """A delivery that is due: its ID, its queue key, and the step that made it due."""

    id: bytes
    standing: Standing | None  # None: somebody else's records were folded, so look it up
    delivery: Delivery


class Due(NamedTuple):
    """Entries behind a cursor that are due, and when the next one will be."""

    entries: list[Entry]
    next_at: int


class PendingStore:
    """The fold's state. Synchronous; every method leaves it whole."""

    def __init__(self, folder: Path, stamp: Stamp) -> None:
        """Open, or begin anew where there is nothing or what there is was folded from something else."""
        self._folder, self._stamp = folder, stamp
        self._write_options = rocksdict.WriteOptions()
        self._write_options.disable_wal = True
        self._open()
        if self._at.stamp != stamp:
            log.warning("emit_state_discarded", folder=folder.name, expected=str(stamp), found=str(self._at.stamp))
            self.discard()

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._db = rocksdict.Rdict(str(self._folder), _options())
        found = self._db.get(_AT)
        self._at = _read_at(found) if found else _At(0, {}, self._stamp, _FORM)

    @property
    def offset(self) -> int:
        """The offset of `deliveries` up to which everything is folded."""
        return self._at.offset

    @property
    def pending(self) -> int:
        """How many deliveries wait for their time."""
        return sum(self._at.pending.values())

    @property
    def pending_by_destination(self) -> dict[str, int]:
        """The same of each destination; 0 where some did."""
        return self._at.pending

    def discard(self) -> None:
        """Forget everything, to be folded anew."""
        self._db.close()
        shutil.rmtree(self._folder)
        self._open()

    def known(self, ids: Sequence[bytes]) -> dict[bytes, Standing]:
        """What is known of these IDs; those never seen are left out."""
        found = self._db[[b"i" + id_ for id_ in ids]] if ids else []
        return {id_: _standing(value) for id_, value in zip(ids, found, strict=True) if value is not None}

    def fold(
        self, steps: Sequence[Step], next_offset: int, known: Mapping[bytes, Standing] | None = None
    ) -> list[Entry]:
        """Fold steps; the state then stands at `next_offset`. Returns what entered the queue.

        `known`: the standings of these IDs, where the caller holds them.
        """
        changes = self.follow(steps, next_offset, known)
        return [
            Entry(step.id, changes.standings[step.id], step.delivery)
            for key, step in changes.queued.items()
            if isinstance(step.delivery, Delivery) and not is_held(key)
        ]

    def follow(self, steps: Sequence[Step], next_offset: int, known: Mapping[bytes, Standing] | None = None) -> Changes:
        """The same for whoever reads the log, a million records perhaps, and then looks at the queue anew."""
        before = self.known([step.id for step in steps]) if known is None else known
        changes = fold(steps, before)
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key in changes.left:
            batch.delete(key)
        for key, step in changes.queued.items():
            batch.put(key, step.value)
        for id_ in sorted(changes.standings):  # in order, as it enters RocksDB's memory in half the time then
            standing = changes.standings[id_]
            batch.put(b"i" + id_, standing.rank.to_bytes(_RANK_BYTES, "big") + standing.key)
        self._at = _At(next_offset, _pending_after(self._at.pending, changes), self._stamp, _FORM)
        batch.put(_AT, msgspec.msgpack.encode(self._at))
        self._db.write(batch, self._write_options)
        return changes

    def destinations(self) -> list[str]:
        """The destinations for which something waits: one seek each."""
        found: list[str] = []
        cursor = self._db.iter()
        cursor.seek(b"q")
        while cursor.valid() and (key := cursor.key())[:1] == b"q":
            found.append(destination_of(key))
            cursor.seek(queue_prefix(found[-1])[:-1] + b"\1")
        return found

    def due(self, destination: str, cursor: bytes, now_ms: int, most: int, skip: Callable[[bytes], bool]) -> Due:
        """Up to `most` due entries from `cursor` on, without those whose ID is to be skipped.

        Never scans from the front: what was settled lies there as tombstones.
        """
        prefix, entries = queue_prefix(destination), list[Entry]()
        rows = self._db.iter()
        rows.seek(max(cursor, prefix))
        while rows.valid() and (key := rows.key()).startswith(prefix):
            due_at = due_of(key)
            if due_at > now_ms or len(entries) == most:
                return Due(entries, due_at)
            if not skip(id_ := key[-ID_BYTES:]) and (delivery := delivery_of(rows.value())):
                entries.append(Entry(id_, Standing(rank_of(delivery), key), delivery))
            rows.next()
        return Due(entries, NEVER)

    def held(self, cursor: bytes, most: int) -> tuple[list[Delivery], bytes]:
        """Up to `most` held deliveries from a cursor on, and the cursor of the next; empty: those were all."""
        found: list[Delivery] = []
        rows = self._db.iter()
        rows.seek(cursor or b"h")
        while rows.valid() and is_held(key := rows.key()):
            if len(found) == most:
                return found, key
            found.extend(filter(None, [delivery_of(rows.value())]))
            rows.next()
        return found, b""

    def older(self, newer: Delivery) -> Delivery | None:
        """What still waits to tell the same destination of the same conversion; no resend of it."""
        mine, rows = b"i" + id_of(newer), self._db.iter()
        rows.seek(of_click := mine[: 1 + CLICK_BYTES])
        while rows.valid() and (key := rows.key()).startswith(of_click):
            standing = _standing(rows.value())
            if standing.key and key != mine and destination_of(standing.key) == newer.destination:
                found = delivery_of(self._db[standing.key])
                if found and found.conversion_id == newer.conversion_id and not found.resends:
                    return found
            rows.next()
        return None

    def waiting(self, known: Mapping[bytes, Standing]) -> dict[bytes, Delivery]:
        """The last steps of those of these deliveries that wait."""
        keys = {id_: standing.key for id_, standing in known.items() if standing.key}
        found = self._db[list(keys.values())] if keys else []
        pairs = zip(keys, found, strict=True)
        return {id_: delivery for id_, value in pairs if value and (delivery := delivery_of(value))}

    def flush(self) -> None:
        """Begin to write to disk what is only in memory: a kill then costs only the folding of what came since."""
        self._db.flush(wait=False)

    def close(self) -> None:
        """Write everything to disk."""
        self._db.close()


def _read_at(raw: bytes) -> _At:
    """How far the fold is. What an older program wrote in another shape is folded anew."""
    try:
        return msgspec.msgpack.decode(raw, type=_At)
    except msgspec.ValidationError:
        return _At(0, {}, Stamp(0, ""), _FORM)


def _pending_after(pending: dict[str, int], changes: Changes) -> dict[str, int]:
    tally = Counter(pending)
    tally.update(by_destination(changes.queued))
    tally.subtract(by_destination(changes.left))
    return dict(tally)


def _options() -> rocksdict.Options:
    table = rocksdict.BlockBasedOptions()
    table.set_bloom_filter(10, False)
    table.set_block_cache(rocksdict.Cache(_CACHE))
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(_WRITE_BUFFER)
    options.set_memtable_prefix_bloom_ratio(0.1)  # most IDs that are asked for were never seen
    options.set_memtable_whole_key_filtering(True)
    options.set_compression_type(rocksdict.DBCompressionType.lz4())
    options.set_level_zero_file_num_compaction_trigger(_FILES)
    options.set_block_based_table_factory(table)
    options.set_keep_log_file_num(2)
    return options


def _standing(value: bytes) -> Standing:
    return Standing(int.from_bytes(value[:_RANK_BYTES], "big"), value[_RANK_BYTES:])
