"""The dashboard as a process of its own, with a clock that stands: -m tests.dashboard_process CONFIG LISTEN NOW."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.error import HTTPError
from urllib.request import urlopen

from clickjoin.embedded.ports import free_port
from tests.forked import Forked
from tests.polling import until
from tests.support.catalogue import memory_writer
from tests.support.dashboard_rows import NOW

CONFIG = """
[clickhouse]
url = "{dsn}"
[kafka]
bootstrap = "127.0.0.1:1"
[ingest]
listen = "{ingest}"
secrets = ["0123456789abcdef0123456789abcdef"]
[events.install]
step = 1
[events.trial]
step = 2
[events.subscribe]
step = 3
[networks.acme]
key = "a-key-of-acme"
[networks.acme.params]
click_id = "aff_sub"
[sources.pops]
click_id_param = "zoneclick"
[sources.pops.postbacks."*"]
url = "https://pops.example/pb?cid={{source_click_id}}"
[offers.game]
network = "acme"
url = "https://offer.example/?aff_sub={{click_id}}"
[campaigns.spring]
source = "pops"
offers = ["game"]
"""


WELL = {"away": {}, "ingest_ready": True, "spooled": 0, "roles": {}}
"""What `clickjoin status` says where nothing is wrong."""


class DashboardProcess:
    """A running dashboard."""

    def __init__(
        self,
        folder: Path,
        dsn: str,
        more: str = "",
        now: datetime = NOW,
        *,
        well: bool = False,
        ingest: str = "127.0.0.1:1",
    ) -> None:
        """well: as if ingest, Kafka and all roles answered. ingest: where it listens."""
        self.listen = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.listen}"
        self.config, self.log = folder / "dashboard.toml", folder / "dashboard.log"
        self.config.write_text(CONFIG.format(dsn=dsn, ingest=ingest) + more)
        options = [now.isoformat(), "well"] if well else [now.isoformat()]
        self.process = Forked("tests.dashboard_process", [str(self.config), self.listen, *options], self.log)

    def __enter__(self) -> Self:
        until(self._answers, 30, f"the dashboard answers; its log: {self.log}")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        assert self.process.wait(timeout=60) == 0, self.log.read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page, without a browser."""
        try:
            with urlopen(self.url + path, timeout=60) as answer:
                return int(answer.status), answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/health/ready")[0] == 200
        except OSError:
            return False


def main(config: Path, listen: str, now: datetime, well: bool) -> int:
    from clickjoin.pages import Pages
    from dashboard.run import run
    from presets.load import load_settings, read_tree

    settings = load_settings(config, os.environ)
    catalogue = memory_writer(read_tree(config))
    pages = Pages(settings, now=lambda: now, catalogue=catalogue, known=catalogue.read)
    services = replace(pages.services(), status=lambda: WELL) if well else pages.services()
    return run(services, listen, lambda: load_settings(config, os.environ), pages.use)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3]), "well" in sys.argv[4:]))
