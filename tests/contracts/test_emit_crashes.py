"""The role emit is killed and stopped: nothing is lost, and repeated is at most what was in flight."""

import random
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emit_process import (
    MAX_OPEN,
    EmitProcess,
    finished,
    fresh_topics,
    outcomes_of,
    send_outcomes,
    source_settings,
    their_ids,
)
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.stand_in import StandIn, stand_in

pytestmark = pytest.mark.kafka


@pytest.fixture
def source() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


def until_called(source: StandIn, path: str, times: int) -> None:
    until(lambda: len(source.count(path)) > times, 40, f"{times} requests to {path}")


def test_kill_9_loses_nothing_and_repeats_at_most_what_was_in_flight(
    kafka: KafkaServer, source: StandIn, tmp_path: Path
) -> None:
    """Twice: once with the state as it was left, once with the disk lost."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}", file=sys.stderr)
    chance = random.Random(seed)
    fresh_topics(kafka.bootstrap)
    urls = {"kill": f"{source.url}/slow/0.02", "twice": f"{source.url}/fails/300/y"}
    worker = EmitProcess(kafka.bootstrap, tmp_path, source_settings(urls)).start()
    told = [one for n in range(1500) for one in outcomes_of("twice" if n % 10 == 0 else "kill", 20_000 + n, 1)]
    send_outcomes(kafka.bootstrap, told)
    try:
        for blow in range(2):
            enough = 200 + 400 * blow + chance.randrange(100)
            until_called(source, "/slow/0.02", enough)
            worker.kill()
            if blow:
                shutil.rmtree(worker.data)
            worker.start()
        found = until(lambda: finished(kafka, "kill", 1350), 60, "all have ended") or {}
        until(lambda: finished(kafka, "twice", 150), 60, "the failing ones too")
    finally:
        code = worker.stop()
        print(worker.log.read_text()[-4000:], file=sys.stderr)
    counted = source.count("/slow/0.02")
    repeated = sum(counted.values()) - len(counted)
    print(f"repeated after two kills: {repeated} of {len(counted)}", file=sys.stderr)
    assert code == 0
    assert counted.keys() == {one.click.source_click_id for one in told if one.click and one.click.source == "kill"}
    assert repeated <= 2 * MAX_OPEN
    assert {made[-1].state for made in found.values()} == {"delivered"}


def test_a_worker_that_was_stopped_for_long_sends_nothing_that_another_has_taken_over(
    kafka: KafkaServer, source: StandIn, tmp_path: Path
) -> None:
    """SIGSTOP for longer than the session: when it goes on its lease is over, whatever it thinks it owns."""
    fresh_topics(kafka.bootstrap)
    given = source_settings({"pause": f"{source.url}/slow/0.04"})
    paused, other = (EmitProcess(kafka.bootstrap, tmp_path / name, given) for name in ("paused", "other"))
    paused.start()
    send_outcomes(kafka.bootstrap, outcomes_of("pause", 40_000, 1500))
    try:
        until_called(source, "/slow/0.04", 100)
        paused.signal(signal.SIGSTOP)
        other.start()
        until_called(source, "/slow/0.04", 600)
        paused.signal(signal.SIGCONT)
        until(lambda: finished(kafka, "pause", 1500), 60, "all have ended")
    finally:
        paused.signal(signal.SIGCONT)
        for worker in (paused, other):
            assert worker.stop() == 0
            print(worker.log.read_text()[-4000:], file=sys.stderr)
    counted = source.count("/slow/0.04")
    repeated = sum(counted.values()) - len(counted)
    print(f"repeated after a pause: {repeated} of {len(counted)}", file=sys.stderr)
    assert counted.keys() == their_ids(40_000, 1500)
    assert repeated <= MAX_OPEN


def test_an_orderly_stop_repeats_nothing(kafka: KafkaServer, source: StandIn, tmp_path: Path) -> None:
    fresh_topics(kafka.bootstrap)
    worker = EmitProcess(kafka.bootstrap, tmp_path, source_settings({"stop": f"{source.url}/slow/0.03"})).start()
    send_outcomes(kafka.bootstrap, outcomes_of("stop", 30_000, 800))
    try:
        until_called(source, "/slow/0.03", 200)
        assert worker.stop() == 0
        assert len(source.count("/slow/0.03")) < 800
        worker.start()
        until(lambda: len(source.count("/slow/0.03")) == 800, 40, "everything was told")
    finally:
        worker.stop()
        print(worker.log.read_text()[-4000:], file=sys.stderr)
    assert source.count("/slow/0.03") == dict.fromkeys(their_ids(30_000, 800), 1)


def test_a_broker_that_is_killed_costs_neither_a_delivery_nor_a_repetition(
    kafka: KafkaServer, source: StandIn, tmp_path: Path
) -> None:
    """Results that cannot be recorded count as open, so the sending stops by itself; the worker waits and goes on."""
    fresh_topics(kafka.bootstrap)
    worker = EmitProcess(kafka.bootstrap, tmp_path, source_settings({"broker": f"{source.url}/slow/0.05"})).start()
    send_outcomes(kafka.bootstrap, outcomes_of("broker", 50_000, 800))
    try:
        until_called(source, "/slow/0.05", 100)
        kafka.kill()
        sent = len(source.requests)
        kafka.start()
        until(lambda: finished(kafka, "broker", 800), 60, "all have ended")
    finally:
        code = worker.stop()
        print(worker.log.read_text()[-4000:], file=sys.stderr)
    assert code == 0
    assert sent < 800
    assert source.count("/slow/0.05") == dict.fromkeys(their_ids(50_000, 800), 1)
