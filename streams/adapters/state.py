"""States of clicks in RocksDB, one folder a partition, written together with the position they stand at.

Without a write-ahead log: the topic is one. After a kill the state stands at an older position, whole, and the log is
folded from there; flushing now and then keeps that position young.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Lock

import msgspec
import rocksdict
import structlog

from schemas.values import Millis
from streams.join.fold import Deadline, Folded, Position
from streams.join.state import EMPTY, KEEP_DAYS, State, day_of, is_dropped

log = structlog.get_logger(__name__)

_BEGINNING = Position()
_POSITION = b"\0position"
_STATE, _DEADLINE, _TOUCHED, _ASKING = b"s", b"w", b"d", b"l"
_WRITE_BUFFER = 16 << 20  # of one partition
_BLOCK = 32 << 10  # larger ones compress better

# Shared by all partitions of the worker, so that its memory does not grow with their number.
_cache = rocksdict.Cache(64 << 20)
_write_buffers = rocksdict.WriteBufferManager(80 << 20, False)

_pack = msgspec.msgpack.Encoder(decimal_format="string").encode
_unpack_state = msgspec.msgpack.Decoder(State).decode
_unpack_ids = msgspec.msgpack.Decoder(list[str]).decode


class Stamp(msgspec.Struct, array_like=True):
    """What the state was folded from. Folded from another topic or layout, it means nothing here."""

    partitions: int
    topic_id: str
    layout: int = 2  # of the state itself: another one when its shape changes


class _Header(msgspec.Struct, array_like=True):
    stamp: Stamp
    position: Position


_unpack_header = msgspec.msgpack.Decoder(_Header).decode


class StateStore:
    """The states of one partition. Everything here is synchronous and takes microseconds, but for `flush`."""

    def __init__(self, folder: Path, stamp: Stamp) -> None:
        """Open, or begin anew where there is nothing or what there is was folded from something else."""
        self._folder, self._stamp = folder, stamp
        self._closed = False
        self._flushing = Lock()  # a thread goes on with it when the task that waits for it was cancelled
        self._db = self._open()
        self._write_options = rocksdict.WriteOptions()
        self._write_options.disable_wal = True
        self.position = Position()
        self.unflushed = 0  # records folded since the last flush
        self._purged = 0  # states that were touched last before this day are gone from the disk
        raw = self._db.get(_POSITION)
        if raw is None:
            return
        try:
            header = _unpack_header(raw)
        except msgspec.MsgspecError:
            header = None
        if header is not None and header.stamp == stamp:
            self.position = header.position
            return
        log.warning("state_discarded", folder=folder.name, expected=str(stamp), found=header and str(header.stamp))
        self.clear()

    def clear(self, position: Position = _BEGINNING) -> None:
        """Forget everything and begin at `position`: the beginning of the log."""
        self._db.close()
        shutil.rmtree(self._folder)
        self._db = self._open()
        self.position = position
        self._purged = 0

    def _open(self) -> rocksdict.Rdict:
        self._folder.mkdir(parents=True, exist_ok=True)
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(_WRITE_BUFFER)
        options.set_max_background_jobs(2)
        options.set_keep_log_file_num(2)
        options.set_write_buffer_manager(_write_buffers)
        # zstd would take a quarter less disk, and costs the join a seventh of its CPU: each read unpacks a block.
        options.set_compression_type(rocksdict.DBCompressionType.lz4())
        blocks = rocksdict.BlockBasedOptions()
        blocks.set_bloom_filter(10, False)
        blocks.set_block_size(_BLOCK)
        blocks.set_block_cache(_cache)
        options.set_block_based_table_factory(blocks)
        return rocksdict.Rdict(str(self._folder), options)

    def get(self, click_ids: Sequence[str]) -> list[State]:
        """The states of clicks, EMPTY for those unknown."""
        if not click_ids:
            return []
        found = self._db[[_STATE + click_id.encode() for click_id in click_ids]]
        return [EMPTY if raw is None else _unpack_state(raw) for raw in found]

    def deadlines(self, after: Millis, until: Millis) -> Iterable[Deadline]:
        """What waits until a moment in (after, until], in order."""
        # never from the front: what was removed lies there
        for key in self._keys(_DEADLINE + _number(after + 1)):
            if key[:1] != _DEADLINE or (deadline := int.from_bytes(key[1:9], "big")) > until:
                return
            yield deadline, key[9:].decode()

    def next_deadline(self) -> Millis | None:
        """The first moment until which something waits."""
        for deadline, _ in self.deadlines(self.position.time, (1 << 63) - 1):
            return deadline
        return None

    def asking(self) -> Iterable[str]:
        """The clicks that ClickHouse is to be asked about."""
        for key in self._keys(_ASKING):
            if key[:1] != _ASKING:
                return
            yield key[1:].decode()

    def _keys(self, begin: bytes) -> Iterator[bytes]:
        rows = self._db.iter()
        rows.seek(begin)
        while rows.valid():
            yield rows.key()
            rows.next()

    def write(self, folded: Folded) -> None:
        """Take over what a batch made, in one piece."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        for click_id, state in folded.states.items():
            key = _STATE + click_id.encode()
            if state == EMPTY:
                batch.delete(key)
            else:
                batch.put(key, _pack(state))
        for deadline in folded.removed:
            batch.delete(_deadline_key(deadline))
        for deadline in folded.added:
            batch.put(_deadline_key(deadline), b"")
        for day, click_ids in folded.touched.items():
            if day >= 0:
                batch.put(_TOUCHED + _number(day) + _number(folded.position.next), _pack(click_ids))
        for click_id in folded.answered:
            batch.delete(_ASKING + click_id.encode())
        for click_id in folded.asking:
            batch.put(_ASKING + click_id.encode(), b"")
        batch.put(_POSITION, _pack(_Header(self._stamp, folded.position)))
        self._db.write(batch, self._write_options)
        self.unflushed += folded.position.next - self.position.next
        self.position = folded.position

    def purge(self) -> int:
        """Take dropped states of one batch off the disk. Returns how many clicks it looked at; 0: there are none left.

        The fold takes them for EMPTY already, so it makes no difference when.
        """
        keep_from = day_of(self.position.time) - KEEP_DAYS
        if keep_from <= self._purged:
            return 0
        rows = self._db.iter()
        rows.seek(_TOUCHED + _number(self._purged))
        if not rows.valid() or rows.key() >= _TOUCHED + _number(keep_from):
            self._purged = keep_from
            return 0
        self._purged = int.from_bytes(rows.key()[1:9], "big")  # what was removed before it is not read again
        click_ids = _unpack_ids(rows.value())
        batch = rocksdict.WriteBatch(raw_mode=True)
        batch.delete(rows.key())
        for click_id, state in zip(click_ids, self.get(click_ids), strict=True):
            if is_dropped(state, self.position.time):  # and was not touched again
                batch.delete(_STATE + click_id.encode())
                batch.delete(_ASKING + click_id.encode())
        self._db.write(batch, self._write_options)
        return len(click_ids)

    def flush(self) -> None:
        """Bring everything to disk (some 100 ms): what a kill after this costs is folding what came since.

        Once it is closed this does nothing: closing has done it.
        """
        with self._flushing:
            if not self._closed:
                self.unflushed = 0
                self._db.flush()

    def close(self) -> None:
        """Flush and let go of the folder. Once it has, this does nothing."""
        with self._flushing:
            if not self._closed:
                self._db.flush()
                self._db.close()
            self._closed = True


def _deadline_key(deadline: Deadline) -> bytes:
    return _DEADLINE + _number(deadline[0]) + deadline[1].encode()


def _number(number: int) -> bytes:
    """A moment, a day or an offset, so that it sorts."""
    return number.to_bytes(8, "big")
