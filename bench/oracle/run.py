"""`make bench-oracle`: ten million messy records through the join and into ClickHouse, compared with brute force."""

import shutil
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from bench.kafka import PARTITIONS, BenchError
from bench.kind import Bench, Figure, Plan
from bench.oracle.brute import DATABASE, BruteForce
from bench.oracle.found import FOUND
from bench.oracle.partners import month_ends, settings_of, settle_all
from bench.oracle.reports_compared import Answers, asked_at_moments, beside_brute_force, stop_merging
from bench.oracle.settlement import SETTLED, settled_beside
from bench.oracle.system import System, system
from bench.oracle.traffic import HOUR, SEED, SHORT_WAIT, Traffic
from bench.results import Results, machine, rounded
from schemas.topics import EVENTS, JOIN_GROUP, SINK_GROUP, TOPICS

_SHOWN = 20
_TOLD = {"lines": "ledger_lines", "paid": "settlements"}
_BEGAN = 48 * HOUR  # before now: so far, clicks are not yet old, and nothing is told of the future


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where the pipeline does not come to an end."""
    return _OracleBench(plan).run()


class _OracleBench:
    def __init__(self, plan: Plan) -> None:
        self._plan, self._folder = plan, plan.folder
        self._began = int(time.time() * 1000) - _BEGAN
        self._first = self._folder / "first"
        self._first.mkdir(parents=True, exist_ok=True)

    def run(self) -> Results:
        traffic = Traffic(self._plan.records, self._began)
        first_month, second_month = month_ends(self._began)
        with system(self._folder / "system") as running:
            through = self._through(running, traffic, self._plan.records)
            self._dump(running, self._first)
            self._settle(running, first_month)
            stop_merging(running)
            through = added(through, self._through(running, traffic.later(), traffic.still_to_come, last=True))
            self._settle(running, second_month)
            self._dump(running, self._folder)
            self._fetch(running)
            answers = asked_at_moments(running, self._plan, self._began)
        shutil.rmtree(self._folder / "system")  # the disk may be wanted for what follows
        first = BruteForce(self._first)
        self._judge(first, self._first)
        first.close()
        brute = BruteForce(self._folder)
        try:
            self._judge(brute, self._folder)
            return {**through, **self._compare(brute, answers), "seed": SEED, "duckdb": version("duckdb"), **machine()}
        finally:
            brute.close()

    def _settle(self, running: System, ends: int) -> None:
        """Settle the month that ends then, by what ClickHouse has by now."""
        told = self._plan.step("settle a month with each partner", 1)
        settle_all(running.dsn, settings_of(self._plan.records, self._began), ends)
        told(1)

    def _through(
        self, running: System, lap: Iterable[tuple[bytes, bytes]], count: int, *, last: bool = False
    ) -> Results:
        """Write the records while join and sink work, and wait until all of it is in ClickHouse.

        last: the sink is killed in the middle of its work, and in the end both end.
        """
        began = time.monotonic()
        told = self._plan.step("write what comes later" if last else "write the records", count)
        records = running.kafka.fill(EVENTS, lap, told)
        written = time.monotonic()
        left = running.crash("sink", SINK_GROUP, TOPICS) if last else 0
        told_of_join = self._plan.growing_step("join them")
        running.drain(JOIN_GROUP, (EVENTS,), told_of_join)
        running.pass_time(SHORT_WAIT / 1000)  # or a wait might end between the join's last record and the log's
        running.drain(JOIN_GROUP, (EVENTS,), told_of_join)
        joined = time.monotonic()
        if last:
            running.stop("join")
        running.drain(SINK_GROUP, TOPICS, self._plan.growing_step("store what came of them"))
        if last:
            running.stop("sink")
        seconds = time.monotonic() - began
        return {
            "records": records,
            "seconds": rounded(seconds, 1),
            "write_seconds": rounded(written - began, 1),
            "join_seconds": rounded(joined - began, 1),
            "left_at_the_crash": left,
        }

    def _dump(self, running: System, folder: Path) -> None:
        total = sum(running.kafka.ends(EVENTS).values())
        told = self._plan.step("read the log again", total)
        count = 0
        for number in range(PARTITIONS):
            count += running.dump(number, _log(folder, number))
            told(count)

    def _fetch(self, running: System) -> None:
        wanted = {**FOUND, **SETTLED}
        told = self._plan.step("fetch what ClickHouse has", len(wanted))
        for done, (name, query) in enumerate(wanted.items(), 1):
            running.fetch(query, self._found(name))
            told(done)

    def _found(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"

    def _judge(self, brute: BruteForce, folder: Path) -> None:
        told = self._plan.step("brute force, by partition", PARTITIONS)
        for number in range(PARTITIONS):
            brute.judge(_log(folder, number))
            _log(folder, number).unlink()
            told(number + 1)

    def _compare(self, brute: BruteForce, answers: Mapping[str, Answers]) -> Results:
        """Compare every row, every total and every answer of a report; tell the first that differ."""
        brute.beside({name: self._found(name) for name in FOUND})
        settled = {name: self._found(name) for name in SETTLED}
        first, made = self._first / DATABASE, self._found("conversions")
        settled_beside(brute, first, self._plan.records, self._began, settled, made)
        told = self._plan.step("compare", len(FOUND) + len(SETTLED))
        results: Results = {"differences": 0}
        shown: list[str] = []
        for done, name in enumerate((*FOUND, *SETTLED), 1):
            results[f"{_TOLD.get(name, name)}_compared"] = compared = brute.count(name)
            if not compared:
                raise BenchError(f"there are no {name} to compare")
            differing = brute.differing(name, _SHOWN)
            results["differences"] = int(results["differences"]) + differing.keys
            shown += differing.rows
            told(done)
        reports = beside_brute_force(brute, answers, self._began, self._plan, _SHOWN)
        results["answers_compared"], results["answer_rows_compared"] = reports.answers, reports.rows
        results["differences"] = int(results["differences"]) + reports.differing.keys
        shown += reports.differing.rows
        for row in shown[:_SHOWN]:
            self._plan.progress.console.print(row, style="red", markup=False, soft_wrap=True)
        return {**results, **{f"outcomes_{word}": count for word, count in brute.words().items()}}


def added(one: Results, other: Results) -> Results:
    """Two laps, and how fast both were."""
    both = {name: rounded(float(one[name]) + float(other[name]), 1) for name in one}
    for name in ("records", "left_at_the_crash"):
        both[name] = int(one[name]) + int(other[name])
    return {**both, "records_per_second": rounded(both["records"] / float(both["seconds"]))}


def _log(folder: Path, number: int) -> Path:
    return folder / f"{EVENTS}-{number}.json"


_HOW = """\
{records} records of messy traffic (`bench/oracle/traffic.py`): clicks of two sources that bring the same IDs, clicks
recorded twice and clicks that never come; early, repeated, late and reordered postbacks, whose times are shuffled over
six hours; statuses that change and change back, renewals, refunds, a second txid, two currencies, amounts to the eighth
decimal, networks that may not credit, a policy that changes, and clicks beyond every cap. They go through Apache Kafka,
the join and the sink as `clickjoin up` runs them, while they are written, into ClickHouse. DuckDB then reads the log
again and tells by sets, in SQL (`bench/oracle/rules.sql`), what must have become of each. Every row of `clicks`,
`postbacks` and `conversions` is compared, and every total, summed on either side by its own database. Six partners with
percentages, fixed amounts, steps by volume (marginal and retroactive) and a hold are settled with in the middle; then
networks change their minds about statuses and amounts, and the next month is settled: every line, clawbacks too, and
every total is compared with what sets of conversions say (`bench/oracle/settlement.sql`). The sink is killed once in
the middle of its work. Every report (but `offers`, as nobody chooses one here) is asked for by every dimension, by
click and by conversion, the funnel also in strict order, and DuckDB by SQL of its own (`bench/oracle/reports`): while
what came last lies unmerged in the parts in which it was written; again when the sink has written up to a million of
the last records once more, in other batches; and when all is merged. Seconds are those from the first record written to
the last row stored, all on one machine; they say little about speed."""

ORACLE = Bench(
    name="oracle",
    title="Oracle",
    how=_HOW,
    figures=(
        Figure("records", "records"),
        Figure("differences", "rows and totals that differ", "0"),
        Figure("clicks_compared", "clicks compared"),
        Figure("postbacks_compared", "postbacks compared"),
        Figure("conversions_compared", "conversions compared"),
        Figure("totals_compared", "totals compared"),
        Figure("ledger_lines_compared", "lines of two months' settlements compared"),
        Figure("settlements_compared", "sums of settlements compared, by partner, month and currency"),
        Figure("left_at_the_crash", "records that the sink had yet to store when it was killed"),
        Figure("answers_compared", "answers of reports compared, each question's at three moments"),
        Figure("answer_rows_compared", "rows of these answers"),
        *(
            Figure(f"outcomes_{word}", f"postbacks {word}")
            for word in ("attributed", "updated", "duplicate", "waiting", "late", "orphan", "unattributed")
        ),
        Figure("seconds", "seconds, from the first record written to the last row stored"),
        Figure("records_per_second", "records per second by the clock"),
    ),
    records=10_000_000,
    run=run,
)
