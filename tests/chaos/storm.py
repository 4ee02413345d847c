"""Blows that fall on a scene when they are due, and what was taken comes back."""

import signal
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from heapq import heapify, heappop, heappush
from math import inf
from time import monotonic, time

from kafka.errors import KafkaError

from schemas.records import Click, Postback
from schemas.topics import partition_of
from tests.chaos import plan
from tests.chaos.load import Load
from tests.chaos.plan import Blow
from tests.chaos.scene import PARTITIONS, Scene, funnel, lag
from tests.chaos.told import Told
from tests.support.join_cold import minted
from tests.support.join_samples import click, postback
from tests.support.pipeline import Pipeline

SAYS_EVERY = 10.0  # seconds
PATIENCE = 180.0  # seconds for what must go on while ClickHouse is away; the machine may stall

Outage = tuple[int, int]
"""From when to when ClickHouse was away, in milliseconds."""


class Storm:
    """One for a run."""

    def __init__(self, scene: Scene, pipeline: Pipeline, load: Load, told: Told, say: Callable[[str], None]) -> None:
        self._scene, self._pipeline, self._load, self._told, self._say = scene, pipeline, load, told, say
        self._began = self._said_at = monotonic()
        self._away_since = 0
        self._back_at: float | None = None  # when ClickHouse comes back
        self._witnesses = 0
        self.blows: Counter[str] = Counter()
        self.outages: list[Outage] = []

    def rage(self, blows: Iterable[Blow]) -> None:
        """Let them all fall. Returns when the last has fallen and everything is given back."""
        began = monotonic()
        due = [(began + blow.at, number, blow) for number, blow in enumerate(blows)]
        heapify(due)
        while due or self._back_at is not None:
            at = min([at for at, _, _ in due[:1]] + [self._back_at or inf])
            self._scene.until(partial(self._passes, at), PATIENCE + at - began, "the next blow")
            if at == self._back_at:
                self._give_back()
            else:
                _, number, blow = heappop(due)
                if blow.kind in (plan.AWAY, plan.FROZEN) and self._back_at is not None:
                    heappush(due, (self._back_at + 1, number, blow))  # others took longer than planned
                else:
                    self._fall(blow)

    def say(self, text: str) -> None:
        """With the time since the beginning."""
        self._said_at = monotonic()
        self._say(f"{self._said_at - self._began:5.0f} s  {text}")

    def _passes(self, at: float) -> bool:
        if monotonic() - self._said_at > SAYS_EVERY:
            self._progress()
        return monotonic() >= at

    def _progress(self) -> None:
        try:
            before = lag(self._pipeline)
            self._told.read_on()
        except KafkaError:
            self.say("Kafka does not answer")
            return
        sent, waits = len(self._load.acknowledged), self._told.count("waiting")
        self.say(f"{sent:,} postbacks sent, {waits:,} wait, lag {before:,}, {self.blows.total()} blows")

    def _fall(self, blow: Blow) -> None:
        self.blows[blow.kind] += 1
        if blow.kind in (plan.KAFKA, plan.AWAY, plan.FROZEN, plan.SINK, plan.EMIT):
            self.say(f"{blow.kind}, {blow.length:.1f} s")
            self._strike_server(blow)
        else:
            self._strike_worker(blow)

    def _strike_worker(self, blow: Blow) -> None:
        worker = self._scene.pick(blow.worker)
        self.say(f"{worker.name}: {blow.kind}")
        if blow.kind == plan.KILLED:
            worker.kill(blow.length)
        elif blow.kind == plan.ROBBED:
            worker.kill(blow.length, loses_disk=True)
        elif blow.kind == plan.STOPPED:
            worker.stop(blow.length)
        else:
            if blow.kind == plan.CHANGED:
                worker.configure(funnel(self._load.change_policy()))
            worker.end()

    def _strike_server(self, blow: Blow) -> None:
        if blow.kind == plan.SINK:
            self._scene.sink.kill(blow.length)
        elif blow.kind == plan.EMIT:
            self._scene.emit.kill(blow.length, loses_disk=self.blows[plan.EMIT] % 2 == 0)
        elif blow.kind == plan.KAFKA:
            self._scene.restart_kafka(blow.length)
            self.say("Kafka is back")
        elif blow.kind == plan.FROZEN:
            self._scene.freeze_clickhouse(signal.SIGSTOP)
            self._back_at = monotonic() + blow.length
        else:
            self._scene.clickhouse.kill()
            self._away_since = _now()
            self._back_at = monotonic() + blow.length

    def _give_back(self) -> None:
        """ClickHouse again: after it was seen that nobody waits for it but who must."""
        self._back_at = None
        if not self._away_since:
            self._scene.freeze_clickhouse(signal.SIGCONT)
            return
        self._everybody_else_goes_on()
        self.outages.append((self._away_since, _now()))
        self._away_since = 0
        self._scene.clickhouse.start()
        self.say("ClickHouse is back; everybody else went on")

    def _everybody_else_goes_on(self) -> None:
        """A click and its postback in every partition are decided while ClickHouse is away."""
        pairs = [self._witness(partition) for partition in range(PARTITIONS)]
        self._load.send(event for pair in pairs for event in pair)

        def decided() -> bool:
            self._told.read_on()
            return all(self._told.outcome_of(told.postback_id) == "attributed" for _, told in pairs)

        self._scene.until(decided, PATIENCE, "what is not cold is decided while ClickHouse is away")

    def _witness(self, partition: int) -> tuple[Click, Postback]:
        while True:
            self._witnesses += 1
            id_ = minted(0, (1 << 40) + self._witnesses, _now())
            if partition_of(id_.encode(), PARTITIONS) == partition:
                told = postback(f"witness{self._witnesses:019d}", click_id=id_, received_at=_now())
                return click(id_, clicked_at=_now()), told


def _now() -> int:
    return int(time() * 1000)
