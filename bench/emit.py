"""`make bench-emit`: deliveries per core from `outcomes` to acknowledged `deliveries`, beside the bare HTTP client."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from bench.destination import Stand, destination
from bench.drain import Worker, worker
from bench.kafka import BenchError, Broker, broker
from bench.kind import Bench, Figure, Plan
from bench.outcomes import configuration, outcomes
from bench.results import Results, machine, rounded, spread
from schemas.topics import DELIVERIES, OUTCOMES, TOPICS
from schemas.wire import decode_delivery

_SOURCES = ("pops", "push", "native", "clicks")
_CONNECTIONS = 64  # of the bare client: as many as emit has towards one destination
_WARM = 200
_LOOK_AGAIN = 0.25  # seconds
_RECORDS_EACH = 2  # on `deliveries`: scheduled, delivered


class _Rates(NamedTuple):
    per_cpu_second: float
    per_second: float


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where something was not told, or told twice."""
    with broker(plan.folder / "kafka") as kafka, destination(plan.folder) as stand:
        kafka.make_topics(*TOPICS)
        return _EmitBench(plan, kafka, stand).run()


class _EmitBench:
    def __init__(self, plan: Plan, kafka: Broker, stand: Stand) -> None:
        self._plan, self._kafka, self._stand = plan, kafka, stand
        self._numbers = 0  # clicks so far: none is told of twice

    def run(self) -> Results:
        """Both programs several times and in turns."""
        emit, bare, resident = [], [], []
        for number in range(1, self._plan.runs + 1):
            rates, memory = self._emit(number)
            emit.append(rates)
            resident.append(memory)
            bare.append(self._bare())
        per_cpu_second = [one.per_cpu_second for one in emit]
        return {
            **spread("deliveries_per_cpu_second", per_cpu_second),
            **spread("deliveries_per_second", [one.per_second for one in emit]),
            **spread("bare_client_per_cpu_second", [one.per_cpu_second for one in bare]),
            "share_of_bare_client": rounded(median(per_cpu_second) / median(one.per_cpu_second for one in bare), 2),
            **spread("resident_mb", resident),
            "records": self._plan.records,
            "warm": _WARM,
            "sources": len(_SOURCES),
            "connections": _CONNECTIONS,
            "runs": self._plan.runs,
            **machine(),
        }

    def _emit(self, number: int) -> tuple[_Rates, float]:
        """The worker, which is up and warm before anything is measured. Returns its rates and its memory in MB."""
        told = self._plan.step(f"emit, run {number}", self._plan.records)
        folder = self._plan.folder / f"emit-{number}"
        folder.mkdir()
        urls = {name: f"{self._stand.url}/{name}/ok" for name in _SOURCES}
        (folder / "clickjoin.toml").write_text(configuration(self._kafka.servers, urls))
        with worker("emit", self._kafka.servers, folder) as running:
            self._tell(running, _WARM, lambda count: None)
            self._stand.forget()
            begins = self._kafka.ends(DELIVERIES)
            cpu, clock = running.cpu_seconds(), time.monotonic()
            self._tell(running, self._plan.records, told)
            cpu, clock = running.cpu_seconds() - cpu, time.monotonic() - clock
            memory = running.resident_mb()
        self._prove(begins)
        return _Rates(self._plan.records / cpu, self._plan.records / clock), memory

    def _tell(self, running: Worker, count: int, told: Callable[[int], None]) -> None:
        """Append so many outcomes, and wait until as many deliveries have ended."""
        begins = sum(self._kafka.ends(DELIVERIES).values())
        numbers = range(self._numbers, self._numbers + count)
        self._numbers += count
        self._kafka.fill(OUTCOMES, outcomes(numbers, _SOURCES), lambda done: None)

        def have_ended() -> bool:
            time.sleep(_LOOK_AGAIN)
            ended = (sum(self._kafka.ends(DELIVERIES).values()) - begins) // _RECORDS_EACH
            told(min(ended, count))
            return ended >= count

        running.wait(have_ended, f"{count} deliveries have ended")

    def _prove(self, begins: dict[int, int]) -> None:
        """The stand-in's own count, and what lies on the broker."""
        records = [record for chunk in self._kafka.read(DELIVERIES, begins) for record in chunk]
        delivered = {
            one.delivery_id for one in (decode_delivery(record.value) for record in records) if one.state == "delivered"
        }
        counted, wanted = self._stand.counts()[""], self._plan.records
        if (counted.requests, counted.deliveries, len(delivered)) != (wanted, wanted, wanted):
            raise BenchError(
                f"of {wanted} the stand-in counts {counted.deliveries} in {counted.requests} requests, "
                f"and {len(delivered)} are recorded as delivered"
            )

    def _bare(self) -> _Rates:
        """The client alone, as many requests."""
        self._stand.forget()
        count = self._plan.records
        argv = [sys.executable, "-m", "bench.bare_http", f"{self._stand.url}/bare/ok", str(count), str(_CONNECTIONS)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        counted = self._stand.counts()["bare"]
        if done.returncode or counted.deliveries != count:
            raise BenchError(f"the bare client: {counted.deliveries} of {count} came\n{done.stderr[-2000:]}")
        found = json.loads(done.stdout)
        return _Rates(found["per_cpu_second"], found["per_second"])


_HOW = """\
One worker of emit as it runs in production, an Apache Kafka of its own beside it on the same machine, 8 partitions,
{sources} destinations. It is up and has told of {warm} outcomes before; then {records} outcomes are appended, and its
CPU time counts until the broker has acknowledged the last record on `deliveries`: each is decided, scheduled, rendered,
sent by GET, and its answer recorded. The destinations are a stand-in in a process of its own, which counts by delivery
ID; its count and the records are compared, and a difference fails the bench. {runs} times, in turns with the bare
client: libcurl's multi interface as emit has it, with {connections} connections and nothing else
(`bench/bare_http.py`)."""

EMIT = Bench(
    name="emit",
    title="Emit",
    how=_HOW,
    figures=(
        Figure("deliveries_per_cpu_second", "deliveries per CPU second", "8,000"),
        Figure("deliveries_per_second", "deliveries per second by the clock"),
        Figure("bare_client_per_cpu_second", "requests of the bare client per CPU second"),
        Figure("share_of_bare_client", "emit as a share of the bare client"),
        Figure("resident_mb", "the worker's memory, MB"),
    ),
    records=100_000,
    run=run,
)
