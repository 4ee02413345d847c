"""Cold clicks while ClickHouse is away, while the sink is behind, and a worker that works in vain."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition

from schemas.topics import OUTCOMES, SINK_GROUP, partition_of
from schemas.versions import MAX_OFFSET
from schemas.wire import encode
from tests.contracts.clickhouse_front import free_port
from tests.contracts.join_cold_servers import (
    NOW,
    PARTITIONS,
    ColdWorker,
    Front,
    becomes,
    decided_then,
    old_click,
    tables_know,
)
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.support.join_cold import minted
from tests.support.join_samples import click, postback
from tests.support.pipeline import Pipeline
from tests.support.verdicts import rows

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]

EXIT_CRASHED = 70


@pytest.fixture
def pipeline(kafka: KafkaServer) -> Iterator[Pipeline]:
    made = Pipeline(kafka.bootstrap, PARTITIONS)
    yield made
    made.close()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    made = Front(tmp_path / "clickhouse")
    yield made
    made.kill()


@pytest.fixture
def worker(pipeline: Pipeline, front: Front, tmp_path: Path) -> Iterator[ColdWorker]:
    made = ColdWorker(pipeline.bootstrap, tmp_path / "data", front.dsn)
    made.start()
    yield made
    made.stop()
    print(made.told()[-4000:])


def test_while_clickhouse_is_away_the_cold_ones_wait_and_nobody_else(
    pipeline: Pipeline, front: Front, worker: ColdWorker
) -> None:
    """Also through kill -9 of the worker, and the loss of its state."""
    olds = [old_click(number) for number in range(10, 30)]
    for old in olds:
        tables_know(front, old)
    front.kill()
    pipeline.send(postback(f"p{n}", click_id=old.click_id, received_at=NOW) for n, old in enumerate(olds))
    young = [minted(0, number, NOW) for number in range(10)]
    pipeline.send(click(click_id, clicked_at=NOW) for click_id in young)
    pipeline.send(postback(f"y{n}", click_id=click_id, received_at=NOW) for n, click_id in enumerate(young))
    becomes(pipeline, "y9", "attributed")
    until(lambda: pipeline.lag() == 0, 30, "everything is committed")
    told = rows(pipeline.outcomes())
    assert {told[f"y{n}"].outcome for n in range(10)} == {"attributed"}
    assert {(told[f"p{n}"].outcome, told[f"p{n}"].reason) for n in range(20)} == {("waiting", "cold")}
    until(lambda: "look_ups_wait_for_clickhouse" in worker.told(), 20, "it says so")
    worker.stop()
    worker.start()
    until(lambda: worker.told().count("look_ups_wait_for_clickhouse") == 2, 40, "it asks again for what waits")
    front.start()
    for number in range(20):
        becomes(pipeline, f"p{number}", "attributed")
    sent = [one for one in pipeline.outcomes() if one.outcome == "attributed"]
    credited = {one.conversion.conversion_id for one in sent if one.conversion}
    assert len(sent) == len(credited) == 30, "something was credited twice"
    assert all(one.version >> 16 & MAX_OFFSET for one in sent)
    assert worker.told().count("look_ups_wait_for_clickhouse") == 2, "it says it once"
    assert "look_ups_go_on" in worker.told()


def test_a_worker_that_cannot_commit_while_the_broker_answers_ends(pipeline: Pipeline, tmp_path: Path) -> None:
    worker = ColdWorker(
        pipeline.bootstrap, tmp_path / "data", f"http://127.0.0.1:{free_port()}/clickjoin", "no_commits"
    )
    worker.start()
    try:
        pipeline.send([click(), postback()])
        assert worker.wait(70) == EXIT_CRASHED
        assert "commits_stuck" in worker.told()
        assert rows(pipeline.outcomes())["p1"].outcome == "attributed"
    finally:
        worker.stop()


def test_the_day_does_not_go_on_while_the_sink_has_not_written_what_it_would_drop(
    pipeline: Pipeline, front: Front, worker: ColdWorker
) -> None:
    """What was decided more than a week ago must be in the tables before its state is dropped."""
    old = old_click(40)
    number = partition_of(b"c1", PARTITIONS)
    producer = KafkaProducer(bootstrap_servers=pipeline.bootstrap, acks="all")
    (outcome,) = decided_then(old, ("p0", "install", {}))
    producer.send(OUTCOMES, encode(outcome), partition=number).get(30)
    producer.close()
    pipeline.send([click(clicked_at=NOW), postback(received_at=NOW)])
    until(lambda: "waiting_for_sink" in worker.told(), 30, "it says so")
    assert [one.postback.postback_id for one in pipeline.outcomes()] == ["p0"], "it went on all the same"
    consumer = KafkaConsumer(bootstrap_servers=pipeline.bootstrap, group_id=SINK_GROUP, enable_auto_commit=False)
    consumer.commit({TopicPartition(OUTCOMES, number): OffsetAndMetadata(1, "", -1)})
    consumer.close()
    becomes(pipeline, "p1", "attributed")
    assert worker.told().count("waiting_for_sink") == 1, "it says it once"
    assert "sink_is_far_enough" in worker.told()
    admin = KafkaAdminClient(bootstrap_servers=pipeline.bootstrap)
    admin.delete_groups([SINK_GROUP])
    admin.close()
