"""`make bench-join`: the join per core, beside receiving alone and beside the same join in stock Faust."""

import shutil
from collections import Counter
from dataclasses import asdict
from statistics import median
from typing import NamedTuple

import msgspec

from bench import stock_join
from bench.backlog import Backlog, Expected, click, keyed
from bench.drain import OPEN, Rates, drain, drain_together, worker
from bench.kafka import PARTITIONS, BenchError, Broker, broker
from bench.kind import Bench, Figure, Plan
from bench.results import Results, machine, rounded, spread
from bench.workers import RECEIVE_GROUP
from schemas.topics import EVENTS, JOIN_GROUP, OUTCOMES, TOPICS

_STOCK_PART = 30  # stock Faust gets a thirtieth of the records, for time's sake
_HEALED = "partition_healed"  # what a worker logs of each partition


class _Ids(msgspec.Struct):
    postback_id: str


class _Outcome(msgspec.Struct):
    """As much of an outcome as is counted."""

    outcome: str
    postback: _Ids


_outcome = msgspec.json.Decoder(_Outcome).decode


class _Standing(NamedTuple):
    """A worker that lost its disk stands again."""

    seconds: float
    disk_mb: float


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where a join's outputs are not what they should be."""
    with broker(plan.folder / "kafka") as kafka:
        return _JoinBench(plan, kafka).run()


