"""The whole of it: begin, storm, wipe `events`, go on in a new epoch, and settle the account."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

from schemas.topics import EVENTS, OUTCOMES
from tests.chaos.account import Account, Chapter, Judge
from tests.chaos.load import COLD_A_SECOND, Cold, Load
from tests.chaos.plan import EMIT, KAFKA, KILLED, WIPED, Blow, plan
from tests.chaos.scene import PARTITIONS, WORKERS, Scene, lag
from tests.chaos.storm import Storm
from tests.chaos.telling import out_of_date, to_be_told
from tests.chaos.told import Told
from tests.contracts.sink_records import on_topic, write
from tests.emit_process import deliveries

SETTLES_WITHIN = 180.0  # seconds: look-ups pause for up to 30 after ClickHouse was away; the machine may stall
LOOKS_EVERY = 1.0  # seconds
AFTERWARDS = 12.0  # seconds of the new epoch, at most
OF_THE_END = 3  # blows: the wipe, and two in the new epoch

Say = Callable[[str], None]


class Wanted(NamedTuple):
    """How long, how hard, and which of all storms."""

    seconds: float
    blows: int
    seed: int


class Finished(NamedTuple):
    """What came of it."""

    blows: Counter[str]
    account: Account


def run(folder: Path, wanted: Wanted, say: Say) -> Finished:
    """Returns the account. AssertionError where it cannot even be made up."""
    afterwards = min(AFTERWARDS, wanted.seconds / 5)
    cold = Cold(wanted.seed, int((wanted.seconds + afterwards) * COLD_A_SECOND))
    blows = plan(Random(wanted.seed), wanted.seconds, wanted.blows - OF_THE_END, WORKERS)
    scene = Scene(folder)
    try:
        write(scene.clickhouse.dsn, EVENTS, on_topic(EVENTS, cold.clicks))
        write(scene.clickhouse.dsn, OUTCOMES, on_topic(OUTCOMES, cold.decided))
        return _Run(scene, cold, wanted.seed, say).through(blows, afterwards)
    finally:
        scene.close()


class _Run:
    def __init__(self, scene: Scene, cold: Cold, seed: int, say: Say) -> None:
        self._scene, self._cold = scene, cold
        self._pipeline = scene.begin()
        self._load = Load(self._pipeline, seed, cold)
        self._told = Told(scene.kafka.bootstrap, PARTITIONS)
        self._storm = Storm(scene, self._pipeline, self._load, self._told, say)
        self._account = Account()
        self._superseded: set[str] = set()
        self._looked_at = 0.0

    def through(self, blows: list[Blow], afterwards: float) -> Finished:
        with self._load:
            self._scene.until(self._speaks, 60, "the first outcomes")
            self._storm.say("the storm begins")
            self._storm.rage(blows)
        first = self._chapter(1)
        self._storm.say(WIPED)
        self._storm.blows[WIPED] += 1
        self._scene.wipe()
        with self._load:
            self._storm.rage([Blow(afterwards / 2, KILLED, 0, 0.5), Blow(afterwards, KILLED, 1, 0.5)])
        return self._settle([first, self._chapter(2)])

    def _chapter(self, epoch: int) -> Chapter:
        """The log of an epoch, once everything in it is decided and in the tables."""
        try:
            self._scene.until(self._is_settled, SETTLES_WITHIN, "everything is decided, committed and written")
        except AssertionError as error:
            self._account.stuck.append(f"epoch {epoch}: {self._told.count('waiting')} wait; {error}")
        return Chapter(epoch, self._pipeline.read(EVENTS))

    def _settle(self, chapters: list[Chapter]) -> Finished:
        with suppress(AssertionError):  # then the account says what is missing
            self._scene.until(self._is_told, SETTLES_WITHIN, "the source is told of everything")
        self._storm.say("settling the account")
        for process in self._scene.processes:
            self._account.died += process.died
            self._account.stuck += process.stuck
        self._scene.end()
        self._told.read_on()
        judge = Judge(self._account, chapters, self._cold.decided)
        judge.outcomes(self._told.values, self._told.outcomes())
        judge.acknowledged(self._load.acknowledged)
        judge.outages(self._storm.outages)
        interruptions = self._storm.blows[EMIT] + self._storm.blows[KAFKA] + len(self._scene.emit.died)
        judge.source(to_be_told(self._told.outcomes()), self._scene.telling.counts(), self._superseded, interruptions)
        judge.tables(self._scene.clickhouse.dsn)
        self._account.wrong += [f"invalid: {one.code} {one.detail}" for one in self._pipeline.invalid()]
        self._told.close()
        self._pipeline.close()
        return Finished(self._storm.blows, self._account)

    def _is_told(self) -> bool:
        """Nothing is left to be told but what a newer status made out of date. It is looked at now and then."""
        if monotonic() - self._looked_at < LOOKS_EVERY:
            return False
        self._looked_at = monotonic()
        self._told.read_on()
        left = to_be_told(self._told.outcomes()) - self._scene.telling.counts().keys()
        if left - self._superseded:
            self._superseded = out_of_date(deliveries(self._scene.kafka.bootstrap))
        return not left - self._superseded

    def _speaks(self) -> bool:
        self._told.read_on()
        return self._told.count("attributed") > 0

    def _is_settled(self) -> bool:
        """Nothing waits any more, and everybody has committed everything."""
        if lag(self._pipeline):
            return False
        self._told.read_on()
        return not self._told.count("waiting") and not lag(self._pipeline)
