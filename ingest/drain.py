"""From the spool to the broker, the oldest first, beside new traffic. What the broker has acknowledged is forgotten."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from ingest.group import told
from ingest.publisher import Publisher
from ingest.spool import Spool
from ingest.spool_file import Kept, SpoolError

BATCH = 1_000
_RETRY_SECONDS = 1.0

log = structlog.get_logger()


class Drainer:
    """Runs for as long as the process. While the broker is away it is this which finds out that it is back."""

    def __init__(self, publisher: Publisher, spool: Spool, count: Callable[[int], None]) -> None:
        """count: told how many records the broker has taken, after each batch."""
        self._publisher = publisher
        self._spool = spool
        self._count = count
        self._told: dict[str, str] = {}

    async def run(self) -> None:
        """Connect, then drain whenever something is in the spool. Never returns."""
        await self._publisher.connect()
        while True:
            await self._spool.until_filled()
            try:
                kept = await self._spool.oldest(BATCH)
            except SpoolError as error:
                await self._pause("spool_not_read", str(error))
                continue
            errors = await self._publisher.send_all([one.record for one in kept])
            await self._forget([one for one, error in zip(kept, errors, strict=True) if error is None])
            if all(errors):
                await self._pause("spool_not_drained", told(next(iter(filter(None, errors)))))
                await self._publisher.reconnect()
            elif any(errors):
                await asyncio.sleep(_RETRY_SECONDS)

    async def _forget(self, sent: Sequence[Kept]) -> None:
        """Delete these. While the disk refuses, nothing more is sent: it would be sent again and again."""
        if not sent:
            return
        while True:
            try:
                await self._spool.delete(sent)
            except SpoolError as error:
                await self._pause("spool_not_written", str(error))
            else:
                self._count(len(sent))
                self._told.clear()
                return

    async def _pause(self, what: str, why: str) -> None:
        """Say once what is wrong, and wait a moment."""
        if self._told.get(what) != why:
            self._told[what] = why
            log.warning(what, error=why, spooled=self._spool.records)
        await asyncio.sleep(_RETRY_SECONDS)
