"""One clickjoin per data folder, and nothing left of the one before.

The processes of a run carry its token in their environment, and so does whatever they start. DATA/run holds the tokens
of runs that may have left something behind; a guard process ends what the token finds as soon as its parent is gone,
and the next run does the same again for the case that the guard was killed too.
"""

import fcntl
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import structlog

from clickjoin.embedded.children import RUN_VARIABLE
from clickjoin.embedded.errors import CannotStartError

_DYING = 20.0  # seconds that a killed process may need until it is gone
_TOKEN_BYTES = 8

log = structlog.get_logger()


@contextmanager
def claim(data: Path) -> Iterator[str]:
    """Own the data folder until the block ends, first ending what an earlier run of it left. Yields the run's token.

    Raises CannotStartError where another clickjoin owns it.
    """
    folder = data / "run"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise CannotStartError(
            f"{data} cannot be written ({error.strerror}): give another folder with --data"
        ) from None
    with lock:
        _lock(lock.fileno(), folder / "lock", data)
        for stale in folder.glob("*.token"):
            end_leftovers(stale.stem)
            stale.unlink()
        token = secrets.token_hex(_TOKEN_BYTES)
        (folder / f"{token}.token").touch()
        try:
            with _guard(token):
                yield token
        finally:
            end_leftovers(token)
            (folder / f"{token}.token").unlink()


def end_leftovers(token: str) -> int:
    """Kill every process that carries the token, and wait until it is gone. Returns how many there were."""
    ended = 0
    while found := [process for process in psutil.process_iter() if _carries(process, token)]:
        for process in found:
            log.warning("leftover_process_ended", pid=process.pid)
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=_DYING)
        ended += len(found)
    return ended


def _carries(process: psutil.Process, token: str) -> bool:
    with suppress(psutil.Error, OSError):
        return bool(process.environ().get(RUN_VARIABLE) == token)
    return False


def _lock(descriptor: int, path: Path, data: Path) -> None:
    """Take the lock (the kernel lets go of it when we die), and write who has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = path.read_text().strip() or "unknown"
        raise CannotStartError(
            f"{data} is in use by another clickjoin (process {owner}): stop that, or give another folder with --data"
        ) from None
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())


@contextmanager
def _guard(token: str) -> Iterator[None]:
    """A process that waits for our end: its standard input closes with us, whatever kills us."""
    guard = subprocess.Popen(
        [sys.executable, "-m", "clickjoin.embedded.leftovers", token],
        stdin=subprocess.PIPE,
        stdout=sys.__stderr__,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.communicate()


if __name__ == "__main__":
    sys.stdin.read()
    end_leftovers(sys.argv[1])
