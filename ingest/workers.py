"""Several ingest processes on one port: started, told of signals, and started again when one ends.

Forked before anything runs, so that they share what was read and prepared. Their parent only watches; where it is
killed, they see the end of its pipe and stop as if they had been told to.
"""

import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import structlog

FAILED = 1
HOPELESS = frozenset({2, 3})
"""Exit codes after which another attempt would end the same: a wrong configuration, a port that is taken."""
MOST_ENDS, WITHIN_SECONDS = 5, 60.0
"""So many ends in so long a time are no accident any more."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PAUSE_SECONDS = 0.5

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Worker:
    """Which of the processes this is."""

    number: int
    parent: int  # a pipe of which the other end is the parent's alone
    sockets: tuple[socket.socket, ...]  # of each by its number, where it tells the others what it counts

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.sockets)

    def file(self, path: Path) -> Path:
        """This one's own file beside that of a process alone."""
        return file_of(path, self.number)

    def others(self, path: Path) -> frozenset[Path]:
        """The files of the others."""
        return frozenset(file_of(path, number) for number in range(self.count)) - {self.file(path)}


def file_of(path: Path, number: int) -> Path:
    """The file of a worker beside that of a process alone."""
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


class Workers:
    """Runs so many of them, for as long as it is not told to stop."""

    def __init__(self, count: int, work: Callable[[Worker], int]) -> None:
        """work: all of a worker's life, in its process. Returns the exit code."""
        self._work = work
        self._reading, self._writing = os.pipe()
        self._sockets = tuple(socket.create_server(("127.0.0.1", 0)) for _ in range(count))
        self._numbers: dict[int, int] = {}  # by process
        self._ends: deque[float] = deque(maxlen=MOST_ENDS)
        self._is_stopping = False
        self._code = 0

    def run(self) -> int:
        """Start them, and return once all have ended: the exit code of the worst."""
        # Blocked for good, and waited for: a handler that runs just before a wait begins is heard after it only.
        signal.pthread_sigmask(signal.SIG_BLOCK, (*_SIGNALS, signal.SIGCHLD))
        for worker in range(len(self._sockets)):
            self._start(worker)
        while self._numbers:
            number = signal.sigwait((*_SIGNALS, signal.SIGCHLD))
            if number == signal.SIGCHLD:
                self._reap()
            else:
                self._told(number)
        return self._code

    def _reap(self) -> None:
        """Take the exit codes of all that have ended: several may have, at one signal."""
        for pid in list(self._numbers):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._ended(self._numbers.pop(pid), os.waitstatus_to_exitcode(status))

    def _told(self, number: int) -> None:
        if number != signal.SIGHUP:
            self._is_stopping = True
        self._tell(signal.SIGHUP if number == signal.SIGHUP else signal.SIGTERM)

    def _tell(self, number: int) -> None:
        for pid in self._numbers:
            os.kill(pid, number)

    def _start(self, number: int) -> None:
        pid = os.fork()
        if not pid:
            self._be(number)
        self._numbers[pid] = number

    def _be(self, number: int) -> NoReturn:
        """The life of a worker, in its process."""
        code = FAILED
        try:
            os.close(self._writing)
            for each in _SIGNALS:
                # A SIGHUP that comes before there is anything to read again says nothing new.
                signal.signal(each, signal.SIG_IGN if each == signal.SIGHUP else signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (*_SIGNALS, signal.SIGCHLD))
            code = self._work(Worker(number, self._reading, self._sockets))
        except BaseException:
            log.exception("worker_failed", worker=number)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _ended(self, number: int, code: int) -> None:
        if self._is_stopping:
            self._code = self._code or (code if code > 0 else FAILED if code < 0 else 0)
            return
        log.error("worker_ended", worker=number, code=code)
        now = time.monotonic()
        self._ends.append(now)
        if code in HOPELESS or (len(self._ends) == MOST_ENDS and now - self._ends[0] < WITHIN_SECONDS):
            log.error("workers_given_up", ends=len(self._ends), code=code)
            self._code, self._is_stopping = max(code, FAILED), True
            self._tell(signal.SIGTERM)
            return
        if told := signal.sigtimedwait(_SIGNALS, _PAUSE_SECONDS):
            self._told(told.si_signo)
        if not self._is_stopping:
            self._start(number)
