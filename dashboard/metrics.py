"""What the dashboard counts. What is said of a metric here stands in docs/metrics.md, too: `make docs-metrics`."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 20)
_UNMEASURED = ("/live/stream", "/metrics")


class Metrics:
    """In a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._seconds = Histogram(
            "clickjoin_dashboard_page_seconds",
            "Seconds from a request for a page or a part of one to its last byte",
            ["page"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._version = Gauge(
            "clickjoin_dashboard_catalogue_version",
            "Version of the catalogue by which pages are made; -1: there is none",
            registry=self.registry,
        )

    def watch(self, version: Callable[[], int]) -> None:
        """What is asked for the catalogue's version when the metrics are read."""
        self._version.set_function(version)

    def took(self, page: str, seconds: float) -> None:
        """A page was made. `page` comes from the list of routes, never from the request."""
        self._seconds.labels(page).observe(seconds)

    def answer(self, request: Request) -> Response:
        """All of it as Prometheus reads it."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)


class Measured:
    """An ASGI application around another one whose routes it measures."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it answer."""
        began = time.perf_counter()
        try:
            await self._app(scope, receive, send)
        finally:
            page = getattr(scope.get("route"), "path", "")
            if page and page not in _UNMEASURED:
                self._metrics.took(page, time.perf_counter() - began)
