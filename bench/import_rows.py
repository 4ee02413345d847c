"""`make bench-import`: rows per second of `clickjoin import`, beside csv and kafka-python alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client

from bench import import_files
from bench.clickhouse import clickhouse
from bench.kafka import BenchError, Broker, broker
from bench.kind import Bench, Figure, Plan
from bench.results import Results, machine, rounded, spread
from clickjoin.prepare import prepare
from schemas.settings.file import Settings
from schemas.settings.servers import ClickHouse, Kafka
from schemas.topics import EVENTS
from sql.connect import DATABASE

CONFIG = """\
[kafka]
bootstrap = "{kafka}"
[clickhouse]
port = {clickhouse}
[ingest]
secrets = ["bench-secret-0123456789-0123456789"]
[privacy]
hash = ["email", "phone"]
ip = "truncate"
[events.install]
step = 1
[networks.acme]
key = "bench-key-0123456789"
events = {{ goal_1 = "install" }}
[offers.game]
network = "acme"
url = "https://game.example/?s={{click_id}}"
payouts = {{ install = "1.00 USD" }}
[sources.pops]
[campaigns.spring]
source = "pops"
offers = ["game"]
"""
CALLS = {
    "clicks": "click_id=clickid clicked_at=time placement=zone creative=banner -- campaign=spring currency=USD",
    "conversions": "click_id=subid event=goal occurred_at=time txid=tid -- network=acme source=pops",
    "costs": "cost=spend placement=zone -- source=pops currency=USD",
}
_PARTS = {"clicks": 1, "conversions": 2, "costs": 2}  # that many times fewer of them


class _Rates(NamedTuple):
    """Rows of one call."""

    per_second: float
    per_cpu_second: float


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where a row is missing, or there twice."""
    with broker(plan.folder / "kafka") as kafka, clickhouse(plan.folder / "clickhouse") as server:
        prepare(Settings(kafka=Kafka(bootstrap=kafka.servers), clickhouse=ClickHouse(port=server.port)))
        config = plan.folder / "clickjoin.toml"
        config.write_text(CONFIG.format(kafka=kafka.servers, clickhouse=server.port))
        client = server.client(DATABASE)
        try:
            return _ImportBench(plan, kafka, client).run()
        finally:
            client.close()


class _ImportBench:
    def __init__(self, plan: Plan, kafka: Broker, client: Client) -> None:
        self.plan, self.kafka, self.client = plan, kafka, client
        self.rows = {kind: max(1, plan.records // part) for kind, part in _PARTS.items()}
        for kind, count in self.rows.items():
            lines: Iterable[str] = getattr(import_files, kind)(count)
            self._file(kind).write_text("\n".join(lines) + "\n")

    def run(self) -> Results:
        """Every kind several times and in turns."""
        told = self.plan.step("rounds of every kind", self.plan.runs)
        rates: dict[str, list[_Rates]] = {kind: [] for kind in CALLS}
        ceiling: list[float] = []
        for number in range(1, self.plan.runs + 1):
            begins = self.kafka.ends(EVENTS)
            rates["clicks"].append(self._records("clicks"))
            ceiling.append(self._ceiling(begins))
            rates["conversions"].append(self._records("conversions"))
            rates["costs"].append(self._costs())
            self.kafka.empty(EVENTS)
            told(number)
        share = median(one.per_cpu_second for one in rates["clicks"]) / median(ceiling)
        return {
            **{name: value for kind, found in rates.items() for name, value in _figures(kind, found).items()},
            **spread("ceiling_per_cpu_second", ceiling),
            "clicks_share_of_ceiling": rounded(share, 2),
            **self.rows,
            "runs": self.plan.runs,
            **machine(),
        }

    def _file(self, kind: str) -> Path:
        return self.plan.folder / f"{kind}.csv"

    def _records(self, kind: str) -> _Rates:
        before = sum(self.kafka.ends(EVENTS).values())
        found = self._call(kind)
        stored = sum(self.kafka.ends(EVENTS).values()) - before
        if stored != self.rows[kind]:
            raise BenchError(f"{self.rows[kind]} {kind} were imported, and {stored} lie on the broker")
        return found

    def _costs(self) -> _Rates:
        found = self._call("costs")
        ((stored,),) = self.client.query("SELECT count() FROM costs FINAL").result_rows
        if stored != self.rows["costs"]:
            raise BenchError(f"{self.rows['costs']} costs were imported, and {stored} lie in the table")
        return found

    def _call(self, kind: str) -> _Rates:
        """The command as it is typed. Its processes' CPU time counts from its start to its end."""
        mapped, said = (part.split() for part in CALLS[kind].split(" -- "))
        options = [*(f"--map={each}" for each in mapped), *(f"--set={each}" for each in said), "--json"]
        folders = ["--data", str(self.plan.folder / "data"), "--errors", str(self.plan.folder)]
        config = ["--config", str(self.plan.folder / "clickjoin.toml")]
        argv = [sys.executable, "-m", "clickjoin", "import", kind, str(self._file(kind)), *options, *folders, *config]
        cpu = _cpu_of_children()
        told = _json_of(argv)
        cpu = _cpu_of_children() - cpu
        return _Rates(told["rows_per_second"], self.rows[kind] / cpu)

    def _ceiling(self, begins: dict[int, int]) -> float:
        """The records that were stored since then, sent again by the least that could do it."""
        stored = [(record.key, record.value) for records in self.kafka.read(EVENTS, begins) for record in records]
        file = self.plan.folder / "records.msgpack"
        file.write_bytes(msgspec.msgpack.encode(stored))
        argv = [sys.executable, "-m", "bench.import_ceiling", str(self._file("clicks")), str(file), self.kafka.servers]
        return float(_json_of(argv)["per_cpu_second"])


def _figures(kind: str, found: list[_Rates]) -> Results:
    return {
        **spread(f"{kind}_per_second", [one.per_second for one in found]),
        **spread(f"{kind}_per_cpu_second", [one.per_cpu_second for one in found]),
    }


def _json_of(argv: list[str]) -> dict[str, Any]:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(argv[2:5])} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _cpu_of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


_HOW = """\
`clickjoin import` as it is typed, of CSV files of {clicks} clicks, {conversions} conversions and {costs} lines of a
bill, with [privacy] cutting every address, an Apache Kafka and a ClickHouse of its own beside it on the same machine,
{runs} times in turns. By the clock is what the command itself prints; its CPU time is that of all of its processes,
their start included. What lies on the broker and in the table is counted, and a wrong number fails the bench. The
ceiling is Python's csv module reading the same file and kafka-python sending the same bytes, and nothing between them
(`bench/import_ceiling.py`)."""

IMPORT = Bench(
    name="import",
    title="Import",
    how=_HOW,
    figures=(
        Figure("clicks_per_second", "clicks per second by the clock", "20,000"),
        Figure("clicks_per_cpu_second", "clicks per CPU second"),
        Figure("conversions_per_second", "conversions per second by the clock", "20,000"),
        Figure("conversions_per_cpu_second", "conversions per CPU second"),
        Figure("costs_per_second", "lines of a bill per second by the clock", "20,000"),
        Figure("costs_per_cpu_second", "lines of a bill per CPU second"),
        Figure("ceiling_per_cpu_second", "csv and kafka-python alone, clicks per CPU second"),
        Figure("clicks_share_of_ceiling", "clicks as a share of that"),
    ),
    records=200_000,
    run=run,
)
