"""`make bench-sink`: how fast what lies on the topics becomes readable rows of ClickHouse."""

from clickhouse_connect.driver.client import Client

from bench.backlog import click, keyed
from bench.clickhouse import clickhouse
from bench.drain import Rates, drain, worker
from bench.kafka import BenchError, Broker, broker
from bench.kind import Bench, Figure, Plan
from bench.outcomes import outcomes
from bench.results import Results, machine, spread
from clickjoin.prepare import prepare
from schemas.settings.file import Settings
from schemas.settings.servers import ClickHouse, Kafka
from schemas.topics import EVENTS, OUTCOMES, SINK_GROUP
from sql.connect import DATABASE

_TABLES = ("clicks", "conversions", "postbacks")
_TOPICS = (EVENTS, OUTCOMES)
_ROWS_A_RECORD = len(_TABLES) / len(_TOPICS)  # an outcome is a row of conversions and one of postbacks
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
        finally:
            client.close()
        cpu = (server.cpu_seconds() - cpu) / plan.runs
    rows = clicks * len(_TABLES)
    return {
        **spread("rows_per_second", [one.per_second * _ROWS_A_RECORD for one in rates]),
        **spread("rows_per_cpu_second", [one.per_cpu_second * _ROWS_A_RECORD for one in rates]),
        "server_rows_per_cpu_second": round(rows / max(cpu, 0.01)),
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
    folder = plan.folder / f"sink-{number}"
    folder.mkdir()
    (folder / "clickjoin.toml").write_text(config)
    ends = {topic: sum(kafka.ends(topic).values()) for topic in _TOPICS}
    told = plan.step(f"sink {number} of {plan.runs}", sum(ends.values()))

    def committed() -> int:
        return sum(kafka.committed(SINK_GROUP, topic) for topic in _TOPICS)

    with worker("sink", kafka.servers, folder) as process:
        rates = drain(process, committed, sum(ends.values()), told)
    kafka.forget(SINK_GROUP)
    wanted = ends[OUTCOMES]
    for table in _TABLES:
        rows, once = client.query(f"SELECT count(), (SELECT count() FROM {table} FINAL) FROM {table}").result_rows[0]
        if once != wanted:
            raise BenchError(f"{table} has {once} rows ({rows} before merging), expected {wanted}")
    return rates


_HOW = """\
One sink worker, as `clickjoin sink` runs it, drains {rows} rows' worth of clicks and attributed outcomes from Apache
Kafka into ClickHouse's engine as `clickjoin up` starts it, all on one machine, {runs} times: a click is a row of
`clicks`, an outcome one of `conversions` and one of `postbacks`. Measured from the first commit after a twentieth of
the backlog to the end; the sink commits what ClickHouse has acknowledged, so what is committed can be read. The rows of
each table are counted, and a missing one, or one that is there twice, fails the bench."""

SINK = Bench(
    name="sink",
    title="Sink",
    how=_HOW,
    figures=(
        Figure("rows_per_second", "rows readable per second by the clock", "50,000"),
        Figure("rows_per_cpu_second", "rows per CPU second of the sink"),
        Figure("server_rows_per_cpu_second", "rows per CPU second of ClickHouse, merges included"),
    ),
    records=1_500_000,
    run=run,
)
