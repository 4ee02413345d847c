"""The role emit is killed, stopped and cut off: nothing is lost, and repeated is at most what was in flight.

One worker for all of them: each test leaves it running.
"""

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
    emit_running,
    outcomes_of,
    send_outcomes,
    source_settings,
    stop_reading,
    their_ids,
    until_finished,
)
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.stand_in import StandIn, stand_in

pytestmark = pytest.mark.kafka

PATHS = {"kill": "slow/0.02", "twice": "fails/100/y", "stop": "slow/0.03", "broker": "slow/0.05", "pause": "slow/0.04"}


@pytest.fixture(scope="module")
def source() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.fixture(scope="module")
def worker(kafka: KafkaServer, source: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmitProcess]:
    urls = {name: f"{source.url}/{path}" for name, path in PATHS.items()}
    with emit_running(kafka, tmp_path_factory.mktemp("emit"), source_settings(urls)) as process:
        yield process


def until_called(source: StandIn, path: str, times: int) -> None:
    until(lambda: len(source.count(path)) > times, 40, f"{times} requests to {path}")


def repeated(source: StandIn, path: str) -> int:
    """How many requests more than deliveries."""
    counted = source.count(path)
    more = sum(counted.values()) - len(counted)
    print(f"repeated: {more} of {len(counted)}", file=sys.stderr)
    return more


def test_kill_9_loses_nothing_and_repeats_at_most_what_was_in_flight(
    kafka: KafkaServer, source: StandIn, worker: EmitProcess
) -> None:
    """Twice: once with the state as it was left, once with the disk lost."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}", file=sys.stderr)
    chance = random.Random(seed)
    told = [one for n in range(1000) for one in outcomes_of("twice" if n % 10 == 0 else "kill", 20_000 + n, 1)]
    send_outcomes(kafka.bootstrap, told)
    for blow in range(2):
        until_called(source, "/slow/0.02", 150 + 300 * blow + chance.randrange(100))
        worker.kill()
        if blow:
            shutil.rmtree(worker.data)
        worker.start()
    found = until_finished(kafka, "kill", 900, 60)
    until_finished(kafka, "twice", 100, 60)
    wanted = {one.click.source_click_id for one in told if one.click and one.click.source == "kill"}
    assert source.count("/slow/0.02").keys() == wanted
    assert repeated(source, "/slow/0.02") <= 2 * MAX_OPEN
    assert {made[-1].state for made in found.values()} == {"delivered"}


def test_an_orderly_stop_repeats_nothing(kafka: KafkaServer, source: StandIn, worker: EmitProcess) -> None:
    send_outcomes(kafka.bootstrap, outcomes_of("stop", 30_000, 500))
    until_called(source, "/slow/0.03", 100)
    assert worker.stop() == 0
    assert len(source.count("/slow/0.03")) < 500
    worker.start()
    until_finished(kafka, "stop", 500, 40)
    assert source.count("/slow/0.03") == dict.fromkeys(their_ids(30_000, 500), 1)


def test_a_broker_that_is_killed_costs_neither_a_delivery_nor_a_repetition(
    kafka: KafkaServer, source: StandIn, worker: EmitProcess
) -> None:
    """Results that cannot be recorded count as open, so the sending stops by itself; the worker waits and goes on."""
    send_outcomes(kafka.bootstrap, outcomes_of("broker", 50_000, 600))
    until_called(source, "/slow/0.05", 100)
    stop_reading()
    kafka.kill()
    sent = len(source.count("/slow/0.05"))
    kafka.start()
    until_finished(kafka, "broker", 600, 60)
    assert sent < 600
    assert source.count("/slow/0.05") == dict.fromkeys(their_ids(50_000, 600), 1)


def test_a_worker_that_was_stopped_for_long_sends_nothing_that_another_has_taken_over(
    kafka: KafkaServer, source: StandIn, worker: EmitProcess, tmp_path: Path
) -> None:
    """SIGSTOP for longer than the session: when it goes on its lease is over, whatever it thinks it owns."""
    urls = {name: f"{source.url}/{path}" for name, path in PATHS.items()}
    other = EmitProcess(kafka.bootstrap, tmp_path / "other", source_settings(urls))
    send_outcomes(kafka.bootstrap, outcomes_of("pause", 40_000, 1000))
    try:
        until_called(source, "/slow/0.04", 100)
        worker.signal(signal.SIGSTOP)
        other.start()
        until_called(source, "/slow/0.04", 400)
        worker.signal(signal.SIGCONT)
        until_finished(kafka, "pause", 1000, 60)
    finally:
        worker.signal(signal.SIGCONT)
        assert other.stop() == 0
        print(other.log.read_text()[-4000:], file=sys.stderr)
    assert source.count("/slow/0.04").keys() == their_ids(40_000, 1000)
    assert repeated(source, "/slow/0.04") <= MAX_OPEN
