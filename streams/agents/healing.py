"""Long stretches of the log are folded in processes of their own, one for a core: a lost disk is there again sooner.

A fold sends nothing, so it is safe anywhere. RocksDB lets one process at a time into a folder, and whoever waits here
has let go of it; where he is cancelled, the process is killed, and has ended, before he goes on.
"""

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog

from schemas.settings.servers import Kafka
from streams.adapters.state import Stamp

if TYPE_CHECKING:
    from streams.join.fold import Position

log = structlog.get_logger(__name__)

FAR = 20_000
"""Records below which a process of its own takes longer to start than it saves."""


class Stretch(NamedTuple):
    """What is to be folded."""

    partition: int
    folder: Path  # of the state
    stamp: Stamp
    begin: int  # the offset at which the state stands
    end: int  # the offset after the last record
    position: "Position | None" = None  # of the join: what else a state that begins there has to know


class Healing:
    """One for a worker. Its processes run while something is to be folded.

    program: the module that does so (streams.agents.healer).
    """

    def __init__(self, kafka: Kafka, program: str) -> None:
        self._kafka, self._program = kafka, program
        self._room = asyncio.Semaphore(len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)
        self._waiting = 0  # stretches, for room
        self._idle: list[Process] = []

    async def fold(self, stretch: Stretch, folded: Callable[[int], None]) -> None:
        """Returns when the state stands at the end of the stretch, or the process failed: then it stands before it.

        folded: told of each so many records.
        """
        self._waiting += 1
        try:
            await self._room.acquire()
        finally:
            self._waiting -= 1
        try:
            await self._fold(stretch, folded)
        finally:
            self._room.release()

    async def _fold(self, stretch: Stretch, folded: Callable[[int], None]) -> None:
        process = self._idle.pop() if self._idle else await self._start()
        try:
            failed = await _hand_over(process, stretch, folded)
        except BaseException:
            await _kill(process)
            raise
        if failed is None and self._waiting > len(self._idle):
            self._idle.append(process)
            return
        await _kill(process)
        if failed is not None:
            log.error("healing_failed", partition=stretch.partition, error=failed)

    async def stop(self) -> None:
        """End those that nobody came for."""
        while self._idle:
            await _kill(self._idle.pop())

    async def _start(self) -> Process:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", self._program, stdin=PIPE, stdout=PIPE)
        _write(process, self._kafka)
        return process


async def _hand_over(process: Process, stretch: Stretch, folded: Callable[[int], None]) -> str | None:
    """Hand it a stretch, and hear how far it is. Returns what failed, or None at its end."""
    _write(process, stretch)
    assert process.stdout is not None
    at = stretch.begin
    while at < stretch.end:
        line = (await process.stdout.readline()).decode().strip()
        if not line.isdecimal():
            return line or "the process ended"
        folded(int(line) - at)
        at = int(line)
    return None


def _write(process: Process, what: Kafka | Stretch) -> None:
    """By a pipe of our own, as there may be a password in it."""
    assert process.stdin is not None
    process.stdin.write(pickle.dumps(what))


async def _kill(process: Process) -> None:
    """It has nothing to tidy up: what it has not written is folded again."""
    if process.returncode is None:
        process.kill()
    await process.wait()
