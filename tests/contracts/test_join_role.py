"""The join as it runs: a worker process on Apache Kafka, events in, outcomes out."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.records import Epoch, Postback
from schemas.topics import EVENTS, partition_of
from schemas.versions import epoch_of
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.properties.logs import SEED
from tests.support.join_samples import HOUR, NOW, click, postback
from tests.support.pipeline import JoinWorker, Pipeline
from tests.support.traffic import Traffic
from tests.support.verdicts import judged, rows, verdict_of

pytestmark = pytest.mark.kafka

PARTITIONS = 2
EXIT_CRASHED = 70


@pytest.fixture
def pipeline(kafka: KafkaServer) -> Iterator[Pipeline]:
    made = Pipeline(kafka.bootstrap, PARTITIONS)
    yield made
    made.close()


@pytest.fixture
def worker(pipeline: Pipeline, tmp_path: Path) -> Iterator[JoinWorker]:
    made = JoinWorker(pipeline.bootstrap, tmp_path / "data")
    made.start()
    yield made
    made.stop()
    print(made.told()[-4000:])


def caught_up(pipeline: Pipeline, worker: JoinWorker, seconds: float = 40) -> None:
    def done() -> bool:
        assert worker.runs, worker.told()[-4000:]
        return pipeline.lag() == 0

    until(done, seconds, "everything is committed")


def assert_exact(pipeline: Pipeline) -> int:
    """Every outcome is one that the oracle expects, and none is missing. Returns how many were sent twice."""
    expected, sent = [], pipeline.outcomes()
    log = pipeline.read(EVENTS)
    for number in range(PARTITIONS):
        expected += judged(sorted((r for r in log if r.partition == number), key=lambda r: r.offset)).verdicts
    assert set(map(verdict_of, sent)) == set(expected)
    return len(sent) - len(expected)


def test_events_in_outcomes_out_exact(pipeline: Pipeline, worker: JoinWorker) -> None:
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    pipeline.send(Traffic(SEED).events(500))
    caught_up(pipeline, worker)
    assert assert_exact(pipeline) == 0
    assert pipeline.invalid() == []
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 0


@pytest.mark.parametrize("loses_its_state", [False, True])
def test_kill_9_and_again_changes_nothing(pipeline: Pipeline, worker: JoinWorker, loses_its_state: bool) -> None:
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    traffic = Traffic(SEED)
    pipeline.send(traffic.events(400))
    caught_up(pipeline, worker)
    pipeline.send(traffic.events(400))
    worker.stop()
    if loses_its_state:
        shutil.rmtree(worker.data)
    pipeline.send(traffic.events(400))
    worker.start()
    caught_up(pipeline, worker)
    print("sent twice:", assert_exact(pipeline))


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


def test_poison_on_the_topic_is_invalid_and_the_worker_goes_on(pipeline: Pipeline, worker: JoinWorker) -> None:
    poison = [b"\xff\xfe", b"{}", b'{"v":9,"type":"click"}', b'{"v":1,"type":"tick","x":' + b"[" * 100_000]
    pipeline.send(poison, partition_of(b"c1", PARTITIONS))
    pipeline.send([click(), *poison_postbacks(), postback("good")])
    caught_up(pipeline, worker)
    assert sorted(one.code for one in pipeline.invalid()) == ["newer_format", "not_a_record", "not_json", "not_json"]
    told = rows(pipeline.outcomes())
    assert {id_: row.outcome for id_, row in told.items()} == {
        "long": "waiting",
        "nul": "waiting",
        "good": "attributed",
    }


def test_a_log_that_starts_after_the_offset_to_resume_at_stops_loudly(pipeline: Pipeline, worker: JoinWorker) -> None:
    pipeline.send([click(), postback()], partition=0)
    caught_up(pipeline, worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 0
    pipeline.send([postback(f"p{n}", f"e{n}") for n in range(10)], partition=0)
    pipeline.delete_records(0, before=7)
    worker.start()
    assert worker.wait(40) == EXIT_CRASHED
    assert "events-0 starts at 7, resume at 2: 5 are gone" in worker.told()
    assert len(pipeline.outcomes()) == 1, "it went on all the same"


def test_a_lost_state_begins_with_the_log_where_only_what_was_decided_is_gone(
    pipeline: Pipeline, worker: JoinWorker
) -> None:
    pipeline.send([Epoch(epoch=3), click(), postback()], partition=0)
    caught_up(pipeline, worker)
    worker.stop()
    shutil.rmtree(worker.data)
    pipeline.delete_records(0, before=3)
    worker.start()
    pipeline.send([click("c2"), postback("p2", click_id="c2")], partition=0)
    caught_up(pipeline, worker)
    told = rows(pipeline.outcomes())
    assert {id_: row.outcome for id_, row in told.items()} == {"p1": "attributed", "p2": "attributed"}
    assert {epoch_of(one.version) for one in pipeline.outcomes()} == {3}, "the epoch went with the first record"
    assert "state_begins_with_the_log" in worker.told()


def test_state_of_a_topic_that_was_made_again_is_discarded(pipeline: Pipeline, worker: JoinWorker) -> None:
    pipeline.send([click()])
    caught_up(pipeline, worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 0
    pipeline.begin_anew()
    worker.start()
    pipeline.send([postback()])
    caught_up(pipeline, worker)
    assert [one.outcome for one in pipeline.outcomes()] == ["waiting"], "it knew a click of the old topic"
    assert "state_discarded" in worker.told()


def poison_postbacks() -> list[Postback]:
    """Odd, but records."""
    return [
        postback("long", click_id="x" * 10_240, wait_ms=HOUR, received_at=NOW),
        postback("nul", click_id="c\0", wait_ms=HOUR, received_at=NOW),
    ]
