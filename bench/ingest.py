"""`make bench-ingest`: acknowledged postbacks per core, beside HTTP alone, the producer alone, and FastAPI."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
import psutil

from bench.kafka import BenchError, Broker, broker
from bench.kind import Bench, Figure, Plan
from bench.results import Results, machine, rounded, spread
from clickjoin.embedded.children import Child, last_lines, start
from clickjoin.embedded.ports import free_port, listening
from schemas.ids import mint_click_id
from schemas.topics import EVENTS, TOPICS
from tests.polling import until

_KEY, _SECRET = "bench-key-0123456789", "bench-secret-0123456789-0123456789"
_CONNECTIONS = 128
_TARGETS = 20_000
_PART_OF_FULL_LOAD = 0.8
_BEGAN = 1_790_000_000_000
_RATE = 15_000  # about so many a second are asked for; it gives the seconds of a run of so many records
_CONFIG = f"""
[kafka]
bootstrap = "{{bootstrap}}"
[ingest]
listen = "127.0.0.1:{{port}}"
secrets = ["{_SECRET}"]
[events.install]
step = 1
[networks.acme]
key = "{_KEY}"
"""


class _Postback(msgspec.Struct):
    """As much of a record as is counted."""

    postback_id: str


_postback = msgspec.json.Decoder(_Postback).decode


class _Run(NamedTuple):
    """A server under load."""

    per_cpu_second: float
    per_second: float
    p50_ms: float
    p99_ms: float
    ok: int


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where something is not answered, or lost."""
    with broker(plan.folder / "kafka") as kafka:
        kafka.make_topics(*TOPICS)
        return _IngestBench(plan, kafka).run()


