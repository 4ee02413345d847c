"""The worker: a Faust app that runs one role on the partitions that its group gives it."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime
from typing import NamedTuple

import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError
from faust.types import TP

from schemas.settings.servers import Kafka
from streams.adapters.kafka import Log, worker_credentials
from streams.adapters.presence import Presence, listen_to_library
from streams.batches import BatchApp, BatchConsumer, batches_of
from streams.role import Role
from streams.runner import Runner, end_all
from streams.watchdog import Watchdog
from streams.worker_metrics import Standing, WorkerMetrics

log = structlog.get_logger(__name__)

SESSION_TIMEOUT = 10.0
"""Seconds after which the group takes a silent worker for dead."""
LEASE = 0.8
"""The part of it for which a worker whose commit succeeded may go on acting for its partitions."""
CLOSE_TIMEOUT = 5.0
_NEVER = 10 * 365 * 86_400.0
EXIT_CRASHED = 70
_ENDS_WITHIN = 1.0


class Readiness(NamedTuple):
    """Whether a worker does its part, and what keeps it from that."""

    ready: bool
    detail: str
    partitions: int  # that are its own


class Worker:
    """Holds a Runner for each partition that is ours. Crash-only: what fails ends the process, and the log heals."""

    def __init__(
        self,
        role: Role,
        kafka: Kafka,
        *,
        data: Path,
        metrics: WorkerMetrics,
        session_timeout: float = SESSION_TIMEOUT,
    ) -> None:
        self._role, self._session_timeout, self._metrics = role, session_timeout, metrics
        self._log = Log(kafka)
        self._presence = Presence(kafka.servers)
        listen_to_library(self._presence)
        self._watchdog = Watchdog()
        self._runners: dict[TP, tuple[Runner, asyncio.Task[None]]] = {}
        self._in_group = False
        self._committed_began = clock_gettime(CLOCK_BOOTTIME)  # of the last commit that succeeded
        folder = data / "state" / "faust"  # it makes folders of its own, and keeps nothing in them
        folder.mkdir(parents=True, exist_ok=True)
        self.app = BatchApp(
            role.group,
            kafka.servers,
            session_timeout=session_timeout,
            datadir=folder / role.group,
            broker_credentials=worker_credentials(kafka),
            # Faust's own watchdog knows of no commit that is made here, and would cry after five minutes, in vain.
            broker_commit_livelock_soft_timeout=_NEVER,
            stream_processing_timeout=_NEVER,
        )
        BatchConsumer.batch_records = role.batch_records
        BatchConsumer.committed_at = staticmethod(self._committed_at)
        BatchConsumer.commit_failed = staticmethod(self._commit_failed)
        batches_of(self.app, role.topics, self._take)
        self.app.on_partitions_assigned.connect(self._assigned, weak=False)
        self.app.on_partitions_revoked.connect(self._revoked, weak=False)
        self.app.on_before_shutdown.connect(self._shutting_down, weak=False)

    async def start(self) -> None:
        """Connect. To be called on the loop that will run the app, before it joins its group."""
        await self._log.start()
        BatchConsumer.topic_ids = await self._log.identify(self._role.topics)
        await self._role.start()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Let go of everything, in order: partitions, commit, role, log."""
        self._watching.cancel()
        await self._close_all()
        await self._role.stop()
        await self._log.stop()

    @property
    def is_live(self) -> bool:
        """Whether it is worth keeping; asked on its loop, so the loop answers."""
        return not self._watchdog.is_stuck

    def readiness(self) -> Readiness:
        """It is ready while its group counts on it and its partitions are open: none of them, where others have all."""
        opening = [runner.tp for runner, _ in self._runners.values() if not runner.opened.is_set()]
        silence = clock_gettime(CLOCK_BOOTTIME) - self._committed_began
        if not self._in_group:
            detail = "not in its group"
        elif opening:
            detail = f"{len(opening)} partitions are not open yet"
        elif self._runners and silence > self._session_timeout:
            detail = f"no commit has succeeded for {silence:.0f} s"
        else:
            detail = ""
        return Readiness(not detail, detail, len(self._runners))

    async def metrics_text(self) -> bytes:
        """Everything that it counts, in Prometheus' words, with where its partitions stand now."""
        ends: dict[tuple[str, int], int] = {}
        try:
            async with asyncio.timeout(_ENDS_WITHIN):
                ends = await self._log.ends((tp.topic, tp.partition) for tp in self._runners)
        except (KafkaError, OSError):  # a TimeoutError is an OSError; the ends are those of the last time
            pass
        committed = self.app.consumer.offsets_committed if self._runners else {}
        for tp, (runner, _) in self._runners.items():
            end = ends.get((tp.topic, tp.partition))
            self._metrics.show(tp, Standing(runner.next, committed.get(tp, runner.committed), end))
        readiness = self.readiness()
        self._metrics.partitions.set(readiness.partitions)
        self._metrics.ready.set(readiness.ready)
        self._metrics.since_commit.set(clock_gettime(CLOCK_BOOTTIME) - self._committed_began)
        return self._metrics.text()

    async def _take(self, batch: Sequence[ConsumerRecord]) -> None:
        found = self._runners.get(TP(batch[0].topic, batch[0].partition))
        if found:
            await found[0].hint(batch)

    async def _assigned(self, app: BatchApp, assigned: set[TP], **_: object) -> None:
        mine = {tp for tp in assigned if tp.topic in self._role.topics}
        for tp in sorted(mine - set(self._runners)):
            partition = self._role.partition(tp)
            processed, most, ahead = self._metrics.processed(tp), self._role.batch_records, self._role.ahead
            runner = Runner(tp, self._role.group, partition, self._log, self._done, most, processed, ahead)
            task = asyncio.create_task(runner.run(), name=f"{tp.topic}-{tp.partition}")
            task.add_done_callback(self._ended)
            self._runners[tp] = runner, task
        self._in_group = True
        self._telling = asyncio.create_task(self._tell(list(self._runners.values())))

    async def _tell(self, runners: Sequence[tuple[Runner, asyncio.Task[None]]]) -> None:
        """Say once that all is open; a rebalance meanwhile says it again for what is ours then."""
        for runner, _ in runners:
            await runner.opened.wait()
        if [runner for runner, _ in runners] == [runner for runner, _ in self._runners.values()]:
            log.info("partitions_open", topics=self._role.topics, partitions=len(runners))

    async def _revoked(self, app: BatchApp, revoked: set[TP], **_: object) -> None:
        self._in_group = False
        await self._close_all()

    async def _shutting_down(self, app: BatchApp, **_: object) -> None:
        await self._close_all()  # now, while the consumer can still commit

    async def _close_all(self) -> None:
        """Stop the tasks, commit what they did, forget the partitions."""
        runners, self._runners = self._runners, {}
        closing = [runner.close() for runner, _ in runners.values()]
        await end_all(task for _, task in runners.values())
        try:
            await asyncio.wait_for(asyncio.gather(*closing), CLOSE_TIMEOUT)
        except TimeoutError:
            log.warning("partitions_closed_late", seconds=CLOSE_TIMEOUT)
        if runners:
            await self.app.consumer.commit()
            self.app.consumer.forget(runners)
        for tp in runners:
            self._metrics.hide(tp)
        self._watchdog.committed()

    def _done(self, tp: TP, resume_at: int) -> None:
        self.app.consumer.done(tp, resume_at)
        self._watchdog.done()

    def _committed_at(self, began: float) -> None:
        self._committed_began = began
        self._presence.back()
        self._watchdog.committed()
        self._role.may_work_until(began + LEASE * self._session_timeout)

    def _commit_failed(self) -> None:
        self._metrics.commit_failures.inc()
        self._watchdog.failed()

    async def _watch(self) -> None:
        """End the process where it works in vain: nothing that it does is ever committed, or its topic is gone."""
        while True:
            await asyncio.sleep(self._session_timeout / 2)
            await self._look_for_other_topics()
            stuck = self._watchdog.look()
            if self._watchdog.looks > 1 and not await self._answers():
                self._watchdog.looks = 0  # nobody can commit now
            elif stuck:
                positions = {f"{tp.topic}-{tp.partition}": runner.next for tp, (runner, _) in self._runners.items()}
                seconds = self._watchdog.looks * self._session_timeout / 2
                log.error("commits_stuck", group=self._role.group, seconds=seconds, positions=positions)
                os._exit(EXIT_CRASHED)

    async def _look_for_other_topics(self) -> None:
        """End the process where a topic was deleted and made again: what it knows is of the old one."""
        with suppress(KafkaError, OSError):
            if self._runners and await self._answers() and (names := await self._log.made_anew()):
                log.error("topic_made_anew", topics=names)
                os._exit(EXIT_CRASHED)

    async def _answers(self) -> bool:
        """Whether the broker says where one of our partitions ends."""
        try:
            async with asyncio.timeout(self._session_timeout / 2):
                for tp in list(self._runners)[:1]:
                    await self._log.end(*tp)
        except (KafkaError, OSError):  # a TimeoutError is an OSError
            return False
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A task that ends of itself has failed, and the process with it: alive without it, it would do nothing."""
        if task.cancelled() or task.exception() is None:
            return
        log.error("worker_failed", partition=task.get_name(), exc_info=task.exception())
        os._exit(EXIT_CRASHED)
