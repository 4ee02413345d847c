"""How a worker answers over HTTP: /health/live, /health/ready and /metrics, on the worker's own loop."""

from typing import Any, Protocol

import structlog
from aiohttp import web

from streams.worker_metrics import CONTENT_TYPE

log = structlog.get_logger(__name__)

_OK, _UNAVAILABLE = 200, 503
_SHUTDOWN = 1.0  # seconds


class Readiness(Protocol):
    """streams.worker.Readiness."""

    @property
    def ready(self) -> bool:
        """Whether the worker does its part."""

    def _asdict(self) -> dict[str, Any]:
        """All of it."""


class Asked(Protocol):
    """Who is asked: streams.worker.Worker."""

    @property
    def is_live(self) -> bool:
        """Whether it is worth keeping."""

    def readiness(self) -> Readiness:
        """Whether it does its part."""

    async def metrics_text(self) -> bytes:
        """What it counts."""


class HealthServer:
    """Listens at HOST:PORT. A worker works without it: where the port is taken, that is a warning."""

    def __init__(self, listen: str, key: str) -> None:
        """`key`: what to change in the configuration where the port is taken."""
        self._listen, self._key = listen, key
        self._runner: web.AppRunner | None = None

    async def start(self, asked: Asked) -> None:
        """Listen."""

        async def live(_: web.Request) -> web.Response:
            return web.json_response({"live": asked.is_live}, status=_OK if asked.is_live else _UNAVAILABLE)

        async def ready(_: web.Request) -> web.Response:
            found = asked.readiness()
            return web.json_response(found._asdict(), status=_OK if found.ready else _UNAVAILABLE)

        async def metrics(_: web.Request) -> web.Response:
            return web.Response(body=await asked.metrics_text(), headers={"Content-Type": CONTENT_TYPE})

        app = web.Application()
        app.add_routes([web.get("/health/live", live), web.get("/health/ready", ready), web.get("/metrics", metrics)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN)
        await self._runner.setup()
        host, _, port = self._listen.rpartition(":")
        try:
            await web.TCPSite(self._runner, host.strip("[]"), int(port)).start()
        except OSError as error:
            reason = error.strerror or str(error)
            log.warning(
                "metrics_not_served", listen=self._listen, error=reason, change=f"{self._key}, or --metrics-listen"
            )

    async def stop(self) -> None:
        """Close the port."""
        if self._runner:
            await self._runner.cleanup()
