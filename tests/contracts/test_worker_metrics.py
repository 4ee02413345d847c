"""What a worker tells about itself: health and metrics over HTTP, from real workers at work."""

import socket
from collections.abc import Iterator
from pathlib import Path
from time import time

import pytest

from schemas.records import Click, Postback
from schemas.topics import partition_of
from sql.migrate import migrate
from tests.contracts.clickhouse_front import FrontProcess
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.stand_in import StandIn, stand_in
from tests.support.join_cold import minted
from tests.support.join_samples import HOUR, click, postback
from tests.support.pipeline import Pipeline
from tests.support.roles import RoleProcess, write_config

pytestmark = pytest.mark.kafka

PARTITIONS = 2
NOW = int(time() * 1000)
SOURCE = 'destination="source/pops"'


@pytest.fixture
def pipeline(kafka: KafkaServer) -> Iterator[Pipeline]:
    made = Pipeline(kafka.bootstrap, PARTITIONS)
    yield made
    made.close()


@pytest.fixture
def source() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a ClickHouse for all tests of this file: none of them looks at its rows."""
    with FrontProcess(tmp_path_factory.mktemp("metrics") / "clickhouse") as front:
        dsn = f"http://default@127.0.0.1:{front.port}/clickjoin"
        migrate(dsn)
        yield dsn


@pytest.fixture
def config(pipeline: Pipeline, source: StandIn, database: str, tmp_path: Path) -> Path:
    return write_config(tmp_path, pipeline.bootstrap, database, f"{source.url}/ok?cid={{click_id}}")


@pytest.fixture
def workers(config: Path, tmp_path: Path) -> Iterator[dict[str, RoleProcess]]:
    started = {role: RoleProcess(role, config, tmp_path) for role in ("join", "sink", "emit")}
    yield started
    for one in started.values():
        one.kill()
        print(one.told())


def its_click(click_id: str = "c1") -> Click:
    return click(click_id, clicked_at=NOW, received_at=NOW)


def told(postback_id: str, event: str = "install", click_id: str = "c1") -> Postback:
    return postback(postback_id, event, click_id=click_id, received_at=NOW, wait_ms=HOUR)


def test_the_values_of_every_role_move_with_its_work(
    pipeline: Pipeline, workers: dict[str, RoleProcess], source: StandIn
) -> None:
    for one in workers.values():
        one.until_ready()
    ours = partition_of(b"c1", PARTITIONS)
    pipeline.send([its_click(), told("p1"), told("p1b"), told("p2", "trial"), told("early", click_id="c9")])
    pipeline.send([told("cold", click_id=minted(30, 1, NOW))])
    pipeline.send([b"nonsense"], ours)
    until(lambda: len(source.requests) == 2, 60, "the source was told twice")
    wanted: dict[str, dict[str, float]] = {
        "join": {
            'clickjoin_join_outcomes_total{outcome="attributed",reason=""}': 2,
            'clickjoin_join_outcomes_total{outcome="duplicate",reason="same"}': 1,
            'clickjoin_join_outcomes_total{outcome="waiting",reason="no_click"}': 1,
            'clickjoin_join_outcomes_total{outcome="waiting",reason="cold"}': 1,
            'clickjoin_join_invalid_total{code="not_json"}': 1,
            "clickjoin_join_partitions": PARTITIONS,
            "clickjoin_join_ready": 1,
            "clickjoin_join_commit_failures_total": 0,
            f'clickjoin_join_lag_records{{partition="{ours}",topic="events"}}': 0,
        },
        "sink": {
            'clickjoin_sink_rows_total{table="clicks"}': 1,
            'clickjoin_sink_rows_total{table="conversions"}': 2,
            'clickjoin_sink_rows_total{table="deliveries"}': 4,  # scheduled and delivered
            "clickjoin_sink_partitions": 4 * PARTITIONS,
            'clickjoin_sink_newest_received_timestamp_seconds{table="clicks"}': NOW / 1000,
            'clickjoin_sink_newest_received_timestamp_seconds{table="postbacks"}': NOW / 1000,
        },
        "emit": {
            f'clickjoin_emit_attempts_total{{answer="2xx",{SOURCE},state="delivered"}}': 2,
            f"clickjoin_emit_attempt_seconds_count{{{SOURCE}}}": 2,
            f"clickjoin_emit_breaker_open{{{SOURCE}}}": 0,
            f'clickjoin_emit_pending_deliveries{{{SOURCE},partition="{ours}"}}': 0,
        },
    }
    for role, expected in wanted.items():
        try:
            until(lambda r=role, e=expected: e.items() <= workers[r].samples().items(), 60, f"{role} has told it")  # type: ignore[misc]
        except AssertionError:
            found = workers[role].samples()
            assert {name: found.get(name) for name in expected} == expected
    join = workers["join"]
    until(
        lambda: _sum(join.samples(), 'look_ups_total{{partition="{}",result="unknown"}}') == 2, 60, "both are looked up"
    )
    samples = join.samples()
    assert samples["clickjoin_join_look_up_seconds_count"] >= 1
    assert _sum(samples, 'asking_clicks{{partition="{}"}}') == 0
    assert _sum(samples, 'waiting_postbacks{{partition="{}"}}') == 2
    offsets = {
        name: samples[f"clickjoin_join_{name}_offset{{{_tp(ours)}}}"] for name in ("position", "committed", "end")
    }
    assert len(set(offsets.values())) == 1, offsets
    assert samples[f'clickjoin_join_state_offset{{partition="{ours}"}}'] == offsets["end"]
    assert samples[f"clickjoin_join_records_total{{{_tp(ours)}}}"] == offsets["end"]
    assert samples["clickjoin_join_since_commit_seconds"] < 60


def _sum(samples: dict[str, float], name: str) -> float:
    """Of a metric of the join, over its partitions."""
    return sum(samples.get("clickjoin_join_" + name.format(number), 0) for number in range(PARTITIONS))


def _tp(partition: int, topic: str = "events") -> str:
    return f'partition="{partition}",topic="{topic}"'


def test_a_worker_that_lost_its_disk_tells_how_much_it_folded_silently(
    pipeline: Pipeline, config: Path, tmp_path: Path
) -> None:
    first = RoleProcess("join", config, tmp_path)
    second = None
    try:
        pipeline.send([its_click(), told("p1"), told("early", click_id="c1"), told("waits", click_id="c2")])
        until(lambda: pipeline.lag() == 0, 60, "everything is committed")
        assert first.stop() == 0
        (tmp_path / "empty").mkdir()
        second = RoleProcess("join", config, tmp_path / "empty").until_ready()
        samples = second.samples()
        for what, count in (("healed_records", 4), ("read_again_records", 4), ("records", 0)):
            assert _sum(samples, what + '_total{{partition="{}",topic="events"}}') == count, what
        assert _sum(samples, 'waiting_postbacks{{partition="{}"}}') == 1
    finally:
        for one in (first, second):
            if one:
                one.kill()
                print(one.told())


def test_a_worker_without_its_broker_is_live_and_says_why_it_is_not_ready(
    kafka: KafkaServer, pipeline: Pipeline, config: Path, tmp_path: Path
) -> None:
    worker = RoleProcess("join", config, tmp_path)
    try:
        worker.until_ready()
        assert worker.get("/health/live") == (200, '{"live": true}')
        kafka.stop()
        until(lambda: worker.get("/health/ready")[0] == 503, 60, "it is not ready without its group")
        assert "no commit has succeeded" in worker.get("/health/ready")[1]
        assert worker.get("/health/live")[0] == 200
        assert worker.get("/metrics")[0] == 200
        until(lambda: worker.samples()["clickjoin_join_commit_failures_total"] > 0, 60, "a commit has failed")
        kafka.start()
        worker.until_ready()
    finally:
        worker.kill()
        kafka.restart()
        print(worker.told())


def test_a_taken_port_is_a_warning_and_the_worker_works(pipeline: Pipeline, config: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        worker = RoleProcess("join", config, tmp_path, f"127.0.0.1:{taken.getsockname()[1]}")
        try:
            pipeline.send([its_click(), told("p1")])
            until(lambda: len(pipeline.outcomes()) == 1, 60, "it joins")
            assert "metrics_not_served" in worker.told()
            assert "[metrics] join" in worker.told()
        finally:
            worker.kill()
            print(worker.told())
