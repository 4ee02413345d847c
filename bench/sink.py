"""`make bench-sink`: how fast what lies on the topics becomes readable rows of ClickHouse."""

from pathlib import Path
from statistics import median

from clickhouse_connect.driver.client import Client

from bench.backlog import click, keyed
from bench.clickhouse import clickhouse
from bench.drain import OPEN, Rates, drain, worker
from bench.kafka import BenchError, Broker, broker
from bench.kind import Bench, Figure, Plan
from bench.outcomes import outcomes
from bench.results import Results, machine, rounded, spread
from bench.sink_lag import Lag, lag
from clickjoin.prepare import prepare
from schemas.settings.file import Settings
from schemas.settings.servers import ClickHouse, Kafka
from schemas.topics import EVENTS, OUTCOMES, SINK_GROUP
from sql.connect import DATABASE

_TABLES = ("clicks", "conversions", "postbacks")
_TOPICS = (EVENTS, OUTCOMES)
_ROWS_A_RECORD = len(_TABLES) / len(_TOPICS)  # an outcome is a row of conversions and one of postbacks
_PART, _LAG_SECONDS = 0.5, 20  # of the rate that was measured, for so long: there the lag is taken
_CONFIG = "[kafka]\nport = {kafka}\n[clickhouse]\nport = {clickhouse}\n"


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where a row is missing, or there twice."""
    clicks = plan.records // len(_TABLES)
    with broker(plan.folder / "kafka") as kafka, clickhouse(plan.folder / "clickhouse") as server:
        prepare(Settings(kafka=Kafka(bootstrap=kafka.servers), clickhouse=ClickHouse(port=server.port)))
        _fill(plan, kafka, clicks)
        client = server.client(DATABASE)
        config = _CONFIG.format(kafka=kafka.servers.rpartition(":")[2], clickhouse=server.port)
        cpu = server.cpu_seconds()
        try:
            rates = [_drain(plan, kafka, client, config, number) for number in range(1, plan.runs + 1)]
            cpu = (server.cpu_seconds() - cpu) / plan.runs
            seen = _lag(plan, kafka, client, config, median(one.per_second for one in rates))
        finally:
            client.close()
    rows = clicks * len(_TABLES)
    return {
        **spread("rows_per_second", [one.per_second * _ROWS_A_RECORD for one in rates]),
        **spread("rows_per_cpu_second", [one.per_cpu_second * _ROWS_A_RECORD for one in rates]),
        "server_rows_per_cpu_second": round(rows / max(cpu, 0.01)),
        "lag_s": rounded(seen.at_most(0.99), 2),
        "lag_p50_s": rounded(seen.at_most(0.5), 2),
        "lag_rows_per_second": rounded(seen.clicks_per_second * len(_TABLES)),
        "rows": rows,
        "runs": plan.runs,
        **machine(),
    }


def _fill(plan: Plan, kafka: Broker, clicks: int) -> None:
    told = plan.step("write the topics", clicks * len(_TOPICS))
    kafka.fill(EVENTS, (keyed(click(number)) for number in range(clicks)), told)
    kafka.fill(OUTCOMES, outcomes(range(clicks), ("pops", "push")), lambda count: told(clicks + count))


def _drain(plan: Plan, kafka: Broker, client: Client, config: str, number: int) -> Rates:
    """The sink commits what ClickHouse has acknowledged: what is committed can be read."""
    for table in _TABLES:
        client.command(f"TRUNCATE TABLE {table}")
    ends = {topic: sum(kafka.ends(topic).values()) for topic in _TOPICS}
    told = plan.step(f"sink {number} of {plan.runs}", sum(ends.values()))
    with worker("sink", kafka.servers, _folder(plan, f"sink-{number}", config)) as process:
        rates = drain(process, lambda: _committed(kafka), sum(ends.values()), told)
    kafka.forget(SINK_GROUP)
    _check(client, ends[OUTCOMES])
    return rates


def _lag(plan: Plan, kafka: Broker, client: Client, config: str, records_per_second: float) -> Lag:
    """The rows that come are new ones: those of the backlog are committed already."""
    for topic in _TOPICS:
        kafka.commit_all(SINK_GROUP, topic)
    known = sum(kafka.ends(OUTCOMES).values())
    per_second = records_per_second / len(_TOPICS) * _PART
    numbers = range(known, known + max(1, min(known, int(per_second * _LAG_SECONDS))))
    told = plan.step("lag", 1)
    with worker("sink", kafka.servers, _folder(plan, "sink-lag", config)) as process:
        process.wait(lambda: bool(process.logged(OPEN)), "every partition is open")
        seen = lag(kafka, client, numbers, per_second)
        ends = sum(sum(kafka.ends(topic).values()) for topic in _TOPICS)
        process.wait(lambda: _committed(kafka) >= ends, "the rows of every partition can be read")
    told(1)
    _check(client, known + len(numbers))
    return seen


def _folder(plan: Plan, name: str, config: str) -> Path:
    folder = plan.folder / name
    folder.mkdir()
    (folder / "clickjoin.toml").write_text(config)
    return folder


def _committed(kafka: Broker) -> int:
    return sum(kafka.committed(SINK_GROUP, topic) for topic in _TOPICS)


def _check(client: Client, wanted: int) -> None:
    for table in _TABLES:
        rows, once = client.query(f"SELECT count(), (SELECT count() FROM {table} FINAL) FROM {table}").result_rows[0]
        if once != wanted:
            raise BenchError(f"{table} has {once} rows ({rows} before merging), expected {wanted}")


_HOW = """\
One sink worker, as `clickjoin sink` runs it, drains {rows} rows' worth of clicks and attributed outcomes from Apache
Kafka into ClickHouse's engine as `clickjoin up` starts it, all on one machine, {runs} times: a click is a row of
`clicks`, an outcome one of `conversions` and one of `postbacks`. Measured from the first commit after a twentieth of
the backlog to the end; the sink commits what ClickHouse has acknowledged, so what is committed can be read. The rows of
each table are counted, and a missing one, or one that is there twice, fails the bench. In the end clicks and outcomes
are appended at half of the rate, for 20 s, and it is asked twenty times a second how old the newest row is that can be
read, in the table where it is oldest."""

SINK = Bench(
    name="sink",
    title="Sink",
    how=_HOW,
    figures=(
        Figure("rows_per_second", "rows readable per second by the clock", "50,000"),
        Figure("rows_per_cpu_second", "rows per CPU second of the sink"),
        Figure("server_rows_per_cpu_second", "rows per CPU second of ClickHouse, merges included"),
        Figure("lag_s", "age of the newest readable row at half of the rate, 99 of 100 looks, s", "2"),
        Figure("lag_p50_s", "the same, half of the looks, s"),
        Figure("lag_rows_per_second", "rows that were appended in a second meanwhile"),
    ),
    records=1_500_000,
    run=run,
)
