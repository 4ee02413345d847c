"""The spool, for one event loop: records are gathered into micro-batches, each one transaction in a thread of its own.

While a batch is written the next one is gathered, so that batches grow with the load.
"""

import asyncio
from array import array
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from zlib import crc32

import structlog

from ingest.group import NotStored
from ingest.spool_file import Kept, Record, SpoolError, SpoolFile
from ingest.waiting import Shared

TICK_SECONDS = 0.002
MAX_WAITING = 50_000
"""So many records may wait for the disk; what comes then is refused at once, and memory stays bounded."""

_KEY_SLOTS = 1 << 20

T = TypeVar("T")

log = structlog.get_logger()


class _Batch:
    """Records that are written together, and the one answer for all who wait for that."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.records: list[Record] = []
        self.answer = Shared(loop)
        self.error: SpoolError | None = None


class _Keys:
    """Which keys are in the spool, in four megabytes however many they are. One that is not may seem to be, rarely."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._counts = array("I", bytes(array("I").itemsize * _KEY_SLOTS))
        for key in keys:
            self.add(key)

    def __contains__(self, key: bytes) -> bool:
        return self._counts[crc32(key) % _KEY_SLOTS] > 0

    def add(self, key: bytes) -> None:
        """One record more has this key."""
        self._counts[crc32(key) % _KEY_SLOTS] += 1

    def remove(self, key: bytes) -> None:
        """One record less has this key."""
        self._counts[crc32(key) % _KEY_SLOTS] -= 1


class Spool:
    """Takes records while the broker is away."""

    def __init__(self, file: SpoolFile, count: Callable[[int], None] = lambda _: None) -> None:
        """count: told how many records were written, after each batch."""
        self._file = file
        self._keys = _Keys(file.keys())
        self._count = count
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._gathering: _Batch | None = None
        self._writing: asyncio.Task[None] | None = None
        self._filled = asyncio.Event()
        self._noted()

    @property
    def records(self) -> int:
        """So many are on the disk."""
        return self._file.records

    @property
    def used_bytes(self) -> int:
        """So many bytes of the file hold records."""
        return self._file.used_bytes

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it, nor on its way into it."""
        return not self.records and self._writing is None

    def holds(self, key: bytes) -> bool:
        """Whether a record with this key is in it or on its way into it; the next one must not overtake that."""
        return key in self._keys

    async def add(self, record: Record, timeout: float) -> None:
        """Return when the record is on the disk.

        Raises NotStored where the disk or the bound of the file refuses it, or after `timeout` seconds: then it may
        be stored all the same.
        """
        batch = self._gathering
        if batch is None:
            batch = self._gathering = _Batch(asyncio.get_running_loop())
            self._writing = self._writing or asyncio.create_task(self._write())
        if len(batch.records) >= MAX_WAITING:
            raise NotStored("too many records wait for the disk")
        batch.records.append(record)
        self._keys.add(record.key)
        if not await batch.answer.within(timeout):
            raise NotStored(f"the disk did not answer within {timeout:g} s")
        if batch.error:
            raise NotStored(str(batch.error))

    async def until_filled(self) -> None:
        """Return when something is in it."""
        await self._filled.wait()

    async def oldest(self, limit: int) -> list[Kept]:
        """The oldest records. Raises SpoolError."""
        return await self._in_thread(lambda: self._file.oldest(limit))

    async def delete(self, kept: Sequence[Kept]) -> None:
        """Forget these: the broker has them. Raises SpoolError."""
        await self._in_thread(lambda: self._file.delete([one.id for one in kept]))
        for one in kept:
            self._keys.remove(one.record.key)
        self._noted()

    async def close(self) -> None:
        """Write what is gathered, and give the file free."""
        if self._writing is not None:
            await self._writing
        await self._in_thread(self._file.close)
        self._thread.shutdown()

    async def _write(self) -> None:
        await asyncio.sleep(TICK_SECONDS)
        while (batch := self._gathering) is not None:
            self._gathering = None
            batch.error = await self._append(batch.records)
            if batch.error:
                for record in batch.records:
                    self._keys.remove(record.key)
            batch.answer.give()
        self._writing = None

    async def _append(self, records: list[Record]) -> SpoolError | None:
        try:
            await self._in_thread(lambda: self._file.append(records))
        except SpoolError as error:
            return error
        except Exception as error:
            # A bug of ours. Whatever it is, those who wait must have their answer.
            log.exception("spool_failed")
            return SpoolError(f"the spool cannot be used: {error}")
        self._count(len(records))
        self._noted()
        return None

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _noted(self) -> None:
        if self.records:
            self._filled.set()
        else:
            self._filled.clear()
