"""An ingest with landers, whose records lie in its spool as no broker is there."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from clickjoin.embedded.ports import free_port
from schemas.wire import decode_event
from tests.ingest_process import IngestProcess
from tests.ingest_samples import tree


@contextmanager
def ingest_alone(folder: Path, site: str, **networks: Any) -> Iterator[IngestProcess]:
    """An ingest that writes into its spool."""
    before = tree()
    sections = {
        "ingest": {
            "click_timeout": "10ms",
            "spool_after": "10ms",
            "publish_timeout": "500ms",
            "trusted_proxies": ["127.0.0.0/8"],
        },
        "networks": networks,
        "geo": {"headers": {"country": "CF-IPCountry"}},
        "landers": {"own": {"url": f"{site}/lander?click_id={{click_id}}&source_click_id={{source_click_id}}"}},
        "offers": {
            name: offer | {"url": f"{site}/offer/{name}?click_id={{click_id}}&s={{source_click_id}}"}
            for name, offer in before["offers"].items()
        },
        "campaigns": {name: before["campaigns"][name] | {"landers": ["own"]} for name in ("spring", "both")},
    }
    process = IngestProcess(folder, f"127.0.0.1:{free_port()}", free_port(), **sections)
    try:
        yield process.wait_for("/health/live", 200)
    finally:
        process.stop()


def recorded(ingest: IngestProcess) -> list[Any]:
    """Everything that an ingest, stopped by now, recorded on `events`."""
    with closing(sqlite3.connect(ingest.spool)) as spool:
        rows = spool.execute("SELECT value FROM records WHERE topic = 'events' ORDER BY id").fetchall()
    return [decode_event(value) for (value,) in rows]


def kept(ingest: IngestProcess) -> list[str]:
    with closing(sqlite3.connect(ingest.spool)) as spool:
        rows = spool.execute("SELECT value FROM records WHERE topic = 'invalid' ORDER BY id").fetchall()
    return [json.loads(value)["code"] for (value,) in rows]


def id_in(location: str) -> str:
    return parse_qs(urlsplit(location).query)["click_id"][0]
