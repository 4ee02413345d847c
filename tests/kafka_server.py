"""A running Apache Kafka for tests: stop it, kill it, start it again, make topics on it."""

import itertools
import os
from dataclasses import replace
from pathlib import Path

from kafka import KafkaAdminClient

from clickjoin.embedded.children import Running, last_lines, start
from clickjoin.embedded.kafka import EmbeddedKafka, jar_folder
from clickjoin.embedded.ports import free_port
from tests.polling import until

_numbers = itertools.count(1)


class KafkaServer:
    """The embedded broker on a free port. `bootstrap` stays the same over restarts."""

    def __init__(self, folder: Path, *, stop_within: float = 15.0) -> None:
        """stop_within: seconds from SIGTERM to SIGKILL."""
        self.kafka = EmbeddedKafka(folder, free_port(), jar_folder())
        self._stop_within = stop_within
        self._running: Running | None = None

    @property
    def bootstrap(self) -> str:
        return self.kafka.bootstrap

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def start(self) -> "KafkaServer":
        assert self._running is None
        self._running = start(replace(self.kafka.child(), stop_within=self._stop_within))
        until(self._up, 60, "Kafka answers")
        return self

    def stop(self) -> None:
        """Orderly, by SIGTERM."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def kill(self) -> None:
        """As kill -9 does."""
        assert self._running is not None
        self._running.kill()
        self._running = None

    def restart(self) -> None:
        """Stop it where it runs, and start it again with the data it has."""
        self.stop()
        self.start()

    def fresh_topic(self, name: str = "topic", partitions: int = 1, **configs: str) -> str:
        """A new topic whose name nobody used before. Configs by Kafka's names, `.` written as `_`:
        message_timestamp_type="LogAppendTime".
        """
        topic = f"{name}-{os.getpid()}-{next(_numbers)}"
        settings = {key.replace("_", "."): value for key, value in configs.items()}
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            wanted = {topic: {"num_partitions": partitions, "replication_factor": 1, "configs": settings}}
            admin.create_topics(wanted, wait_for_metadata=True)
        finally:
            admin.close()
        return topic

    def _up(self) -> bool:
        assert self._running is not None
        if self._running.exit_code is not None:
            folder = self.kafka.folder
            raise AssertionError(f"Kafka died:\n{last_lines(folder / 'kafka.log')}\n{last_lines(folder / 'kafka.out')}")
        return self.kafka.ready()
