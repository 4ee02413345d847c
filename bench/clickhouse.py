"""The embedded ClickHouse of a bench, as a process of its own."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from clickhouse_connect.driver.client import Client

from bench.kafka import BenchError
from clickjoin.embedded.children import Child, Running, last_lines, start
from clickjoin.embedded.ports import free_port
from clickjoin.status.overall import answers_ok
from sql.connect import connect

_START_WITHIN = 60.0  # seconds
_ANSWER_WITHIN = 3600
_LOOK_AGAIN = 0.1
_RESET_PEAK = "5"  # what /proc/PID/clear_refs takes for: forget the highest memory so far


class Server:
    """A running engine."""

    def __init__(self, running: Running, port: int) -> None:
        self.port = port
        self._pid = running.pid

    def dsn(self, database: str) -> str:
        """The address of a database, for clients."""
        return f"http://127.0.0.1:{self.port}/{database}"

    def client(self, database: str) -> Client:
        """A client that waits for long answers. The caller closes it."""
        return connect(self.dsn(database), send_receive_timeout=_ANSWER_WITHIN)

    def cpu_seconds(self) -> float:
        """User and system time of all its threads."""
        times = psutil.Process(self._pid).cpu_times()
        return float(times.user + times.system)

    def forget_peak(self) -> None:
        """From now on `peak_gb` counts anew."""
        Path(f"/proc/{self._pid}/clear_refs").write_text(_RESET_PEAK)

    def peak_gb(self) -> float:
        """The most memory it held since then, caches included."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self._pid}/status").read_text())
        return int(found.group(1)) * 1024 / 1e9 if found else 0.0


@contextmanager
def clickhouse(folder: Path) -> Iterator[Server]:
    """An engine with its data in `folder`, stopped in the end. Raises BenchError where it does not start."""
    port = free_port()
    argv = [sys.executable, "-m", "clickjoin.embedded.clickhouse", "--path", str(folder), "--port", str(port)]
    running = start(Child(name="clickhouse", argv=argv, output=folder.with_suffix(".log")))
    try:
        deadline = time.monotonic() + _START_WITHIN
        while not answers_ok(f"http://127.0.0.1:{port}/ping"):
            if running.exit_code is not None or time.monotonic() > deadline:
                raise BenchError(f"ClickHouse did not start:\n{last_lines(folder.with_suffix('.log'))}")
            time.sleep(_LOOK_AGAIN)
        yield Server(running, port)
    finally:
        running.stop()
