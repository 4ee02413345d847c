"""What the storm falls upon: Kafka, ClickHouse, three workers of the join, a sink, an emit and the source it tells."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from schemas.topics import EVENTS, OUTCOMES, SINK_GROUP
from tests.chaos.processes import RoleProcess
from tests.chaos.telling import Telling
from tests.contracts.join_cold_servers import Front
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.support.pipeline import Pipeline
from tests.support.traffic import POLICY, Policy

PARTITIONS = 8
WORKERS = 3


class Scene:
    """Everything as its operator would start it."""

    def __init__(self, folder: Path) -> None:
        self.kafka = KafkaServer(folder / "kafka").start()
        self.clickhouse = Front(folder / "clickhouse")
        servers = (
            f'[kafka]\nbootstrap = "{self.kafka.bootstrap}"\npartitions = {PARTITIONS}\nsession_timeout = "6s"\n'
            f'[clickhouse]\nurl = "{self.clickhouse.dsn}"\n'
        )
        self.workers = [RoleProcess("join", folder / f"join{number}", servers) for number in range(1, WORKERS + 1)]
        self.sink = RoleProcess("sink", folder / "sink", servers)
        self.telling = Telling()
        self.emit = RoleProcess("emit", folder / "emit", servers + self.telling.sections)
        for process in self.processes:
            process.configure(funnel(POLICY))

    @property
    def processes(self) -> list[RoleProcess]:
        """All that are ours to start again."""
        return [*self.workers, self.sink, self.emit]

    def begin(self) -> Pipeline:
        """Topics, tables, epoch; then the roles."""
        self.migrate()
        self.tend()
        return Pipeline(self.kafka.bootstrap, PARTITIONS, fresh=False)

    def migrate(self) -> None:
        """`clickjoin migrate`, as after every change of the topics."""
        self.sink.prepare()

    def tend(self) -> None:
        """What a supervisor does."""
        for process in self.processes:
            process.tend()

    def until(self, fn: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait, and tend meanwhile. AssertionError where it does not become true."""

        def looked() -> bool:
            self.tend()
            try:
                return fn()
            except KafkaError:
                return False

        until(looked, seconds, what)

    def pick(self, number: int) -> RoleProcess:
        """This worker of the join, or the next that is up."""
        turn = [self.workers[(number + more) % WORKERS] for more in range(WORKERS)]
        self.until(lambda: any(worker.is_up for worker in turn), 60, "a worker is up")
        return next(worker for worker in turn if worker.is_up)

    def restart_kafka(self, pause: float) -> None:
        """kill -9 of the broker, and again on the same port and data."""
        self.kafka.kill()
        back = monotonic() + pause
        self.until(lambda: monotonic() >= back, pause + 60, "the pause is over")
        self.kafka.start()
        for process in self.processes:
            process.have_patience()

    def freeze_clickhouse(self, number: signal.Signals) -> None:
        """SIGSTOP or SIGCONT."""
        os.kill(self.clickhouse.process.process.pid, number)

    def wipe(self) -> None:
        """As docs/operations.md tells it: the roles end, `events` is deleted, `clickjoin migrate`, the roles start."""
        self.end()
        admin = KafkaAdminClient(bootstrap_servers=self.kafka.bootstrap)
        try:
            admin.delete_topics([EVENTS])
            until(lambda: EVENTS not in admin.list_topics(), 60, "the topic is gone")
        finally:
            admin.close()
        self.migrate()
        self.tend()

    def end(self) -> None:
        """All roles, side by side, for good or until they are tended again."""
        for process in self.processes:
            process.tell_to_end()
        for process in self.processes:
            process.close()

    def close(self) -> None:
        """End everything."""
        for process in self.processes:
            process.kill()
        self.clickhouse.kill()
        self.kafka.kill()
        self.telling.close()


def funnel(policy: Policy) -> str:
    """The sections of a configuration for a policy that is stamped on postbacks."""
    sections = []
    for step, (event, repeat, window_ms) in enumerate(policy, 1):
        window = f'\nwindow = "{window_ms // 1000}s"' if window_ms else ""
        sections.append(f'[events.{event}]\nstep = {step}\nrepeat = "{repeat}"{window}')
    return "\n".join(sections)


def lag(pipeline: Pipeline) -> int:
    """Records that the join or the sink has not committed."""
    return pipeline.lag() + sum(pipeline.lag(SINK_GROUP, topic) for topic in (EVENTS, OUTCOMES))
