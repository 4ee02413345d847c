"""Starts one role as a process: `run_worker("join", settings, data)`."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mode.loop
import structlog
from prometheus_client import CollectorRegistry

from presets.reload import Follow, Load, Reload
from schemas.settings.file import Settings
from schemas.topics import TOPICS
from streams.adapters.health import HealthServer
from streams.agents.crash import EXIT_CRASHED
from streams.garbage import collect_seldom
from streams.metrics import EmitMetrics, JoinMetrics, SinkMetrics
from streams.role import Role
from streams.worker_metrics import WorkerMetrics

if TYPE_CHECKING:
    from streams.worker import Worker

log = structlog.get_logger(__name__)


FIXED = ("kafka", "clickhouse", "metrics", "emit.allow", "emit.max_open")
"""Keys that count from the next start on; all others at SIGHUP."""
ENDS_WITHIN = 12.0
"""Seconds from SIGTERM to the end, orderly or not. In a rebalance, or while the broker is away, Faust waits for them
for a minute; and the rest of the group would wait for this worker, which still says that it lives."""


def run_worker(
    role_name: str,
    settings: Settings,
    data: Path,
    listen: str = "",
    load: Load | None = None,
    follow: Follow | None = None,
) -> int:
    """Run a role until SIGTERM or SIGINT. Returns the exit code. Waits, and says so once, while Kafka is away.

    listen: HOST:PORT for health and metrics; empty: nowhere. load: reads the configuration again, for SIGHUP.
    follow: tells of changes of it that come from elsewhere.
    """
    metrics = WorkerMetrics(role_name)
    server = HealthServer(listen, f"[metrics] {role_name}") if listen else None

    def make(partitions: int) -> Role:
        return _role(role_name, settings, data, partitions, metrics.registry)

    return run_role(make, settings, data, metrics, server, load, follow)


def run_role(
    make: Callable[[int], Role],
    settings: Settings,
    data: Path,
    metrics: WorkerMetrics | None = None,
    server: HealthServer | None = None,
    load: Load | None = None,
    follow: Follow | None = None,
) -> int:
    """The same for a role that `make` makes of the number of partitions."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # whoever starts has just read the configuration
    mode.loop.use("uvloop")
    from streams.adapters.kafka import wait_for_broker
    from streams.worker import Worker

    try:
        partitions = asyncio.run(wait_for_broker(settings.kafka, TOPICS))
    except ValueError as error:
        log.error("topics_do_not_fit", detail=str(error))
        return 2
    metrics = metrics or WorkerMetrics("worker")
    role, seconds = make(partitions), settings.kafka.session_timeout / 1000
    worker = Worker(role, settings.kafka, data=data, metrics=metrics, session_timeout=seconds)
    process = _process(worker, server, Reload(settings, load, role.use, FIXED) if load else None, follow)
    collect_seldom()
    try:
        process.execute_from_commandline()
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else 0
    return 0


def _process(worker: "Worker", server: HealthServer | None, reload: Reload | None, follow: Follow | None) -> Any:
    """The process that Faust runs: the worker, with health and metrics, and what SIGHUP and `follow` do."""
    import faust

    class Process(faust.Worker):  # type: ignore[misc]
        def _schedule_shutdown(self, number: signal.Signals) -> None:
            _end_at_last()
            super()._schedule_shutdown(number)

        async def on_first_start(self) -> None:
            if server:
                await server.start(worker)
            await worker.start()
            if reload:
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
            if reload and follow:
                reload.follow(follow)
            await super().on_first_start()

        async def on_shutdown(self) -> None:
            await super().on_shutdown()
            if server:
                await server.stop()
            await worker.stop()

    process = Process(worker.app, loglevel="WARN", quiet=True, redirect_stdouts=False, override_logging=False)
    process.spinner = None  # it moves the cursor of a terminal that is not its own
    return process


def _end_at_last() -> None:
    """In a thread of its own: the loop may be what does not end."""

    def end() -> None:
        log.warning("ended_by_force", seconds=ENDS_WITHIN)
        os._exit(EXIT_CRASHED)

    timer = threading.Timer(ENDS_WITHIN, end)
    timer.daemon = True
    timer.start()


def _role(name: str, settings: Settings, data: Path, partitions: int, registry: CollectorRegistry) -> Role:
    """Make a role. `data`: the folder for local state. `partitions`: how many every topic has."""
    if name == "join":
        from streams.agents.join import JoinRole

        return JoinRole(settings, data, partitions, JoinMetrics(registry))
    if name == "sink":
        from streams.agents.sink import SinkRole

        return SinkRole(settings, data, partitions, SinkMetrics(registry))
    if name == "emit":
        from streams.agents.emit import EmitRole

        return EmitRole(settings, data, partitions, EmitMetrics(registry))
    raise ValueError(f"no role {name!r}: join, sink or emit")
