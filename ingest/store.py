"""Where a record goes before its request is answered: to the broker or, while that is away, into the spool.

A record that the broker does not acknowledge in time goes into the spool as well. It may then reach the broker twice,
which changes nothing: what identifies it is in the record. Records of one key never overtake each other: while one is
in the spool, the next goes there too.
"""

import asyncio
import math

from ingest.exchange import RETRY_AFTER_SECONDS
from ingest.group import NotStored
from ingest.publisher import Publisher
from ingest.spool import Spool
from ingest.spool_file import Record
from schemas.settings.servers import Ingest

MAX_RECORD_BYTES = 1_000_000
"""The broker would refuse what is larger."""
_FORGIVEN_SECONDS = float(RETRY_AFTER_SECONDS)


class Store:
    """Puts records away so that a kill at any later moment does not lose them."""

    def __init__(self, publisher: Publisher, spool: Spool, limits: Ingest) -> None:
        self._publisher = publisher
        self._spool = spool
        self._timeout = limits.publish_timeout / 1000
        self._patience = min(limits.spool_after, limits.publish_timeout) / 1000
        self._refused_at = -math.inf

    @property
    def is_ready(self) -> bool:
        """Whether records can be stored: the broker is there, or the spool has not refused one lately."""
        is_refusing = asyncio.get_running_loop().time() < self._refused_at + _FORGIVEN_SECONDS
        return not self._publisher.is_away or not is_refusing

    @property
    def spooled(self) -> int:
        """Records that wait in the spool."""
        return self._spool.records

    async def put(self, record: Record, patience: float | None = None) -> None:
        """Return when the record is safe.

        patience: seconds for the broker where a visitor waits, who then waits for the disk as long as others do for
        the broker. Others wait for the disk, and for the broker where the spool refuses, until publish_timeout.
        Raises NotStored.
        """
        if len(record.key) + len(record.value) > MAX_RECORD_BYTES:
            raise NotStored(f"a record of at most {MAX_RECORD_BYTES} bytes can be stored")
        receipt = None
        if not self._is_known_away and not self._spool.holds(record.key):
            try:
                receipt = self._publisher.send(record)
                await receipt.acknowledged(self._patience if patience is None else patience)
            except NotStored:
                pass
            else:
                return
        try:
            await self._spool.add(record, self._timeout if patience is None else self._patience)
        except NotStored:
            self._refused_at = asyncio.get_running_loop().time()
            if self._is_known_away or (receipt and patience is not None):
                raise
            receipt = receipt or self._publisher.send(record)
            await receipt.acknowledged(self._timeout if patience is None else patience)

    @property
    def _is_known_away(self) -> bool:
        """Whether to ask the broker would be a waste of time. What is in the spool will tell when it is back; where
        nothing is, each record has to ask."""
        return self._publisher.is_away and not self._spool.is_empty
