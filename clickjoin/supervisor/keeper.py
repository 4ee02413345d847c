"""One child and its restarts."""

import signal
import time

import structlog

from clickjoin.embedded.children import Child, Running
from clickjoin.embedded.children import start as start_child
from clickjoin.embedded.errors import CannotStartError
from clickjoin.supervisor.restarts import pause_before_restart

log = structlog.get_logger()


class Keeper:
    """Keeps one child running: whenever it dies, it is started again after a pause."""

    def __init__(self, child: Child, run: str) -> None:
        self.child = child
        self.running: Running | None = None
        self.exit_code: int | None = None  # of the last one that died
        self.ready = False
        self._run = run
        self._pause = 0.0
        self._next_start = 0.0  # monotonic

    def start(self) -> None:
        """Start the child."""
        self.ready = False
        self.running = start_child(self.child, self._run)
        log.info("child_started", child=self.child.name, pid=self.running.pid)

    def tend(self) -> None:
        """Look at the child: say that it is ready or dead, and start it again when its pause is over."""
        if self.running is None:
            if time.monotonic() >= self._next_start:
                self._start_again()
        elif self.running.exit_code is not None:
            self._bury(self.running)
        elif not self.ready and (self.child.ready is None or self.child.ready()):
            self.ready = True
            log.info("child_ready", child=self.child.name, seconds=round(time.monotonic() - self.running.started, 1))

    def _start_again(self) -> None:
        try:
            self.start()
        except (OSError, CannotStartError) as error:  # a full disk may be empty the next time
            self._schedule(ran=0.0)
            log.error("child_not_started", child=self.child.name, error=str(error), next_start_in=self._pause)

    def _bury(self, dead: Running) -> None:
        self.exit_code = dead.kill()  # what it started must not live on beside its successor
        self.running = None
        self._schedule(ran=time.monotonic() - dead.started)
        log.error("child_died", child=self.child.name, next_start_in=self._pause, **describe_exit(self.exit_code))

    def _schedule(self, ran: float) -> None:
        self._pause = pause_before_restart(self._pause, ran)
        self._next_start = time.monotonic() + self._pause


def describe_exit(code: int) -> dict[str, int | str]:
    """The exit code, or the name of the signal that ended it."""
    if code >= 0:
        return {"exit_code": code}
    try:
        return {"signal": signal.Signals(-code).name}
    except ValueError:  # a real-time signal
        return {"signal": str(-code)}
