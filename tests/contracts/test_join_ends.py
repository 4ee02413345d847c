"""A worker that is told to end does so, whoever is away."""

import signal
from pathlib import Path

import pytest

from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.support.join_samples import click, postback
from tests.support.pipeline import JoinWorker, Pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]


def test_a_worker_that_is_told_to_end_while_kafka_is_away_does_not_wait_for_it(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    pipeline = Pipeline(kafka.bootstrap, 2)
    worker = JoinWorker(kafka.bootstrap, tmp_path / "data").start()
    try:
        pipeline.send([click(), postback()])
        until(pipeline.outcomes, 60, "it works")
        kafka.kill()
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
    finally:
        worker.stop()
        kafka.start()
        print(worker.told()[-3000:])
    pipeline.close()
