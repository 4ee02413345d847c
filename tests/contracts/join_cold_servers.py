"""A join worker with a ClickHouse, clicks of long ago in its tables, and what is said about them."""

import os
import signal
from pathlib import Path
from time import time
from typing import Any

from schemas.records import Click, Outcome
from schemas.topics import EVENTS, OUTCOMES
from sql.migrate import migrate
from streams.join.state import DAY_MS, KEEP_DAYS
from tests.contracts.clickhouse_front import FrontProcess, free_port
from tests.contracts.sink_records import on_topic, write
from tests.forked import Forked
from tests.polling import until
from tests.support.join_cold import minted
from tests.support.join_samples import Join, click, postback
from tests.support.pipeline import SESSION_TIMEOUT, JoinWorker, Pipeline

PARTITIONS = 2
NOW = int(time() * 1000)
LONG_AGO = KEEP_DAYS + 30


class ColdWorker(JoinWorker):
    """A join worker with a ClickHouse."""

    def __init__(self, bootstrap: str, data: Path, url: str, *wishes: str) -> None:
        super().__init__(bootstrap, data)
        self._arguments = [bootstrap, str(data), SESSION_TIMEOUT, url, *wishes]

    def start(self) -> "ColdWorker":
        self.process = Forked("tests.support.join_cold_worker", self._arguments, self.log)
        return self


class Front:
    """ClickHouse with our tables, that can be killed and started again where it was."""

    def __init__(self, path: Path) -> None:
        self._path, self._port = path, free_port()
        self.dsn = f"http://default@127.0.0.1:{self._port}/clickjoin"
        self.start()
        migrate(self.dsn)

    def start(self) -> None:
        self.process = FrontProcess(self._path, port=self._port).wait_until_ready()

    def kill(self) -> None:
        if self.process.process.poll() is None:
            os.kill(self.process.process.pid, signal.SIGKILL)
        self.process.__exit__()


def old_click(number: int, click_id: str = "", **fields: Any) -> Click:
    """A click whose state every worker has dropped long ago."""
    at = NOW - LONG_AGO * DAY_MS
    facts = {"clicked_at": at, "received_at": at, "payouts": {"trial": "0.70 EUR"}, "subs": {"sub3": "x"}}
    return click(click_id or minted(LONG_AGO, number, NOW), **(facts | fields))


def tables_know(front: Front, old: Click, *outcomes: Outcome) -> None:
    """Write as the sink does."""
    write(front.dsn, EVENTS, on_topic(EVENTS, [old]))
    if outcomes:
        write(front.dsn, OUTCOMES, on_topic(OUTCOMES, outcomes))


def decided_then(old: Click, *told: tuple[str, str, dict[str, Any]]) -> list[Outcome]:
    """What the join said of its postbacks at the time."""
    join = Join()
    join.at = old.clicked_at
    join.feed(old)
    fields: dict[str, Any] = {"click_id": old.click_id, "received_at": old.clicked_at}
    return [one for id_, event, more in told for one in join.feed(postback(id_, event, **(fields | more)))]


def becomes(pipeline: Pipeline, postback_id: str, outcome: str, seconds: float = 40) -> Outcome:
    """Wait until a postback's row says so. Returns the last outcome that was sent of it."""

    def done() -> Outcome | None:
        sent = [one for one in pipeline.outcomes() if one.postback.postback_id == postback_id]
        latest = max(sent, key=lambda one: one.version, default=None)
        return latest if latest and latest.outcome == outcome else None

    return until(done, seconds, f"{postback_id} is {outcome}")  # type: ignore[return-value]


def words(pipeline: Pipeline, postback_id: str) -> list[str]:
    """Everything that was ever said of it."""
    sent = sorted(pipeline.outcomes(), key=lambda one: one.version)
    return [f"{one.outcome} {one.reason}".strip() for one in sent if one.postback.postback_id == postback_id]
