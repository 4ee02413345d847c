"""The records that are sent to the broker together, and what became of each."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from kafka.errors import BrokerResponseError, RetriableError

from ingest.kafka_client import append_all


class NotStored(Exception):  # noqa: N818 - the name says what happened
    """A record was not acknowledged in time, or was refused."""


class Group:
    """Records of a moment. They share the future `done`, so that their answer wakes the event loop once.

    Made, filled, sent and settled in the event loop; only `_answered` runs in kafka-python's thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: float, finished: Callable[["Group"], None]) -> None:
        self.done: asyncio.Future[None] = loop.create_future()
        self.errors: dict[int, BaseException] = {}
        self.made_at = loop.time()
        self.sent_at = 0.0
        self._loop = loop
        self._timeout = timeout
        self._finished = finished
        self._records: list[tuple[str, int, bytes, bytes]] = []  # topic, partition, key, value
        self._answers: list[Any] = []  # kafka-python's futures, None where it took the record not even
        self._impatient: dict[float, asyncio.Future[bool]] = {}
        self._open = 0
        self._lock = threading.Lock()
        self._timers: list[asyncio.TimerHandle] = []
        self.later(timeout, self._expire)

    def __len__(self) -> int:
        return len(self._records)

    def add(self, topic: str, partition: int, key: bytes, value: bytes) -> int:
        """Put a record in. Returns its index."""
        self._records.append((topic, partition, key, value))
        return len(self._records) - 1

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call this after so many seconds, unless the group is done by then."""
        self._timers.append(self._loop.call_later(seconds, call))

    async def within(self, timeout: float) -> bool:
        """Wait until it is done, for at most so many seconds from the first who asked. Returns whether it is."""
        if timeout >= self._timeout:
            await self.done
            return True
        early = self._impatient.get(timeout)
        if early is None:
            early = self._impatient[timeout] = self._loop.create_future()
            self.later(timeout, partial(_resolve, early, False))
        return self.done.done() or await early

    def is_acknowledged(self, index: int) -> bool:
        """Whether the broker has this record, as far as is known by now."""
        if self.done.done():
            return index not in self.errors
        answer = self._answers[index] if index < len(self._answers) else None
        return answer is not None and answer.is_done and answer.exception is None

    @property
    def any_acknowledged(self) -> bool:
        """Whether the broker has any of the records, as far as is known by now."""
        return any(map(self.is_acknowledged, range(len(self))))

    @property
    def is_refused(self) -> bool:
        """Whether the broker was there and said no, rather than nothing."""
        return bool(self.errors) and all(map(_says_no, self.errors.values()))

    def send(self, producer: Any) -> None:
        """Hand the records to kafka-python."""
        self.sent_at = self._loop.time()
        last: dict[tuple[str, int], Any] = {}
        for index, answer in enumerate(append_all(producer, self._records)):
            if isinstance(answer, Exception):
                self.errors[index], answer = answer, None
            else:
                last[self._records[index][:2]] = answer
            self._answers.append(answer)
        # A partition answers in order, so its last answer comes when all are there.
        self._wait_for(last.values())

    def _wait_for(self, answers: Iterable[Any]) -> None:
        waited = list(answers)
        self._open = len(waited)
        for answer in waited:
            answer.add_callback(self._answered)
            answer.add_errback(self._answered)
        if not waited:
            self._loop.call_soon(self._settle)

    def _answered(self, _: Any) -> None:
        with self._lock:
            self._open -= 1
            is_last = not self._open
        if is_last:
            # A loop that was closed meanwhile has nobody waiting.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        """Look at every answer, and tell those who wait."""
        if self.done.done():
            return
        unanswered = [answer for answer in self._answers if answer is not None and not answer.is_done]
        if unanswered:  # a retry put batches of a partition out of order
            self._wait_for(unanswered)
            return
        for index, answer in enumerate(self._answers):
            if answer is not None and answer.exception is not None:
                self.errors[index] = answer.exception
        self._finish()

    def _expire(self) -> None:
        late = NotStored(f"no acknowledgement within {self._timeout:g} s")
        for index in range(len(self)):
            if not self.is_acknowledged(index):
                self.errors.setdefault(index, late)
        self._finish()

    def _finish(self) -> None:
        if self.done.done():
            return
        for timer in self._timers:
            timer.cancel()
        self.done.set_result(None)
        for early in self._impatient.values():
            _resolve(early, True)
        self._finished(self)


@dataclass(frozen=True, slots=True)
class Receipt:
    """For a record that was given to the broker."""

    group: Group
    index: int

    async def acknowledged(self, timeout: float) -> None:
        """Return when the broker has acknowledged the record.

        Raises NotStored where it refused it, or after `timeout` seconds: then the record may arrive all the same.
        """
        is_done = await self.group.within(timeout)
        if not self.group.is_acknowledged(self.index):
            error = self.group.errors.get(self.index) if is_done else None
            raise NotStored(told(error) if error else f"no acknowledgement within {timeout:g} s")


def told(error: BaseException) -> str:
    """An error in one short line."""
    return str(error) if isinstance(error, NotStored) else f"{type(error).__name__}: {error}"[:200]


def _says_no(error: BaseException) -> bool:
    return isinstance(error, BrokerResponseError) and not isinstance(error, RetriableError)


def _resolve(future: "asyncio.Future[bool]", result: bool) -> None:
    if not future.done():
        future.set_result(result)
