"""Input that could not be used: how often and why, and the requests themselves, without secrets."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from dashboard.database import Database
from dashboard.pages.time_zone import zone_of
from dashboard.render import Renderer
from dashboard.services import Services
from schemas.settings.masks import HIDDEN, secret_values

_DAYS = 7
_MOST_REASONS, _MOST = 200, 50
_SHORTEST_SECRET = 4


class Invalid:
    """By reason, and the newest of one reason."""

    def __init__(self, database: Database, services: Services, renderer: Renderer) -> None:
        self._database, self._services, self._renderer = database, services, renderer

    def page(self, request: Request) -> Response:
        """All of it."""
        settings, now, given = self._services.settings(), self._services.now(), request.query_params
        since, until = round((now - timedelta(days=_DAYS)).timestamp() * 1000), round(now.timestamp() * 1000) + 1
        wanted = {name: given.get(name, "") for name in ("kind", "code", "sender")}
        time = {"since": since, "until": until}
        found = self._database.rows("dashboard_invalid_found", {**time, **wanted, "most": _MOST})
        facts = {
            "reasons": self._database.rows("dashboard_invalid", {**time, "most": _MOST_REASONS}),
            "found": [{**row, "raw": _masked(row["raw"], secret_values(settings))} for row in found],
            "wanted": wanted,
            "days": _DAYS,
            "most": _MOST,
            "zone": zone_of(request, settings),
        }
        return self._renderer.page(request, "invalid", facts)


def _masked(raw: str, secrets: frozenset[str]) -> str:
    """What ingest kept has no keys in it already; a request that named another network's has one nobody expected."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            raw = raw.replace(secret, HIDDEN)
    return raw
