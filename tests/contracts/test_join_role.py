"""The join as it ends and begins again: killed, without its disk, on a log or a topic that is another one."""

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clickjoin.cli.app import app
from schemas.records import Epoch
from schemas.topics import EVENTS
from schemas.versions import epoch_of
from tests.kafka_server import KafkaServer
from tests.properties.logs import SEED
from tests.support.join_exact import assert_exact, caught_up
from tests.support.join_samples import click, postback
from tests.support.pipeline import JoinWorker, Pipeline
from tests.support.roles import write_config
from tests.support.traffic import Traffic
from tests.support.verdicts import rows

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


def test_kill_9_and_again_changes_nothing_with_the_state_or_without_it(pipeline: Pipeline, worker: JoinWorker) -> None:
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    traffic = Traffic(SEED)
    pipeline.send(traffic.events(400))
    caught_up(pipeline, worker)
    for loses_its_state in (False, True):
        pipeline.send(traffic.events(200))
        worker.stop()
        if loses_its_state:
            shutil.rmtree(worker.data)
        pipeline.send(traffic.events(200))
        worker.start()
        caught_up(pipeline, worker)
        print("sent twice:", assert_exact(pipeline))


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


def test_a_worker_goes_on_behind_what_was_removed_once_somebody_says_so(
    pipeline: Pipeline, worker: JoinWorker, tmp_path: Path
) -> None:
    pipeline.send([click(), postback()], partition=0)
    caught_up(pipeline, worker)
    config = write_config(tmp_path, pipeline.bootstrap, "http://127.0.0.1:1")
    assert skip_removed(config) == (0, "[]\n")
    pipeline.send([postback(f"p{n}", f"e{n}") for n in range(10)], partition=0)
    caught_up(pipeline, worker)
    worker.stop()
    pipeline.send([postback(f"q{n}", f"q{n}") for n in range(10)], partition=0)
    pipeline.delete_records(0, before=20)
    gap = {"role": "join", "topic": EVENTS, "partition": 0, "resumes_at": 12, "begins_at": 20, "records": 8}
    assert [json.loads(skip_removed(config, *more)[1]) for more in (["--dry-run"], [], [])] == [[gap], [gap], []]
    worker.start()
    caught_up(pipeline, worker)
    assert {one.postback.postback_id for one in pipeline.outcomes()} >= {"p9", "q8", "q9"}


def skip_removed(config: Path, *more: str) -> tuple[int, str]:
    told = CliRunner().invoke(app, ["skip-removed", "--config", str(config), "--json", *more])
    return told.exit_code, told.stdout


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