class _IngestBench:
    def __init__(self, plan: Plan, kafka: Broker) -> None:
        self.plan, self.kafka = plan, kafka
        self.seconds = max(0.3, plan.records / _RATE)
        self.targets = plan.folder / "targets"
        self.targets.write_text("\n".join(map(_target, range(_TARGETS))))

    def run(self) -> Results:
        """Every program several times and in turns."""
        told = self.plan.step("rounds of every program", self.plan.runs)
        full, paced, spooled, bare, fastapi, producer = [], [], [], [], [], []
        for number in range(1, self.plan.runs + 1):
            full.append(self._ingest(f"full-{number}", self.kafka.servers))
            rate = full[-1].per_second * _PART_OF_FULL_LOAD
            paced.append(self._ingest(f"paced-{number}", self.kafka.servers, rate))
            spooled.append(self._ingest(f"spooled-{number}", f"127.0.0.1:{free_port()}", to_broker=False))
            bare.append(self._peer("bare", number, "204"))
            fastapi.append(self._peer("fastapi", number, "200"))
            producer.append(self._producer())
            told(number)
        acked = median(one.per_cpu_second for one in full)
        return {
            **spread("acked_per_cpu_second", [one.per_cpu_second for one in full]),
            **spread("acked_per_second", [one.per_second for one in full]),
            **spread("p99_ms", [one.p99_ms for one in paced], 1),
            **spread("p50_ms", [one.p50_ms for one in paced], 1),
            **spread("spooled_per_second", [one.per_second for one in spooled]),
            **spread("bare_server_per_cpu_second", [one.per_cpu_second for one in bare]),
            **spread("producer_per_cpu_second", producer),
            **spread("fastapi_per_cpu_second", [one.per_cpu_second for one in fastapi]),
            "times_fastapi": rounded(acked / median(one.per_cpu_second for one in fastapi), 1),
            "share_of_bare_server": rounded(acked / median(one.per_cpu_second for one in bare), 2),
            "seconds": rounded(self.seconds, 1),
            "connections": _CONNECTIONS,
            "runs": self.plan.runs,
            **machine(),
        }

    def _ingest(self, name: str, bootstrap: str, rate: float = 0.0, *, to_broker: bool = True) -> _Run:
        """Ingest under load. Where the broker is there, its log is compared with what was answered 200."""
        folder, port = self.plan.folder / name, free_port()
        folder.mkdir()
        config, spool = folder / "clickjoin.toml", folder / "spool.sqlite"
        config.write_text(_CONFIG.format(bootstrap=bootstrap, port=port))
        begins = self.kafka.ends(EVENTS)
        with _server([sys.executable, "-m", "ingest", str(config), str(spool)], port, folder) as process:
            found = self._load(process, port, "200", rate)
            if to_broker:
                until(lambda: self._stored(begins) >= found.ok, 60, "all that was answered 200 is on the broker")
        if to_broker and self._stored(begins) != found.ok:
            raise BenchError(f"{found.ok} were answered 200, and {self._stored(begins)} lie on the broker")
        return found

    def _stored(self, begins: dict[int, int]) -> int:
        """Distinct postbacks on the broker: one that waited too long for it may lie there twice."""
        values = (record.value for records in self.kafka.read(EVENTS, begins) for record in records)
        return len({_postback(value).postback_id for value in values})

    def _peer(self, kind: str, number: int, status: str) -> _Run:
        folder, port = self.plan.folder / f"{kind}-{number}", free_port()
        folder.mkdir()
        argv = [sys.executable, "-m", "bench.ingest_peers", kind, str(port), self.kafka.servers]
        with _server(argv, port, folder) as process:
            return self._load(process, port, status)

    def _producer(self) -> float:
        argv = [
            sys.executable,
            "-m",
            "bench.ingest_peers",
            "producer",
            "0",
            self.kafka.servers,
            str(self.plan.records // 3),
        ]
        return float(_json_of(argv)["per_cpu_second"])

    def _load(self, process: psutil.Process, port: int, status: str, rate: float = 0.0) -> _Run:
        argv = [sys.executable, "-m", "bench.load", str(port), str(self.targets), str(_CONNECTIONS), str(self.seconds)]
        began = _cpu_seconds(process)
        found = _json_of([*argv, *([str(rate)] if rate else [])])
        cpu = _cpu_seconds(process) - began
        if set(found["answers"]) != {status} or found["broken"]:
            raise BenchError(f"not everything was answered {status}: {found['answers']}, {found['broken']} broken")
        ok = found["answers"][status]
        return _Run(ok / cpu, found["per_second"], found["p50_ms"], found["p99_ms"], ok)


@contextmanager
def _server(argv: list[str], port: int, folder: Path) -> Iterator[psutil.Process]:
    """A server that listens; it is ended in any case."""
    output = folder / "output.log"
    running = start(Child(name="server", argv=argv, output=output))
    try:
        until(lambda: listening(port) or running.exit_code is not None, 60, "the server listens")
        if running.exit_code is not None:
            raise BenchError(f"the server ended:\n{last_lines(output)}")
        yield psutil.Process(running.pid)
    finally:
        running.stop()


def _json_of(argv: list[str]) -> dict[str, Any]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(argv[2:4])} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _target(number: int) -> str:
    """A postback as a network sends it."""
    minted = mint_click_id(_SECRET.encode(), _BEGAN + number, number.to_bytes(8, "big"))
    said = {"click_id": minted, "event": "install", "txid": f"tx-{number}", "payout": "1.20", "currency": "usd"}
    return "/postback/acme?" + urlencode({"key": _KEY, **said, "status": "approved", "sub1": f"zone {number % 97}"})


_HOW = """\
One process of ingest with an Apache Kafka of its own beside it on the same machine, asked by {connections} connections
for {seconds} s: real postbacks with a key, a checked click ID, money and a status, each acknowledged by the broker
(acks=all) before it is answered. What was answered 200 is counted on the broker. The load comes from a process of its
own on the same two cores, which costs as much as ingest does. p99 is taken at four fifths of the full load. In turns
with it, {runs} times: the same server answering 204, kafka-python alone, and the same endpoint in FastAPI with
aiokafka's send_and_wait (`bench/ingest_peers.py`). With the broker away everything goes into the spool, on disk before
the answer."""

INGEST = Bench(
    name="ingest",
    title="Ingest",
    how=_HOW,
    figures=(
        Figure("acked_per_cpu_second", "postbacks acknowledged per CPU second", "15,000"),
        Figure("acked_per_second", "postbacks acknowledged per second by the clock"),
        Figure("p99_ms", "99 of 100 are answered within, at 80 % of that, ms", "50"),
        Figure("p50_ms", "half of them within, ms"),
        Figure("spooled_per_second", "with the broker away: postbacks per second into the spool", "5,000"),
        Figure("bare_server_per_cpu_second", "the server alone, answering 204"),
        Figure("producer_per_cpu_second", "kafka-python alone"),
        Figure("fastapi_per_cpu_second", "FastAPI and aiokafka"),
        Figure("times_fastapi", "ingest in FastAPI's"),
        Figure("share_of_bare_server", "ingest as a share of the server alone"),
    ),
    records=300_000,
    run=run,
)
