"""Start servers, then roles; keep them running; stop everything in reverse order."""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import structlog

from clickjoin.embedded.children import Child, last_lines
from clickjoin.embedded.errors import CannotStartError
from clickjoin.supervisor.keeper import Keeper, describe_exit

_LOOK = 0.05  # seconds between two looks at the children

log = structlog.get_logger()


class _StopRequested(Exception):  # noqa: N818 - no error
    """Somebody wants us to stop while we are starting."""


def supervise(
    servers: Sequence[Child],
    roles: Sequence[Child],
    *,
    run: str = "",
    on_servers: Callable[[], None] = lambda: None,
    on_ready: Callable[[], None] = lambda: None,
    finished: Callable[[], int | None] = lambda: None,
    attended: bool | None = None,
) -> int:
    """Run the children until SIGTERM or SIGINT (exit code 0), or until `finished` returns an exit code.

    SIGHUP is handed on to those who read their configuration again then. attended: somebody sits at the terminal that
    this was started from (None: look), so that SIGHUP says that it was closed: it stops, too.

    Servers are started one after the other, each when the one before it is ready; then `on_servers` is called (to
    create topics and migrate); then all roles are started, and once all are ready `on_ready` is called, one time only.
    From then on whoever dies is started again, at the longest after 30 s. A second signal kills instead of asking.

    run: the token from claim(). Call this from the main thread. Raises CannotStartError where a server dies or is not
    ready in time before it ever was; everything is stopped by then, as it is when one of the callbacks raises.
    """
    supervisor = _Supervisor(run, sys.stdin.isatty() if attended is None else attended)
    with supervisor.signals():
        try:
            supervisor.start_servers(servers)
            supervisor.interruptible(on_servers)
            supervisor.start_roles(roles)
            return supervisor.watch(on_ready, finished)
        except _StopRequested:
            return 0
        finally:
            supervisor.stop()


class _Supervisor:
    """The keepers, in order of start, and whether somebody asked to stop."""

    def __init__(self, run: str, attended: bool) -> None:
        self._run, self._attended = run, attended
        self._reload = False
        self._servers: list[Keeper] = []
        self._roles: list[Keeper] = []
        self._signals = 0
        self._may_interrupt = False

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take the signals that ask to stop, for the length of the block."""
        wanted = {signal.SIGTERM: self._on_signal, signal.SIGINT: self._on_signal}
        if not self._attended:
            wanted[signal.SIGHUP] = self._on_reload
        elif signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
            wanted[signal.SIGHUP] = self._on_signal
        before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Only count, so that nothing is cut off between starting a child and knowing of it."""
        self._signals += 1
        if self._may_interrupt:
            self._may_interrupt = False
            raise _StopRequested

    def _on_reload(self, number: int, frame: FrameType | None) -> None:
        self._reload = True

    def reload(self) -> None:
        """Let whoever can do so read the configuration again."""
        self._reload = False
        names = []
        for keeper in self._roles:
            if keeper.child.reloads and keeper.ready and keeper.running:  # who starts now reads it anyway
                keeper.running.reload()
                names.append(keeper.child.name)
        log.info("configuration_handed_on", children=names)

    def interruptible(self, callback: Callable[[], None]) -> None:
        """Call something of the caller's that may take long: a signal cuts it off."""
        self._may_interrupt = True
        try:
            self._raise_if_asked()
            callback()
        finally:
            self._may_interrupt = False

    def start_servers(self, servers: Sequence[Child]) -> None:
        """One after the other, each ready before the next."""
        for child in servers:
            self._raise_if_asked()
            keeper = Keeper(child, self._run)
            self._servers.append(keeper)
            keeper.start()
            self._await_first_ready(keeper)

    def start_roles(self, roles: Sequence[Child]) -> None:
        """All at once: they need the servers, not each other."""
        for child in roles:
            self._raise_if_asked()
            keeper = Keeper(child, self._run)
            self._roles.append(keeper)
            keeper.start()

    def watch(self, on_ready: Callable[[], None], finished: Callable[[], int | None]) -> int:
        """Keep everybody running until asked to stop, or finished."""
        told = False
        while self._signals == 0:
            for keeper in (*self._servers, *self._roles):
                keeper.tend()
            if self._reload:
                self.reload()
            if not told and all(keeper.ready for keeper in (*self._servers, *self._roles)):
                told = True
                self.interruptible(on_ready)
            if (exit_code := finished()) is not None:
                return exit_code
            time.sleep(_LOOK)
        return 0

    def stop(self) -> None:
        """Roles first, all at once; then the servers, the last started first."""
        log.info("stopping")
        self._stop_together(self._roles)
        for server in reversed(self._servers):
            self._stop_together([server])
        log.info("stopped")

    def _raise_if_asked(self) -> None:
        if self._signals:
            raise _StopRequested

    def _await_first_ready(self, keeper: Keeper) -> None:
        """A server that cannot even start the first time will not by trying again: say why."""
        child = keeper.child
        deadline = time.monotonic() + child.ready_within
        while not keeper.ready:
            self._raise_if_asked()
            keeper.tend()
            if keeper.exit_code is not None:
                reason = " ".join(str(word) for item in describe_exit(keeper.exit_code).items() for word in item)
                raise CannotStartError(f"{child.name} ended before it was ready ({reason}){_log_of(child)}")
            if time.monotonic() > deadline:
                raise CannotStartError(f"{child.name} was not ready within {child.ready_within:g} s{_log_of(child)}")
            time.sleep(_LOOK)

    def _stop_together(self, keepers: Sequence[Keeper]) -> None:
        """Ask, wait, and kill who is left when the time is over, or when somebody asks us a second time."""
        asked = time.monotonic()
        running = [keeper.running for keeper in reversed(keepers) if keeper.running is not None]
        for child in running:
            child.terminate()
        while self._signals < 2 and any(
            child.exit_code is None and time.monotonic() < asked + child.child.stop_within for child in running
        ):
            time.sleep(_LOOK)
        for keeper in reversed(keepers):
            _end(keeper)


def _end(keeper: Keeper) -> None:
    """Whatever is left of it, and of what it started."""
    if keeper.running is None:
        return
    late = keeper.running.exit_code is None
    exit_code = keeper.running.kill()
    keeper.running = None
    log.info("child_killed" if late else "child_stopped", child=keeper.child.name, **describe_exit(exit_code))


def _log_of(child: Child) -> str:
    """The end of what it wrote to its own files; who writes to our standard error has been seen already."""
    texts = [(path, last_lines(path)) for path in (child.log, child.output) if path is not None]
    return "".join(f"\nthe end of {path}:\n{text}" for path, text in texts if text)
