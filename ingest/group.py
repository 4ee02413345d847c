"""The records that are sent to the broker together, and what became of each."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kafka.errors import BrokerResponseError, RetriableError

from ingest.batches import Batch, ErrorOf, batches_of, send_batches
from ingest.waiting import Shared


class NotStored(Exception):  # noqa: N818 - the name says what happened
    """A record was not acknowledged in time, or was refused."""


class Group:
    """Records of a moment. They share one answer, which wakes the event loop once.

    Made, filled, sent and settled in the event loop; only `_answered` runs in kafka-python's thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: float, finished: Callable[["Group"], None]) -> None:
        self.answer = Shared(loop)
        self.errors: dict[int, BaseException] = {}
        self.made_at = loop.time()
        self.sent_at = 0.0
        self._loop = loop
        self._timeout = timeout
        self._finished = finished
        self._records: list[tuple[bytes, bytes]] = []  # key, value
        self._places: dict[tuple[str, int], list[int]] = {}  # topic, partition = the numbers of its records
        self._open = 0  # batches that are not answered for
        self._lock = threading.Lock()
        self._answers: deque[tuple[Sequence[int], ErrorOf | None]] = deque()
        self._acknowledged: set[int] = set()
        self._timers: list[asyncio.TimerHandle] = []
        self.later(timeout, self._expire)

    def __len__(self) -> int:
        return len(self._records)

    def add(self, topic: str, partition: int, key: bytes, value: bytes) -> int:
        """Put a record in. Returns its number."""
        number = len(self._records)
        self._records.append((key, value))
        place = (topic, partition)
        if place in self._places:
            self._places[place].append(number)
        else:
            self._places[place] = [number]
        return number

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call this after so many seconds, unless the group is done by then."""
        self._timers.append(self._loop.call_later(seconds, call))

    def is_acknowledged(self, number: int) -> bool:
        """Whether the broker has this record, as far as is known by now."""
        self._read_answers()
        return number in self._acknowledged

    @property
    def any_acknowledged(self) -> bool:
        """Whether the broker has any of the records, as far as is known by now."""
        self._read_answers()
        return bool(self._acknowledged)

    @property
    def is_refused(self) -> bool:
        """Whether the broker was there and said no, rather than nothing."""
        return bool(self.errors) and all(map(_says_no, self.errors.values()))

    def send(self, producer: Any) -> None:
        """Hand the records to kafka-python."""
        self.sent_at = self._loop.time()
        batches: list[Batch] = []
        for (topic, partition), numbers in self._places.items():
            batches += batches_of(producer, topic, partition, numbers, self._records)
        self._open = len(batches)
        send_batches(producer, batches, self._answered)
        if not batches:
            self._loop.call_soon(self._settle)

    def _answered(self, numbers: Sequence[int], error_of: ErrorOf | None) -> None:
        self._answers.append((numbers, error_of))
        with self._lock:
            self._open -= 1
            is_last = not self._open
        if is_last:
            # A loop that was closed meanwhile has nobody waiting.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        """Tell those who wait."""
        self._read_answers()
        self._finish()

    def _read_answers(self) -> None:
        """Look at every answer that came until now. Once it is done, none counts any more."""
        while self._answers and not self.answer.is_given:
            numbers, error_of = self._answers.popleft()
            if error_of is None:
                self._acknowledged.update(numbers)
                continue
            for place, number in enumerate(numbers):
                if error := error_of(place):
                    self.errors[number] = error
                else:
                    self._acknowledged.add(number)

    def _expire(self) -> None:
        late = NotStored(f"no acknowledgement within {self._timeout:g} s")
        for number in range(len(self)):
            if not self.is_acknowledged(number):
                self.errors.setdefault(number, late)
        self._finish()

    def _finish(self) -> None:
        if self.answer.is_given:
            return
        for timer in self._timers:
            timer.cancel()
        self.answer.give()
        self._finished(self)


class Receipt(NamedTuple):
    """For a record that was given to the broker."""

    group: Group
    number: int

    async def acknowledged(self, timeout: float) -> None:
        """Return when the broker has acknowledged the record.

        Raises NotStored where it refused it, or after `timeout` seconds: then the record may arrive all the same.
        """
        is_done = await self.group.answer.within(timeout)
        if not self.group.is_acknowledged(self.number):
            error = self.group.errors.get(self.number) if is_done else None
            raise NotStored(told(error) if error else f"no acknowledgement within {timeout:g} s")


def told(error: BaseException) -> str:
    """An error in one short line."""
    return str(error) if isinstance(error, NotStored) else f"{type(error).__name__}: {error}"[:200]


def _says_no(error: BaseException) -> bool:
    return isinstance(error, BrokerResponseError) and not isinstance(error, RetriableError)
