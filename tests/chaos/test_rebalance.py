"""Three join workers share eight partitions while they are killed, stopped and robbed of their disks."""

import os
import secrets
import shutil
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from schemas.topics import EVENTS, OUTCOMES
from schemas.wire import decode_outcome
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.support.pipeline import JoinWorker, Pipeline
from tests.support.traffic import Traffic
from tests.support.verdicts import judged, rows, verdict_of

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]

SEED = int(os.environ.get("CLICKJOIN_TEST_SEED", "0")) or secrets.randbits(32)
WORKERS, PARTITIONS = 3, 8
BLOWS = 12
CLICKS_A_SECOND = 120
ORPHANS_AFTER_MS = 10_000


class Load:
    """A producer that keeps sending in a thread of its own."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline, self._traffic = pipeline, Traffic(SEED, wait_ms=ORPHANS_AFTER_MS)
        self._ends = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="load")

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(60)
        assert self._failed is None, self._failed

    def _run(self) -> None:
        try:
            while not self._ends.wait(0.5):
                self._pipeline.send(self._traffic.events(CLICKS_A_SECOND // 2))
        except BaseException as error:  # the test itself must say it
            self._failed = error


class Storm:
    """Blows to workers, in an order that the seed gives."""

    def __init__(self, workers: list[JoinWorker]) -> None:
        self._workers, self._random = workers, Random(SEED)
        self._began = time.monotonic()
        self.blows: Counter[str] = Counter()
        self.died = 0  # of themselves

    def blow(self) -> None:
        """One blow, and its end: the worker runs again."""
        random = self._random
        time.sleep(random.uniform(0.5, 3))  # under load; this is the weather, nothing is waited for
        worker = random.choice(self._workers)
        what = random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
        loses_disk, pause, frozen = random.random() < 0.5, random.uniform(0, 2), random.uniform(2, 8)
        self.raise_the_dead()
        print(f"{time.monotonic() - self._began:4.0f} s  {worker.data.name} {what.name}")
        worker.send_signal(what)
        self.blows[what.name] += 1
        if what == signal.SIGSTOP:
            time.sleep(frozen)
            worker.send_signal(signal.SIGCONT)
            return
        worker.wait(20)
        if loses_disk:
            shutil.rmtree(worker.data, ignore_errors=True)
            self.blows["disks lost"] += 1
        time.sleep(pause)
        worker.start()

    def raise_the_dead(self) -> None:
        """What a supervisor does."""
        for worker in self._workers:
            if not worker.runs:
                self.died += 1
                print(f"{worker.data.name} died: {worker.wait()}\n{worker.told()[-1500:]}")
                worker.start()


def test_kills_stops_and_lost_disks_lose_nothing_and_make_nothing_wrong(kafka: KafkaServer, tmp_path: Path) -> None:
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    pipeline = Pipeline(kafka.bootstrap, PARTITIONS)
    workers = [JoinWorker(kafka.bootstrap, tmp_path / f"worker{number}").start() for number in range(WORKERS)]
    storm = Storm(workers)
    try:
        with Load(pipeline):
            until(pipeline.outcomes, 30, "the first outcomes")
            for _ in range(BLOWS):
                storm.blow()
        until(lambda: caught_up(pipeline, storm), 60, "everything is committed")
    finally:
        for worker in workers:
            worker.stop()
    print(f"blows: {dict(storm.blows)}; died of themselves: {storm.died}")
    assert_nothing_missing_and_nothing_wrong(pipeline)
    pipeline.close()


def caught_up(pipeline: Pipeline, storm: Storm) -> bool:
    storm.raise_the_dead()
    return pipeline.lag() == 0


def assert_nothing_missing_and_nothing_wrong(pipeline: Pipeline) -> None:
    log, lay = pipeline.read(EVENTS), [record.value for record in pipeline.read(OUTCOMES)]
    oracles = [judged(sorted(_of(log, number), key=lambda one: one.offset)) for number in range(PARTITIONS)]
    expected = [verdict for oracle in oracles for verdict in oracle.verdicts]
    sent = [decode_outcome(value) for value in lay]
    said = {verdict_of(one) for one in sent}
    missing, wrong = set(expected) - said, said - set(expected)
    twice = len(sent) - len(expected) + len(missing) - len(wrong)
    print(
        f"{len(log)} records, {len(expected)} outcomes, {twice} sent twice, {len(missing)} missing, {len(wrong)} wrong"
    )
    assert not missing
    assert not wrong
    assert len(set(lay)) == len(expected), "what was sent again is not the same to the byte"
    assert rows(sent) == {id_: verdict for oracle in oracles for id_, verdict in oracle.last_words().items()}
    assert pipeline.invalid() == []


def _of(log: list[Any], partition: int) -> list[Any]:
    return [record for record in log if record.partition == partition]
