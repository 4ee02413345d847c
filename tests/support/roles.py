"""Workers as `clickjoin join`, `sink` and `emit` start them, on a real broker and a real ClickHouse, for tests."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from clickjoin.embedded.ports import free_port
from tests.forked import Forked
from tests.polling import until

_CONFIG = """
[kafka]
bootstrap = "{bootstrap}"
session_timeout = "6s"
[clickhouse]
url = "{dsn}"
[ingest]
secrets = ["0123456789abcdef0123456789abcdef"]
[emit]
allow = ["127.0.0.0/8"]
schedule = ["0s", "1h"]
[sources.pops.postbacks."*"]
url = "{destination}"
"""


class Connects(Protocol):
    """A role, or one of the clients that it has."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


Connected = TypeVar("Connected", bound=Connects)


@asynccontextmanager
async def started(one: Connected) -> AsyncIterator[Connected]:
    """A role or a client in this process, connected."""
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


class RoleProcess:
    """One worker, with its own data and its own port for health and metrics."""

    def __init__(self, role: str, config: Path, folder: Path, listen: str = "") -> None:
        self.role, self.listen = role, listen or f"127.0.0.1:{free_port()}"
        self.log = folder / f"{role}-{self.listen.rpartition(':')[2]}.log"
        options = ["--config", str(config), "--data", str(folder / f"{role}-data"), "--metrics-listen", self.listen]
        self.process = Forked("clickjoin", [role, *options], self.log)

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of one of its pages; 0 while nobody answers."""
        assert self.process.poll() is None, self.told()
        try:
            with urlopen(f"http://{self.listen}{path}", timeout=10) as answer:
                return int(answer.status), answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def until_ready(self) -> "RoleProcess":
        until(lambda: self.get("/health/ready")[0] == 200, 60, f"{self.role} is ready")
        return self

    def samples(self) -> dict[str, float]:
        """Everything that it tells, by name and labels as Prometheus writes them: `name{label="value"}`."""
        _, text = self.get("/metrics")
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return found

    def told(self) -> str:
        return self.log.read_text()[-4000:]

    def kill(self) -> None:
        """kill -9, if it still runs."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> int:
        """Orderly. Returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def write_config(folder: Path, bootstrap: str, dsn: str, destination: str = "https://pops.example/") -> Path:
    """The configuration of all of them. `destination`: the URL of the source "pops"."""
    config = folder / "clickjoin.toml"
    config.write_text(_CONFIG.format(bootstrap=bootstrap, dsn=dsn, destination=destination))
    return config
