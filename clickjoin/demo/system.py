"""The demo's own `clickjoin up`: configuration, keys, ports, and the process."""

import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from urllib.request import urlopen

from clickjoin.embedded.children import Child, Running, last_lines, start
from clickjoin.embedded.ports import free_port, listening

_USUAL = {"kafka": 9092, "clickhouse": 8123, "ingest": 8080, "dashboard": 8081}
_KEYS = ("acme", "billing", "native")  # of two networks and a source


@dataclass(frozen=True)
class System:
    """A running clickjoin with the demo's configuration."""

    config: Path
    data: Path
    log: Path
    ports: Mapping[str, int]
    keys: Mapping[str, str]  # by network, and of the source "native"
    running: Running

    @property
    def ingest(self) -> str:
        """The base URL of the endpoint."""
        return f"http://127.0.0.1:{self.ports['ingest']}"

    @property
    def dsn(self) -> str:
        """Of ClickHouse."""
        return f"http://default@127.0.0.1:{self.ports['clickhouse']}/clickjoin"

    def ready(self) -> bool:
        """Whether the endpoint takes requests."""
        try:
            with urlopen(f"{self.ingest}/health/ready", timeout=2) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except OSError:
            return False

    def failure(self) -> str | None:
        """Why it no longer runs; None while it does."""
        code = self.running.exit_code
        return None if code is None else f"clickjoin up ended with {code}:\n{last_lines(self.log, 30)}"

    def stop(self) -> None:
        """Stop everything, in order."""
        self.running.stop()


def start_system(folder: Path, data: Path, stand_in: str, *, usual_ports: bool = True) -> System:
    """Write the configuration into `folder` and start `clickjoin up` with it, on the usual ports if they are free."""
    ports = {name: port if usual_ports and not listening(port) else free_port() for name, port in _USUAL.items()}
    keys = {name: secrets.token_hex(8) for name in _KEYS}
    config, log = folder / "demo.toml", folder / "up.log"
    config.touch(mode=0o600)
    config.write_text(_configuration(ports, keys, stand_in), encoding="utf-8")
    return System(config, data, log, ports, keys, start(_up(config, data, log)))


def start_again(system: System) -> System:
    """The same system once more, after it was stopped or killed."""
    return replace(system, running=start(_up(system.config, system.data, system.log)))


def _up(config: Path, data: Path, log: Path) -> Child:
    argv = [sys.executable, "-m", "clickjoin", "up", "--config", str(config), "--data", str(data)]
    return Child(name="up", argv=argv, output=log, stop_within=60.0)


def _configuration(ports: Mapping[str, int], keys: Mapping[str, str], stand_in: str) -> str:
    text = (files("clickjoin.demo") / "demo.toml").read_text(encoding="utf-8").replace("STAND_IN", stand_in)
    for name, port in ports.items():
        text = text.replace(f"PORT_{name.upper()}", str(port))
    for name, key in keys.items():
        text = text.replace(f"KEY_{name.upper()}", key)
    return text