class _JoinBench:
    def __init__(self, plan: Plan, kafka: Broker) -> None:
        self.plan, self.kafka = plan, kafka
        self.backlog, self.stock_backlog = Backlog(plan.records), Backlog(plan.records // _STOCK_PART)

    def run(self) -> Results:
        """Every program several times and in turns, so that a busy minute of the machine meets all of them."""
        self._fill()
        joins, pairs, receives, stocks, idle = [], [], [], [], []
        for number in range(1, self.plan.runs + 1):
            joins.append(self._join(number))
            pairs.append(self._join_in_two(number))
            rates, resident_mb = self._receive(number)
            receives.append(rates)
            idle.append(resident_mb)
            stocks.append(self._stock(number))
        return {
            **_rates(joins, receives, stocks),
            **spread("steady_per_second", [one.steady_per_second for one in joins]),
            **spread("two_workers_per_second", pairs),
            "two_workers_times_one": rounded(median(pairs) / median(one.steady_per_second for one in joins), 2),
            **self._state(median(idle)),
            "records": self.records,
            "stock_faust_records": self.stock_records,
            "runs": self.plan.runs,
            **machine(),
        }

    def _fill(self) -> None:
        """Write both backlogs: records of the same kind, fewer of them for stock Faust."""
        self.kafka.make_topics(*TOPICS, stock_join.EVENTS, stock_join.OUTCOMES)
        told = self.plan.step("write the backlog", self.plan.records)
        self.records = self.kafka.fill(EVENTS, self.backlog, told)
        told(self.plan.records)  # the bar is full, whatever chance made of the number
        told = self.plan.step("write the backlog of stock Faust", self.plan.records // _STOCK_PART)
        self.stock_records = self.kafka.fill(stock_join.EVENTS, self.stock_backlog, told)

    def _join(self, number: int) -> Rates:
        begins = self.kafka.ends(OUTCOMES)
        rates, _ = self._drain("join", number, JOIN_GROUP, EVENTS, self.records)
        self._check(OUTCOMES, begins, self.backlog.expected)
        return rates

    def _join_in_two(self, number: int) -> float:
        """Two workers share the partitions. Records per second by the clock, while both work."""
        begins, folder = self.kafka.ends(OUTCOMES), self.plan.folder / f"two-{number}"
        told = self.plan.step(f"two joins {number} of {self.plan.runs}", self.records)
        with (
            worker("join", self.kafka.servers, folder / "one") as one,
            worker("join", self.kafka.servers, folder / "two") as two,
        ):
            rates = drain_together((one, two), lambda: self.kafka.committed(JOIN_GROUP, EVENTS), self.records, told)
        self.kafka.forget(JOIN_GROUP)
        shutil.rmtree(folder)
        self._check(OUTCOMES, begins, self.backlog.expected)
        return rates.steady_per_second

    def _receive(self, number: int) -> tuple[Rates, float]:
        return self._drain("receive", number, RECEIVE_GROUP, EVENTS, self.records)

    def _stock(self, number: int) -> Rates:
        begins = self.kafka.ends(stock_join.OUTCOMES)
        group = f"stock-{number}"  # another one each time: its tables are empty
        self.kafka.make_topics(*stock_join.changelogs(group))
        rates, _ = self._drain("stock", number, group, stock_join.EVENTS, self.stock_records)
        self._check(stock_join.OUTCOMES, begins, self.stock_backlog.expected)
        return rates

    def _drain(self, kind: str, number: int, group: str, topic: str, total: int, says: str = "") -> tuple[Rates, float]:
        """Let a program drain a topic from its beginning. Returns its rates and, at the end, its resident megabytes."""
        folder = self.plan.folder / f"{kind}-{number}"
        told = self.plan.step(says or f"{kind} {number} of {self.plan.runs}", total)
        with worker(kind, self.kafka.servers, folder) as process:
            rates = drain(process, lambda: self.kafka.committed(group, topic), total, told)
            resident_mb = process.resident_mb()
        self.kafka.forget(group)
        shutil.rmtree(folder)
        return rates, resident_mb

    def _check(self, topic: str, begins: dict[int, int], expected: Expected) -> None:
        """Compare the outcomes with what the backlog says must come of it; a repeated one counts once."""
        found = {
            (outcome.outcome, outcome.postback.postback_id)
            for records in self.kafka.read(topic, begins)
            for outcome in (_outcome(record.value) for record in records)
        }
        counted = Counter(word for word, _ in found)
        if counted != asdict(expected):
            raise BenchError(f"wrong outcomes on {topic}: {dict(counted)}, expected {asdict(expected)}")

    def _state(self, idle_mb: float) -> Results:
        """What a state costs that holds a click for each record of the backlog, and how soon a lost one is there again.

        Memory is that of a worker that has joined all of it: one whose state was lost has had it folded by others.
        idle_mb: resident megabytes of a worker without any state.
        """
        clicks = self.plan.records
        told = self.plan.step("write clicks for the state", clicks - self.backlog.clicks)
        more = (keyed(click(number)) for number in range(self.backlog.clicks, clicks))
        records = self.records + self.kafka.fill(EVENTS, more, told)
        resident_mb = [self._join_all(records, number) for number in range(1, self.plan.runs + 1)]
        self.kafka.commit_all(JOIN_GROUP, EVENTS)
        standings = [self._stand_again(number) for number in range(1, self.plan.runs + 1)]
        millions = clicks / 1e6
        return {
            **spread("mb_per_million_clicks", [(one - idle_mb) / millions for one in resident_mb]),
            **spread("disk_mb_per_million_clicks", [one.disk_mb / millions for one in standings]),
            **spread("rebuild_seconds_per_million", [one.seconds * 1e6 / records for one in standings], 2),
            "resident_mb": rounded(median(resident_mb)),
            "idle_resident_mb": rounded(idle_mb),
            "state_clicks": clicks,
            "state_records": records,
        }

    def _join_all(self, records: int, number: int) -> float:
        """Join every record from the first. Resident megabytes of the worker that has."""
        says = f"join all of it {number} of {self.plan.runs}"
        _, resident_mb = self._drain("join", number, JOIN_GROUP, EVENTS, records, says)
        return resident_mb

    def _stand_again(self, number: int) -> _Standing:
        """Start a worker whose disk is gone, where everything is committed: it folds the log without sending."""
        folder = self.plan.folder / f"state-{number}"
        told = self.plan.step(f"rebuild {number} of {self.plan.runs}", PARTITIONS)
        with worker("join", self.kafka.servers, folder) as process:

            def is_open() -> bool:
                told(process.logged(_HEALED))
                return process.logged(OPEN) > 0

            seconds = process.wait(is_open, "all partitions are open")
        disk_mb = sum(file.stat().st_size for file in (folder / "state").rglob("*") if file.is_file()) / 1e6
        shutil.rmtree(folder)
        return _Standing(seconds, disk_mb)


def _rates(joins: list[Rates], receives: list[Rates], stocks: list[Rates]) -> Results:
    """The rates of the three programs and their ratios, each of the medians."""
    join, receive, stock = (median(one.per_cpu_second for one in runs) for runs in (joins, receives, stocks))
    return {
        **spread("records_per_cpu_second", [one.per_cpu_second for one in joins]),
        "times_stock_faust": rounded(join / stock, 1),
        "share_of_receiving": rounded(join / receive, 2),
        **spread("records_per_second", [one.per_second for one in joins]),
        **spread("receiving_per_cpu_second", [one.per_cpu_second for one in receives]),
        **spread("stock_faust_per_cpu_second", [one.per_cpu_second for one in stocks]),
    }


_HOW = """\
One worker, an Apache Kafka of its own beside it on the same machine, 8 partitions, a backlog of {records} records:
clicks with all that a source says of them, 0.6 installs and 0.6 trials to a click, a tenth of these before their
click, 3 of 100 twice. Three programs drain it in turns, {runs} times each, measured from the first commit after a
twentieth of the backlog to its end. The join is the worker as it runs in production: outputs acknowledged by the
broker, state in RocksDB, offsets committed. Its outcomes are read again and counted, and wrong ones fail the bench.
Receiving is the same worker doing nothing. Stock Faust is the same join written with its agents, Records and Tables
(`bench/stock_join.py`), its outcomes counted too; it drains {stock_faust_records} records. Two workers share the
partitions; one and two are compared from when both have theirs until a twentieth of the backlog is left, for then one
after the other has nothing to do. The broker is on the same cores, so that less than two are left for them.

Memory, disk and rebuilding: of {state_records} records with {state_clicks} clicks in them. Memory is what a worker
holds that has joined all of them, once, beyond one that only receives. A worker without its disk then has them
folded, by a process of its own for each core; the seconds count from its start. Disk is what lies there then."""

JOIN = Bench(
    name="join",
    title="Join",
    how=_HOW,
    figures=(
        Figure("records_per_cpu_second", "records joined per CPU second", "60,000"),
        Figure("records_per_second", "records joined per second by the clock"),
        Figure("receiving_per_cpu_second", "records only received, per CPU second"),
        Figure("stock_faust_per_cpu_second", "records joined by stock Faust, per CPU second"),
        Figure("times_stock_faust", "the join in stock Faust's", "20"),
        Figure("share_of_receiving", "the join as a share of receiving", "0.33"),
        Figure("steady_per_second", "records joined per second by the clock, until the end begins"),
        Figure("two_workers_per_second", "the same by two workers, beside the broker"),
        Figure("two_workers_times_one", "two workers in one's, by the clock, beside the broker", "1.6"),
        Figure("mb_per_million_clicks", "memory per million clicks, MB", "200"),
        Figure("resident_mb", "the whole worker's memory, MB"),
        Figure("disk_mb_per_million_clicks", "disk per million clicks, MB", "200"),
        Figure("rebuild_seconds_per_million", "rebuilding a lost state, seconds per million records", "10"),
    ),
    records=1_000_000,
    run=run,
)
