"""`make bench-pending`: emit with a million deliveries that wait: its memory, its start with and without its disk."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from bench.backlog import KeyValue
from bench.drain import OPEN, Worker, worker
from bench.kafka import BenchError, Broker, broker
from bench.kind import Bench, Figure, Plan
from bench.outcomes import configuration, outcome
from bench.results import Results, machine, rounded
from clickjoin.embedded.ports import free_port
from presets.load import load_settings
from schemas.topics import DELIVERIES, TOPICS
from schemas.wire import encode
from streams.emit.routes import routes_of
from streams.emit.routing import deliveries_of

_SOURCE = "away"
_SENDS_FOR = 15.0  # seconds: it reads ahead, sends and records meanwhile, and flushes its state


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where a worker does not start."""
    with broker(plan.folder / "kafka") as kafka:
        kafka.make_topics(*TOPICS)
        return _PendingBench(plan, kafka).run()


class _PendingBench:
    def __init__(self, plan: Plan, kafka: Broker) -> None:
        self._plan, self._kafka, self._folder = plan, kafka, plan.folder / "emit"
        self._folder.mkdir()
        self._config = self._folder / "clickjoin.toml"
        self._config.write_text(configuration(kafka.servers, {_SOURCE: f"http://127.0.0.1:{free_port()}/"}))

    def run(self) -> Results:
        """Fill the topic; start on an empty disk; kill; start on what is there."""
        told = self._plan.step("deliveries that wait", self._plan.records)
        self._kafka.fill(DELIVERIES, self._scheduled(), told)
        lost, memory = self._start(self._plan.step("start without a disk", 1))
        killed, _ = self._start(self._plan.step("start after a kill", 1))
        return {
            **{f"{name}_after_lost_disk": rounded(value, 2) for name, value in lost.items()},
            **{f"{name}_after_kill": rounded(value, 2) for name, value in killed.items()},
            "resident_mb": rounded(memory, 0),
            "records": self._plan.records,
            **machine(),
        }

    def _scheduled(self) -> Iterator[KeyValue]:
        routes = routes_of(load_settings(self._config, {}))
        for number in range(self._plan.records):
            now_ms = time.time_ns() // 1_000_000
            for made in deliveries_of(outcome(number, _SOURCE, now_ms, f"id-{number}"), routes, now_ms, 0, number):
                yield made.click_id.encode(), encode(made)

    def _start(self, told: Callable[[int], None]) -> tuple[dict[str, float], float]:
        """Start the worker, let it send for a while, and kill it. Returns how it started, and its memory in MB."""
        (self._folder / "emit.log").unlink(missing_ok=True)
        sizes = [0.0]

        def is_open() -> bool:
            sizes.append(running.resident_mb())
            return running.logged(OPEN) > 0

        with worker("emit", self._kafka.servers, self._folder) as running:
            running.wait(is_open, "all partitions are open")
            cpu = running.cpu_seconds()
            until, memory = time.monotonic() + _SENDS_FOR, max(sizes)
            while time.monotonic() < until:
                running.check()
                memory = max(memory, running.resident_mb())
                time.sleep(0.1)
            found = {**folding(self._folder / "emit.log", self._plan.records), "cpu_seconds": cpu}
            self._kill(running)
        told(1)
        return found, memory

    def _kill(self, running: Worker) -> None:
        """As kill -9 does: nothing is written to its disk any more."""
        process = psutil.Process(running.pid)
        process.kill()
        process.wait(10)


def folding(log: Path, records: int) -> dict[str, float]:
    """From the first partition that was begun to the last that was open. Raises BenchError where some are missing."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    folded = [line for line in lines if line.get("event") == "pending_folded"]
    pending = sum(line["pending"] for line in folded)
    if pending != records:
        raise BenchError(f"{pending} of {records} are pending")
    ends = [datetime.fromisoformat(line["timestamp"]).timestamp() for line in folded]
    begins = [end - line["seconds"] for end, line in zip(ends, folded, strict=True)]
    return {"start_s": max(ends) - min(begins), "folded": float(sum(line["folded"] for line in folded))}


_HOW = """\
{records} deliveries of one destination that refuses every connection lie on `deliveries` as `scheduled`, all of them
due; an Apache Kafka beside the worker, 8 partitions. The worker starts with an empty disk and folds all of them, by
processes of its own that count in; it tries to send for a while, its largest memory is read, and it is killed (-9).
Then it starts again with what its disk holds. A start is the time from the assignment of the partitions to the last one
that is open, by the worker's own log: what the group needs to notice that a killed member is gone comes before it."""

PENDING = Bench(
    name="pending",
    title="A million pending",
    how=_HOW,
    figures=(
        Figure("resident_mb", "the worker's memory, MB", "400 at most"),
        Figure("start_s_after_kill", "start after a kill, seconds", "5 at most"),
        Figure("start_s_after_lost_disk", "start without a disk, seconds", "15 at most"),
        Figure("cpu_seconds_after_lost_disk", "CPU seconds until it is open, without a disk"),
    ),
    records=1_000_000,
    run=run,
)
