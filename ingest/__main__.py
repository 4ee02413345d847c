"""Starts ingest: builds everything, serves until SIGTERM or Ctrl-C."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog
import uvloop
from granian.constants import Interfaces

from ingest.app import App
from ingest.chance import RandomBytes, normals, now_ms
from ingest.click_calls import ClickCalls
from ingest.clickhouse_figures import ClickHouseFigures
from ingest.devices import device_of
from ingest.drain import Drainer
from ingest.geo import GeoFiles
from ingest.keeper import Keeper
from ingest.lander_calls import LanderCalls
from ingest.learner import Learner
from ingest.metrics import Metrics
from ingest.peers import Peers
from ingest.pixel_calls import PixelCalls
from ingest.plans import prepare
from ingest.postback_calls import PostbackCalls
from ingest.publisher import Publisher
from ingest.router import Router
from ingest.spool import Spool
from ingest.spool_file import SMALLEST as SMALLEST_SPOOL
from ingest.spool_file import SpoolError, SpoolFile, take_over
from ingest.store import Store
from ingest.throttle import Throttle
from ingest.visits import Visits
from ingest.waiting import until
from ingest.workers import Worker, Workers
from presets.load import load_settings
from presets.reload import Follow, Load, Reload
from schemas.settings.errors import ConfigError
from schemas.settings.file import Settings
from serving.server import PortTaken, claim, serving

DONE, FAILED, WRONG_CONFIGURATION, PORT_TAKEN = 0, 1, 2, 3

FIXED = (
    *("kafka", "clickhouse", "ingest.listen", "ingest.spool_after", "ingest.spool_bytes", "ingest.publish_timeout"),
    *("ingest.read_timeout", "ingest.max_header_bytes", "ingest.workers"),
)
"""Keys that count from the next start on; all others at SIGHUP."""

log = structlog.get_logger()


def run(settings: Settings, spool: Path, load: Load, follow: Follow | None = None) -> int:
    """Serve until told to stop, with the spool in this file; read the configuration again at SIGHUP.

    load: reads it. follow: tells of changes that come from elsewhere. Returns the exit code: 0 stopped, 1 failed,
    2 wrong configuration, 3 port taken.
    """
    _log_to_standard_error()
    if not settings.ingest.secrets:
        log.error(
            "no_secret", path="ingest.secrets", wanted='give at least one, like secrets = ["env:CLICKJOIN_SECRET"]'
        )
        return WRONG_CONFIGURATION
    try:
        GeoFiles(settings.geo)
    except ConfigError as error:
        _tell(error)
        return WRONG_CONFIGURATION
    try:
        claim(settings.ingest.listen, "[ingest] listen")
    except PortTaken as error:
        log.error("port_taken", path="ingest.listen", error=str(error))
        return PORT_TAKEN
    device_of("the first one reads all the patterns")
    _collect_seldom()
    if settings.ingest.workers == 1:
        return _work(settings, spool, load, follow, None)
    return Workers(settings.ingest.workers, partial(_work, settings, spool, load, follow)).run()


def _work(settings: Settings, spool: Path, load: Load, follow: Follow | None, worker: Worker | None) -> int:
    """The life of one process: alone, or one of several."""
    own, others = (worker.file(spool), worker.others(spool)) if worker else (spool, frozenset[Path]())
    try:
        file = SpoolFile(own, max(SMALLEST_SPOOL, settings.ingest.spool_bytes // settings.ingest.workers))
        left = take_over(file, leave=others)
    except SpoolError as error:
        log.error("spool_unusable", file=str(own), error=str(error))
        return FAILED
    if file.records:
        log.info("spool_found", file=str(own), spooled=file.records, taken_over=left)

    def load_with_files() -> Settings:
        found = load()
        GeoFiles(found.geo)  # what cannot be read changes nothing
        return found

    return uvloop.run(_serve(settings, file, load_with_files, follow, worker))


async def _serve(settings: Settings, file: SpoolFile, load: Load, follow: Follow | None, worker: Worker | None) -> int:
    stopped = _told_to_stop(worker)
    metrics = Metrics()
    spool = Spool(file, metrics.spooled.inc)
    publisher = Publisher(
        settings.kafka, settings.ingest, metrics.publish_seconds.observe, spooled=lambda: spool.records
    )
    _watch(metrics, publisher, spool)
    asker = ClickHouseFigures(settings.clickhouse.dsn)
    learner = Learner(asker, normals, now_ms)
    store = Store(publisher, spool, settings.ingest)
    peers = Peers(store, metrics, worker)
    app, use = _build(settings, store, metrics, learner, peers)
    reload = Reload(settings, load, use, FIXED)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
    if follow:
        reload.follow(follow)
    draining = asyncio.create_task(Drainer(publisher, spool, metrics.drained.inc).run())
    learning = asyncio.create_task(learner.run())
    stopping = asyncio.create_task(stopped.wait())
    await peers.open()
    http = {"head_within_ms": settings.ingest.read_timeout, "max_head_bytes": settings.ingest.max_header_bytes}
    async with serving(app, settings.ingest.listen, Interfaces.RSGI, **http) as server:
        log.info("ingest_listening", address=settings.ingest.listen, **({"worker": worker.number} if worker else {}))
        await asyncio.wait((server, draining, stopping), return_when=asyncio.FIRST_COMPLETED)
    if draining.done():
        log.error("draining_failed", exc_info=draining.exception())
    draining.cancel()
    learning.cancel()
    peers.close()
    await asker.close()
    await until(lambda: not app.in_flight, settings.ingest.publish_timeout / 1000)
    # Who was answered has his record here or there: the broker need not be waited for.
    await publisher.close(0 if publisher.is_away else settings.ingest.publish_timeout / 1000)
    await spool.close()
    log.info("ingest_stopped", unanswered=app.in_flight, unacknowledged=publisher.pending, spooled=spool.records)
    return DONE if stopped.is_set() else FAILED


def _told_to_stop(worker: Worker | None) -> asyncio.Event:
    """Set when a signal says so, or when whoever watches this process is gone."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if worker:

        def gone() -> None:
            loop.remove_reader(worker.parent)
            stopped.set()

        loop.add_reader(worker.parent, gone)
    return stopped


