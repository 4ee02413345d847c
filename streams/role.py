"""What a role is to the worker that runs it: partitions that take batches of records and say how far they are."""

from collections.abc import Callable, Sequence
from typing import Protocol

from aiokafka import ConsumerRecord
from faust.types import TP

from schemas.settings.file import Settings


class Partition(Protocol):
    """One partition of one input topic while this worker owns it. Everything here runs in a task of its own.

    The worker calls `open` once, then `process` with records in ascending order without holes, then `close`.
    An exception from `open` or `process` ends the worker: never raise on data (a record that cannot be used becomes an
    `invalid` record), do raise where an output could not be sent or a state not be written.
    """

    async def open(self, committed: int, healed: Callable[[int], None]) -> int:
        """Prepare (open and heal state). Returns the offset from which to be given records: `committed` or lower.

        healed: to be told of records below `committed` that it read itself, each so many.
        Records below `committed` are given with silent=True: another worker has sent what they cause.
        """

    async def process(self, records: Sequence[ConsumerRecord], *, silent: bool) -> None:
        """Decide, send and wait for the acknowledgement, write state. Returns when the records are done for good.

        Where the role lets several of these run at once, they begin in order, and only what is done is committed up to
        the first that is not.
        """

    async def close(self) -> None:
        """Stop what runs in the background and write state. The partition may already belong to somebody else."""


class Role(Protocol):
    """One of join, sink, emit."""

    group: str  # the consumer group
    topics: tuple[str, ...]  # what it reads
    batch_records: int  # at most so many records in one call of process
    ahead: int  # so many calls of process may run at once, of one partition

    async def start(self) -> None:
        """Connect what all partitions share. Called before the worker joins its group."""

    def partition(self, tp: TP) -> Partition:
        """A new Partition for a topic partition that was assigned just now."""

    def may_work_until(self, monotonic: float) -> None:
        """The lease: a commit that began early enough succeeded, so the partitions are ours until this moment
        (CLOCK_BOOTTIME, seconds). Called after every successful commit, also where nothing advanced."""

    def use(self, settings: Settings) -> None:
        """Work by another configuration from now on, as far as that is possible."""

    async def stop(self) -> None:
        """Disconnect. Called after every partition was closed."""
