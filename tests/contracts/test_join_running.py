"""The join as it runs: a worker process on Apache Kafka, events in, outcomes out."""

import signal
from collections.abc import Iterator

import pytest

from schemas.records import Postback
from schemas.topics import EVENTS, partition_of
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.properties.logs import SEED
from tests.support.join_exact import assert_exact, caught_up
from tests.support.join_samples import HOUR, NOW, click, postback
from tests.support.pipeline import JoinWorker, Pipeline
from tests.support.traffic import Traffic
from tests.support.verdicts import rows

pytestmark = pytest.mark.kafka

PARTITIONS = 2


@pytest.fixture(scope="module")
def pipeline(kafka: KafkaServer) -> Iterator[Pipeline]:
    made = Pipeline(kafka.bootstrap, PARTITIONS)
    yield made
    made.close()


@pytest.fixture(scope="module")  # every test has clicks of its own
def worker(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JoinWorker]:
    made = JoinWorker(pipeline.bootstrap, tmp_path_factory.mktemp("worker") / "data")
    made.start()
    yield made
    made.stop()
    print(made.told()[-4000:])


def test_a_quiet_partition_lets_a_waiting_postback_go(pipeline: Pipeline, worker: JoinWorker) -> None:
    """Nothing else moves time there: the owner appends a tick."""
    pipeline.send([postback("p1", wait_ms=1500)])
    until(lambda: rows(pipeline.outcomes()).get("p1"), 30, "it is decided")
    until(lambda: rows(pipeline.outcomes())["p1"].outcome == "orphan", 15, "it is an orphan")
    caught_up(pipeline, worker)
    ticks = [record for record in pipeline.read(EVENTS) if b'"tick"' in record.value]
    assert 1 <= len(ticks) <= 3
    assert {record.partition for record in ticks} == {partition_of(b"c1", PARTITIONS)}
    assert_exact(pipeline)


def test_events_in_outcomes_out_exact(pipeline: Pipeline, worker: JoinWorker) -> None:
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    pipeline.send(Traffic(SEED).events(500))
    caught_up(pipeline, worker)
    assert assert_exact(pipeline) == 0
    assert pipeline.invalid() == []


def test_poison_on_the_topic_is_invalid_and_the_worker_goes_on(pipeline: Pipeline, worker: JoinWorker) -> None:
    poison = [b"\xff\xfe", b"{}", b'{"v":9,"type":"click"}', b'{"v":1,"type":"tick","x":' + b"[" * 100_000]
    pipeline.send(poison, partition_of(b"c2", PARTITIONS))
    pipeline.send([click("c2"), *poison_postbacks(), postback("good", click_id="c2")])
    caught_up(pipeline, worker)
    assert sorted(one.code for one in pipeline.invalid()) == ["newer_format", "not_a_record", "not_json", "not_json"]
    told = rows(pipeline.outcomes())
    assert [told[id_].outcome for id_ in ("long", "nul", "good")] == ["waiting", "waiting", "attributed"]


def test_at_sigterm_it_ends_in_order(worker: JoinWorker) -> None:
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 0


def poison_postbacks() -> list[Postback]:
    """Odd, but records."""
    return [
        postback("long", click_id="x" * 10_240, wait_ms=HOUR, received_at=NOW),
        postback("nul", click_id="c\0", wait_ms=HOUR, received_at=NOW),
    ]
