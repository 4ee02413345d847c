"""The topic `events` is deleted and made again while a join worker runs, against everybody's advice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord
from kafka import KafkaAdminClient

from schemas.records import Epoch, Event
from schemas.topics import EVENTS
from schemas.versions import epoch_of
from tests.kafka_server import KafkaServer
from tests.oracle.join_oracle import Verdict
from tests.polling import until
from tests.support.join_samples import click, postback
from tests.support.pipeline import JoinWorker, Pipeline
from tests.support.verdicts import judged, verdict_of

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]

FEWER, EQUAL, MORE = range(3)  # records in the new topic than in the old one, by partition
OLD = 50
NEW = {FEWER: 10, EQUAL: 49, MORE: 150}
EXIT_CRASHED = 70


@pytest.fixture
def pipeline(kafka: KafkaServer) -> Iterator[Pipeline]:
    made = Pipeline(kafka.bootstrap, len(NEW))
    yield made
    made.close()


@pytest.fixture
def worker(pipeline: Pipeline, tmp_path: Path) -> Iterator[JoinWorker]:
    made = JoinWorker(pipeline.bootstrap, tmp_path / "data").start()
    yield made
    made.stop()
    print(made.told()[-4000:])


def pairs(count: int, name: str) -> Iterator[Event]:
    """Clicks, each with its postback."""
    for number in range(count):
        yield click(f"{name}{number}")
        yield postback(f"{name}{number}", click_id=f"{name}{number}")


def wipe(pipeline: Pipeline) -> None:
    """The topic is made again, with the next epoch and new records."""
    admin = KafkaAdminClient(bootstrap_servers=pipeline.bootstrap)
    admin.delete_topics([EVENTS])
    until(lambda: EVENTS not in admin.list_topics(), 60, "the topic is gone")
    configs = {"message.timestamp.type": "LogAppendTime"}
    wanted = {EVENTS: {"num_partitions": len(NEW), "replication_factor": 1, "configs": configs}}
    admin.create_topics(wanted, wait_for_metadata=True)
    admin.close()
    for partition, count in NEW.items():
        pipeline.send([Epoch(epoch=1), *pairs(count, f"new{partition}-")], partition)
    pipeline.send([click("one more")], EQUAL)


def test_a_worker_whose_topic_was_made_anew_ends_and_the_next_reads_all_of_the_new_one(
    pipeline: Pipeline, worker: JoinWorker
) -> None:
    """Whether it has fewer records than the group had committed of the old one, as many, or more."""
    for partition in NEW:
        pipeline.send(pairs(OLD, f"old{partition}-"), partition)
    until(lambda: len(pipeline.outcomes()) == OLD * len(NEW), 60, "all of the old topic is decided")
    until(lambda: pipeline.lag() == 0, 60, "and committed")
    wipe(pipeline)
    assert worker.wait(90) == EXIT_CRASHED
    assert "topic_made_anew" in worker.told()
    worker.start()
    until(lambda: len(_of_the_new(pipeline)) == sum(NEW.values()), 60, "all of the new topic is decided")
    expected = {verdict for log in _logs(pipeline) for verdict in judged(log).verdicts}
    assert _of_the_new(pipeline) == expected
    until(lambda: pipeline.lag() == 0, 60, "and committed")


def _of_the_new(pipeline: Pipeline) -> set[Verdict]:
    return {verdict_of(one) for one in pipeline.outcomes() if epoch_of(one.version) == 1}


def _logs(pipeline: Pipeline) -> Iterator[list[ConsumerRecord]]:
    log = pipeline.read(EVENTS)
    for partition in NEW:
        yield [record for record in log if record.partition == partition]