def _build(
    settings: Settings, store: Store, metrics: Metrics, learner: Learner, peers: Peers
) -> tuple[App, Callable[[Settings], None]]:
    """The application, and what makes it answer by other settings."""
    plans = prepare(settings)
    random = RandomBytes()
    throttle = Throttle()
    throttle.use(settings)
    metrics.catalogue_version.set(settings.catalogue_version)
    keeper = Keeper(store, metrics, random, throttle)
    learner.use(plans.campaigns)
    visits = Visits(plans, store, random, metrics, settings.ingest, GeoFiles(settings.geo), Router(learner.figures))
    landers = LanderCalls(visits, keeper)
    postbacks = PostbackCalls(plans, store, keeper, random, throttle, settings.ingest)

    def use(settings: Settings) -> None:
        plans = prepare(settings)
        learner.use(plans.campaigns)
        visits.use(plans, settings.ingest, GeoFiles(settings.geo))
        app.trusted, app.privacy = settings.ingest.trusted_proxies, plans.privacy
        postbacks.use(plans, settings.ingest)
        throttle.use(settings)
        metrics.catalogue_version.set(settings.catalogue_version)

    pixels = PixelCalls(postbacks, keeper)
    calls = {"click": ClickCalls(visits, keeper).answer, "postback": postbacks.answer, "pixel": pixels.answer}
    calls |= {"out": landers.out, "t": landers.made, "t.js": landers.script}
    app = App(calls, peers, metrics, settings.ingest.trusted_proxies, plans.privacy, random)
    return app, use


def _watch(metrics: Metrics, publisher: Publisher, spool: Spool) -> None:
    """What is asked when the metrics are read."""
    metrics.pending.set_function(lambda: publisher.pending)
    metrics.kafka_away.set_function(lambda: publisher.is_away)
    metrics.spool_records.set_function(lambda: spool.records)
    metrics.spool_bytes.set_function(lambda: spool.used_bytes)


def _collect_seldom() -> None:
    """Let the cyclic garbage collector look at a twentieth of what it would: a request leaves few cycles behind, and
    looking for them every 700 allocations takes a tenth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _tell(error: ConfigError) -> None:
    for problem in error.problems:
        log.error("wrong_configuration", path=problem.path, value=problem.value, error=problem.message)


def _log_to_standard_error() -> None:
    # What kafka-python says of every attempt to connect is said once by us.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        )


def main(arguments: list[str]) -> int:
    """Run with a configuration file and a file for the spool, as `clickjoin ingest` does with more comfort."""
    config, spool = map(Path, arguments)

    def load() -> Settings:
        return load_settings(config, os.environ)

    try:
        settings = load()
    except ConfigError as error:
        _log_to_standard_error()
        _tell(error)
        return WRONG_CONFIGURATION
    return run(settings, spool, load)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
