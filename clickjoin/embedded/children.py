"""Child processes that never outlive their parent."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

RUN_VARIABLE = "CLICKJOIN_RUN"  # in the environment of every child and of whatever the child starts
_PR_SET_PDEATHSIG = 1
_STANDARD_ERROR = 2


@dataclass(frozen=True)
class Child:
    """A program to run, and how to know that it works. Times are seconds."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # besides what we have ourselves
    cwd: Path | None = None
    prepare: Callable[[], None] | None = None  # called before every start
    ready: Callable[[], bool] | None = None  # asked again and again; None: ready once started
    ready_within: float = 60.0
    stop_within: float = 15.0  # from SIGTERM to SIGKILL
    reloads: bool = False  # reads its configuration again at SIGHUP
    log: Path | None = None  # where it writes its own log: its end is shown when it dies before it is ready
    output: Path | None = None  # of its standard output and error; None: our standard error


class Running:
    """A started child: a process, and the session of which it is the leader."""

    def __init__(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        self.child = child
        self.pid = process.pid
        self.started = time.monotonic()
        self._process = process

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def terminate(self) -> None:
        """Ask it to stop (SIGTERM)."""
        self._process.terminate()

    def reload(self) -> None:
        """Ask it to read its configuration again (SIGHUP)."""
        self._process.send_signal(signal.SIGHUP)

    def end_by(self, deadline: float) -> int:
        """Wait for its end until `deadline` (monotonic), then kill it and all of its session. Returns the exit code."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        return self.kill()

    def stop(self) -> int:
        """SIGTERM, and SIGKILL when that took too long. Returns the exit code."""
        self.terminate()
        return self.end_by(time.monotonic() + self.child.stop_within)

    def kill(self) -> int:
        """SIGKILL for it and for what it started, dead leader or not. Returns the exit code."""
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
            os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait()


def start(child: Child, run: str = "") -> Running:
    """Start it in a session of its own, so that Ctrl-C reaches us alone. Call this from the main thread: on Linux
    the child is killed when the thread that started it ends.

    run: the token of this run, by which the child's descendants are found.
    """
    if child.prepare:
        child.prepare()
    with _output_of(child) as output:
        process = subprocess.Popen(
            list(child.argv),
            env={**os.environ, **child.env, RUN_VARIABLE: run},
            cwd=child.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),
        )
    return Running(child, process)


@contextmanager
def _output_of(child: Child) -> Iterator[int]:
    """Where standard output and error of the child go. Results are ours alone, so never to our standard output."""
    if child.output is None:
        yield _STANDARD_ERROR
        return
    with child.output.open("wb") as file:
        yield file.fileno()


def _die_with(parent: int) -> Callable[[], None] | None:
    """For the child, before it becomes its program: let the kernel kill it when its parent dies, by whatever signal."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: between fork and exec as little as possible

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    return before_exec


def last_lines(path: Path, count: int = 12) -> str:
    """The end of a log file; empty where there is none."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""
