"""Roles as processes that are killed and started again, as a supervisor would."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import cast

from clickjoin.embedded.children import Child, Running, last_lines
from clickjoin.embedded.ports import free_port
from tests.forked import Forked

RESTART_AFTER = 0.5  # seconds
ENDS_WITHIN = 40.0  # seconds from SIGTERM on


class RoleProcess:
    """`clickjoin ROLE --config FILE --data DIR`, with a configuration and a data folder of its own."""

    environment: Mapping[str, str] = {**os.environ, "CLICKJOIN_SECRET": "a secret that only the tests of chaos have"}

    def __init__(self, role: str, folder: Path, servers: str) -> None:
        self.name, self._role, self._folder, self._servers = folder.name, role, folder, servers
        self.data, self._config = folder / "data", folder / "clickjoin.toml"
        folder.mkdir(parents=True)
        self._port = free_port()
        self._lives = 0
        self._running: Running | None = None
        self._starts_at = 0.0
        self._goes_on_at: float | None = None
        self._ends_by: float | None = None
        self._is_struck = False  # its end, if it ends now, was our doing
        self.died: list[str] = []  # of itself, and what it said
        self.stuck: list[str] = []

    def configure(self, events: str) -> None:
        """What it is started with from the next time on. `events`: the sections of the funnel."""
        metrics = f'[metrics]\n{self._role} = "127.0.0.1:{self._port}"'
        self._config.write_text(f'{self._servers}{metrics}\n[ingest]\nsecrets = ["env:CLICKJOIN_SECRET"]\n{events}')

    def command(self, command: str) -> list[str]:
        """The arguments of a process with this configuration."""
        files = ["--config", str(self._config), "--data", str(self.data)]
        return [sys.executable, "-m", "clickjoin", command, *files]

    def prepare(self) -> None:
        """`clickjoin migrate`."""
        command = self.command("migrate")
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr

    @property
    def is_up(self) -> bool:
        """Whether it runs, and nothing is happening to it."""
        return self._running is not None and self._running.exit_code is None and not self._is_struck

    def tend(self) -> None:
        """Do what is due: start it again, let it go on, bury it."""
        now = monotonic()
        if self._running is None:
            if now >= self._starts_at:
                self._start()
        elif (code := self._running.exit_code) is not None:
            self._bury(code)
        elif self._goes_on_at is not None and now >= self._goes_on_at:
            os.kill(self._running.pid, signal.SIGCONT)
            self._goes_on_at, self._is_struck = None, False
        elif self._ends_by is not None and now >= self._ends_by:
            self.stuck.append(f"{self.name} did not end within {ENDS_WITHIN:g} s:\n{self._told()}")
            self._running.kill()

    def kill(self, pause: float = RESTART_AFTER, *, loses_disk: bool = False) -> None:
        """kill -9; it starts again after some seconds."""
        self._is_struck = True
        if self._running is not None:
            self._running.kill()
            self._bury(-signal.SIGKILL)
        if loses_disk:
            shutil.rmtree(self.data, ignore_errors=True)
        self._starts_at = monotonic() + pause

    def end(self) -> None:
        """SIGTERM; it starts again when it has ended."""
        assert self._running is not None
        self._is_struck, self._ends_by = True, monotonic() + ENDS_WITHIN
        self._running.terminate()

    def have_patience(self) -> None:
        """Kafka is back: whoever was told to end, and could not say goodbye to it, has its time from now on."""
        if self._ends_by is not None:
            self._ends_by = monotonic() + ENDS_WITHIN

    def stop(self, seconds: float) -> None:
        """SIGSTOP, for so long."""
        assert self._running is not None
        self._is_struck, self._goes_on_at = True, monotonic() + seconds
        os.kill(self._running.pid, signal.SIGSTOP)

    def close(self) -> None:
        """For good, once it was told to end: orderly, if it does so in time."""
        if self._running is not None:
            self._running.end_by(monotonic() + self._running.child.stop_within)
            self._running = None

    def tell_to_end(self) -> None:
        """SIGTERM, before `close`."""
        if self._running is not None:
            self._running.terminate()

    def _start(self) -> None:
        self._lives += 1
        output = self._folder / f"{self._lives:03d}.log"
        child = Child(name=self.name, argv=self.command(self._role), env=self.environment, output=output)
        forked = Forked("clickjoin", child.argv[3:], output, self.environment)
        self._running = Running(child, cast("subprocess.Popen[bytes]", forked))
        self._is_struck = False

    def _bury(self, code: int) -> None:
        if not self._is_struck:
            self.died.append(f"{self.name} died of itself, exit code {code}:\n{self._told()}")
            print(self.died[-1], flush=True)
        self._running, self._goes_on_at, self._ends_by = None, None, None
        self._starts_at = monotonic() + RESTART_AFTER

    def _told(self) -> str:
        return last_lines(self._folder / f"{self._lives:03d}.log", 6)[-3000:]
