"""The role emit: tells traffic sources about events."""

import os
import socket
from pathlib import Path

from faust.types import TP

from schemas.settings.file import Settings
from schemas.topics import DELIVERIES, EMIT_GROUP, OUTCOMES
from streams.adapters.http import CurlClient
from streams.adapters.kafka import Log
from streams.adapters.producer import Producer
from streams.adapters.state import Stamp
from streams.agents.crash import background, crash
from streams.agents.emit_decide import Decider
from streams.agents.emit_partition import EmitPartition
from streams.agents.emit_sender import Sender
from streams.agents.healing import Healing
from streams.emit.routes import manners_of
from streams.metrics import EmitMetrics
from streams.role import Partition


class EmitRole:
    """A Role (streams.role) on `outcomes`; its state is a fold of `deliveries`.

    `data`: the folder for local state. `partitions`: how many every topic has.
    """

    group = EMIT_GROUP
    topics: tuple[str, ...] = (OUTCOMES,)
    batch_records = 1000
    ahead = 1

    def __init__(self, settings: Settings, data: Path, partitions: int, metrics: EmitMetrics) -> None:
        self._metrics = metrics
        metrics.catalogue_version.set(settings.catalogue_version)
        self._settings, self._data, self._partitions = settings, data / "state" / "emit", partitions
        self._producer, self._log = Producer(settings.kafka), Log(settings.kafka)
        self._decider = Decider(settings, partitions, self._producer)
        self._healing = Healing(settings.kafka, "streams.agents.emit_healer")

    async def start(self) -> None:
        """Connect to Kafka and make the HTTP client."""
        await self._producer.start()
        await self._log.start()
        self._stamp = Stamp(self._partitions, await self._log.topic_id(DELIVERIES))
        emit = self._settings.emit
        self._http = CurlClient(
            connect_timeout_ms=emit.connect_timeout,
            timeout_ms=emit.timeout,
            allow=emit.allow,
            connections=emit.max_open,
            failed=lambda error: crash("emit HTTP client", error),
        )
        worker = f"{socket.gethostname()}:{os.getpid()}"
        self._sender = Sender(self._http, emit, worker, self._metrics, manners_of(self._settings), self._partitions)
        self._sending = background(self._sender.run(), "emit sender")

    def partition(self, tp: TP) -> Partition:
        """A partition that was assigned just now."""
        return EmitPartition(
            tp.partition,
            self._data / str(tp.partition),
            self._stamp,
            decider=self._decider,
            producer=self._producer,
            log_=self._log,
            sender=self._sender,
            metrics=self._metrics,
            healing=self._healing,
        )

    def may_work_until(self, monotonic: float) -> None:
        """Send until then, and no longer."""
        self._sender.lease(monotonic)

    def use(self, settings: Settings) -> None:
        """Route what comes from now on by these, and send by their schedule; the HTTP client stays as it is."""
        self._decider.use(settings)
        self._sender.use(settings.emit, manners_of(settings))
        self._metrics.catalogue_version.set(settings.catalogue_version)

    async def stop(self) -> None:
        """Disconnect."""
        self._sending.cancel()
        self._http.close()
        await self._healing.stop()
        await self._producer.stop()
        await self._log.stop()
