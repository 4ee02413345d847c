"""Processes that need not import anything: they are forked from one that has imported everything, and started nothing.

A start then takes a third of the CPU, and a hundred are started. Where the command line itself is the point, or the
whole system, it is run as users run it.
"""

import atexit
import ctypes
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_FROM = multiprocessing.get_context("forkserver")
_FROM.set_forkserver_preload(["tests.imported"])


class Forked:
    """`python -m MODULE ARGUMENTS` in a session of its own. As subprocess.Popen, as far as tests ask."""

    def __init__(
        self, module: str, arguments: Sequence[str], output: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """output: of its standard output and error, which are appended. env: besides what we have ourselves."""
        whole = {**os.environ, **(env or {})}
        self.args = [sys.executable, "-m", module, *arguments]
        begun, begins = _FROM.Pipe(duplex=False)
        given = (module, [*arguments], str(output), whole, begins)
        self._process = _FROM.Process(target=_become, args=given, daemon=True)
        self._process.start()
        begins.close()
        with begun, suppress(EOFError):  # killed already
            begun.recv()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit code; None while it runs; negative: the signal that ended it."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            if self.poll() is None:
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _become(module: str, arguments: Sequence[str], output: str, env: Mapping[str, str], begins: Connection) -> None:
    """In the child: what an interpreter does that was started with these arguments."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # as children of ours: it goes when we go
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    with open(os.devnull, "rb") as nothing, open(output, "ab") as file:
        for descriptor, stands_for in ((nothing, 0), (file, 1), (file, 2)):
            os.dup2(descriptor.fileno(), stands_for)
    sys.argv = [module, *arguments]
    with begins:
        begins.send(None)  # its session and its log are there
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
