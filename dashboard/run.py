"""Serves the pages until SIGTERM or Ctrl-C; reads the configuration again at SIGHUP."""

import asyncio
import signal
from collections.abc import Callable

import structlog
from granian.constants import Interfaces

from dashboard.app import build
from dashboard.services import Services
from presets.reload import Follow, Load, Reload
from schemas.settings.file import Settings
from serving.server import PortTaken, claim, serving

DONE, FAILED = 0, 1
HEAD_WITHIN_MS = 10_000
FIXED = ("clickhouse", "dashboard.listen")
"""Keys that count from the next start on; all others at SIGHUP."""

log = structlog.get_logger()


def run(
    services: Services, listen: str, load: Load, use: Callable[[Settings], None], follow: Follow | None = None
) -> int:
    """Serve at `listen` until told to stop. Returns the exit code.

    load: reads the configuration. use: makes `services` answer by another one. follow: tells of changes that come from
    elsewhere.
    """
    try:
        claim(listen, "[dashboard] listen")
    except PortTaken as error:
        log.error("port_taken", path="dashboard.listen", error=str(error))
        return FAILED
    return asyncio.run(_serve(services, listen, load, use, follow))


async def _serve(
    services: Services, listen: str, load: Load, use: Callable[[Settings], None], follow: Follow | None
) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    reload = Reload(services.settings(), load, use, FIXED)
    loop.add_signal_handler(signal.SIGHUP, reload)
    if follow:
        reload.follow(follow)
    app, close = build(services, stopped)
    stopping = asyncio.create_task(stopped.wait())
    async with serving(app, listen, Interfaces.ASGINL, head_within_ms=HEAD_WITHIN_MS) as server:
        log.info("dashboard_listening", address=listen)
        await asyncio.wait((server, stopping), return_when=asyncio.FIRST_COMPLETED)
    close()
    log.info("dashboard_stopped")
    return DONE if stopped.is_set() else FAILED
