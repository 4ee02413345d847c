"""`make bench-latency`: from a click to its source postback through the whole pipeline, at half of its full load."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.destination import Counts, Stand, destination
from bench.kafka import BenchError
from bench.kind import Bench, Figure, Plan
from bench.results import Results, machine, rounded, spread
from clickjoin.embedded.children import Child, last_lines, start
from clickjoin.embedded.ports import free_port
from clickjoin.status.overall import answers_ok
from tests.polling import until

_KEY = "bench-key-0123456789"
_LANES = 32
_PART_OF_FULL_LOAD = 0.5
_LOOK_AGAIN = 0.2
_WARM = 500
_START_WITHIN, _TOLD_WITHIN = 120, 240  # seconds
_CONFIG = f"""
[kafka]
port = {{kafka}}
[clickhouse]
port = {{clickhouse}}
[ingest]
listen = "127.0.0.1:{{ingest}}"
[metrics]
join = "127.0.0.1:{{join}}"
sink = "127.0.0.1:{{sink}}"
emit = "127.0.0.1:{{emit}}"
[emit]
allow = ["127.0.0.0/8"]
[events.install]
step = 1
[networks.acme]
key = "{_KEY}"
[networks.acme.params]
click_id = "aff_sub"
[sources.pops]
click_id_param = "zoneclick"
[sources.pops.postbacks."*"]
url = "{{stand}}/pops/ok?id={{{{delivery_id}}}}&at={{{{source_click_id}}}}&goal={{{{event}}}}&payout={{{{payout|2}}}}"
[offers.game]
network = "acme"
url = "https://offer.example/?aff_sub={{{{click_id}}}}"
[campaigns.spring]
source = "pops"
offers = ["game"]
"""


class _Load(NamedTuple):
    """What was sent, and what the source heard."""

    per_second: float
    counts: Counts


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where the source did not hear of every click exactly once."""
    with ExitStack() as stack:
        stand = stack.enter_context(destination(plan.folder))
        bench = _LatencyBench(plan, stand, stack.enter_context(_system(plan.folder, stand)))
        return bench.run()


class _LatencyBench:
    def __init__(self, plan: Plan, stand: Stand, ingest: int) -> None:
        self._plan, self._stand, self._ingest = plan, stand, ingest

    def run(self) -> Results:
        """Full load and half of it, several times and in turns."""
        told = self._plan.step("rounds of full and half load", self._plan.runs)
        self._load(_WARM)
        full, half = [], []
        for number in range(1, self._plan.runs + 1):
            full.append(self._load(self._plan.records))
            half.append(self._load(self._plan.records, full[-1].per_second * _PART_OF_FULL_LOAD))
            told(number)
        return {
            **spread("p50_s", [one.counts.p50_ms / 1000 for one in half], 3),
            **spread("p99_s", [one.counts.p99_ms / 1000 for one in half], 3),
            **spread("full_per_second", [one.per_second for one in full]),
            **spread("half_per_second", [one.per_second for one in half]),
            "records": self._plan.records,
            "part": rounded(_PART_OF_FULL_LOAD, 1),
            "lanes": _LANES,
            "runs": self._plan.runs,
            **machine(),
        }

    def _load(self, clicks: int, rate: float = 0.0) -> _Load:
        """So many clicks, each with an install at once; the rate is that at which the source heard of them."""
        self._stand.forget()
        began = time.monotonic()
        argv = [sys.executable, "-m", "bench.visitors", str(self._ingest), _KEY, str(clicks), str(_LANES), str(rate)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"the visitors failed:\n{done.stderr[-2000:]}")
        if json.loads(done.stdout)["answered"] != clicks:
            raise BenchError(f"not every click and postback was taken: {done.stdout}")
        until(lambda: self._heard() >= clicks, _TOLD_WITHIN, f"the source has heard of {clicks} clicks")
        seconds = time.monotonic() - began
        counts = self._stand.counts()["pops"]
        if counts.requests != clicks:
            raise BenchError(f"the source heard of {clicks} clicks in {counts.requests} requests")
        return _Load(clicks / seconds, counts)

    def _heard(self) -> int:
        time.sleep(_LOOK_AGAIN)
        return self._stand.counts()["pops"].deliveries


@contextmanager
def _system(folder: Path, stand: Stand) -> Iterator[int]:
    """`clickjoin up`. Gives the port of ingest."""
    ports = {name: free_port() for name in ("kafka", "clickhouse", "ingest", "join", "sink", "emit")}
    config, output = folder / "clickjoin.toml", folder / "up.log"
    config.write_text(_CONFIG.format(stand=stand.url, **ports))
    argv = [sys.executable, "-m", "clickjoin", "up", "--config", str(config), "--data", str(folder / "data")]
    running = start(Child(name="up", argv=argv, output=output, stop_within=60.0))
    names = ("ingest", "join", "sink", "emit")
    try:
        until(
            lambda: (
                running.exit_code is not None
                or all(answers_ok(f"http://127.0.0.1:{ports[name]}/health/ready") for name in names)
            ),
            _START_WITHIN,
            "the pipeline is up",
        )
        if running.exit_code is not None:
            raise BenchError(f"clickjoin up ended:\n{last_lines(output)}")
        yield ports["ingest"]
    finally:
        running.stop()


_HOW = """\\
Everything on this machine, as `clickjoin up` runs it: Apache Kafka, ClickHouse's engine, ingest, join, sink and emit,
and the visitors and the source beside them on the same cores. Each of {records} visitors clicks, is redirected, and at
once the network reports an install of that click ID. The source takes the time from the click, before it was sent, to
the arrival of its postback, and counts: every click once. First as fast as {lanes} visitors at a time can, until the
source has heard of all; then at {part} of that rate, and there the latency is taken. {runs} times in turns."""

LATENCY = Bench(
    name="latency",
    title="From click to source postback",
    how=_HOW,
    figures=(
        Figure("p99_s", "99 of 100 source postbacks arrive within, s", "1"),
        Figure("p50_s", "half of them within, s"),
        Figure("half_per_second", "conversions per second while that was measured"),
        Figure("full_per_second", "conversions per second at full load, until the source has heard of all"),
    ),
    records=20_000,
    run=run,
)
