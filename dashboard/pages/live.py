"""Postbacks as they arrive, with what became of each: server-sent events, one question to ClickHouse a second."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from dashboard.cells import amount
from dashboard.database import Database, DatabaseAwayError, QueryRefusedError
from dashboard.life import weight_of
from dashboard.pages.time_zone import zone_of
from dashboard.render import Renderer
from dashboard.services import Services
from schemas.values import OutcomeWord

_EACH = 1.0  # seconds
_OVERLAP_MS = 3_000  # what is written at the same time becomes visible one after the other
_FIRST_MS = 600_000
_MOST = 200
_MOST_READERS = 20
_REMEMBERED = 5_000
_FILTERS = ("network", "event", "outcome")


class Live:
    """The page, and its stream."""

    def __init__(self, database: Database, services: Services, renderer: Renderer, stopped: asyncio.Event) -> None:
        self._database, self._services, self._renderer, self._stopped = database, services, renderer, stopped
        self._readers = 0

    def page(self, request: Request) -> Response:
        """The list, empty at first."""
        settings = self._services.settings()
        choices = {"network": tuple(settings.networks), "event": settings.funnel, "outcome": get_args(OutcomeWord)}
        given = {name: request.query_params.get(name, "") for name in _FILTERS}
        return self._renderer.page(
            request, "live", {"choices": choices, "given": given, "zone": zone_of(request, settings)}
        )

    async def stream(self, request: Request) -> Response:
        """What comes from now on, and the last minutes."""
        if self._readers >= _MOST_READERS:
            return PlainTextResponse("There are too many readers already.", 503)
        wanted = {name: request.query_params.get(name, "") for name in _FILTERS}
        last = request.headers.get("last-event-id", "")
        begin = int(last) if last.isdecimal() else round(time.time() * 1000) - _FIRST_MS
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(self._events(request, wanted, begin), media_type="text/event-stream", headers=headers)

    async def _events(self, request: Request, wanted: Mapping[str, str], begin: int) -> AsyncIterator[str]:
        self._readers += 1
        zone = zone_of(request, self._services.settings())
        seen: dict[tuple[str, str], None] = {}
        try:
            while not self._stopped.is_set():
                try:
                    rows = await asyncio.to_thread(self._rows, wanted, begin - _OVERLAP_MS)
                except (DatabaseAwayError, QueryRefusedError) as error:
                    yield f"event: away\ndata: {json.dumps(str(error))}\n\n"
                    rows = []
                for row in reversed(rows):
                    begin = max(begin, row["written"])
                    name = (row["postback_id"], row["outcome"])
                    if name not in seen:
                        seen[name] = None
                        yield f"id: {begin}\ndata: {json.dumps(_told(row, zone))}\n\n"
                while len(seen) > _REMEMBERED:
                    seen.pop(next(iter(seen)))
                yield ": here\n\n"
                await self._pause()
        finally:
            self._readers -= 1

    def _rows(self, wanted: Mapping[str, str], written: int) -> list[dict[str, Any]]:
        received = round((self._services.now() - timedelta(days=1)).timestamp() * 1000)
        times = {"written": written, "received": received, "most": _MOST}
        return self._database.rows("dashboard_live", {**wanted, **times})

    async def _pause(self) -> None:
        """A second, or less where the process ends."""
        try:
            await asyncio.wait_for(self._stopped.wait(), _EACH)
        except TimeoutError:
            return


def _told(row: Mapping[str, Any], zone: Any) -> dict[str, str]:
    paid = "" if row["payout"] is None else f"{amount(row['payout'])} {row['currency']}"
    told = {"at": f"{row['received_at'].astimezone(zone):%H:%M:%S}", "paid": paid, "weight": weight_of(row["outcome"])}
    names = ("click_id", "event", "txid", "network", "campaign", "outcome", "reason", "status")
    return told | {name: str(row[name]) for name in names}
