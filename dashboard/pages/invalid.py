"""Input that could not be used: how often and why, the requests themselves, without secrets, and reading them again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dashboard.database import Database
from dashboard.pages.time_zone import zone_of
from dashboard.render import Renderer
from dashboard.services import Services
from schemas.settings.masks import HIDDEN, secret_values
from sql.invalid import find

_DAYS = 7
_MOST_REASONS, _MOST = 200, 50
_SHORTEST_SECRET = 4
_MOST_REPLAYED = 5_000
_AWAY = 503


class Invalid:
    """By reason, and the newest of one reason."""

    def __init__(self, database: Database, services: Services, renderer: Renderer) -> None:
        self._database, self._services, self._renderer = database, services, renderer

    def page(self, request: Request) -> Response:
        """All of it."""
        settings, now, given = self._services.settings(), self._services.now(), request.query_params
        since, until = round((now - timedelta(days=_DAYS)).timestamp() * 1000), round(now.timestamp() * 1000) + 1
        wanted = {name: given.get(name, "") for name in ("kind", "code", "sender", "id")}
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

    def look(self, request: Request) -> Response:
        """What would become of the requests of one reason, were they read again now; and the button."""
        return self._replay(request, is_done=False)

    def replay(self, request: Request) -> Response:
        """Read them again."""
        return self._replay(request, is_done=True)

    def _replay(self, request: Request, *, is_done: bool) -> Response:
        given = request.state.form
        wanted = {name: given.get(name, "") for name in ("code", "sender")}
        send, rows = bool(given.get("send")), self._kept(**wanted)
        facts: dict[str, Any] = {"wanted": wanted, "is_done": is_done, "send": send, "days": _DAYS, "problem": ""}
        facts |= {"found": None, "is_cut": len(rows) == _MOST_REPLAYED, "most": _MOST_REPLAYED}
        try:
            facts["found"] = self._services.replay(rows, send=send, dry_run=not is_done)
        except (OSError, ValueError) as error:
            facts["problem"] = str(error)
        return self._renderer.page(request, "invalid_replay", facts, _AWAY if facts["problem"] else 200)

    def _kept(self, code: str, sender: str) -> list[Sequence[Any]]:
        """The requests of a reason and, where one is named, of a network or a source; the oldest first."""
        since = round((self._services.now() - timedelta(days=_DAYS)).timestamp() * 1000)

        def ask(client: Any) -> list[Sequence[Any]]:
            rows: list[Sequence[Any]] = []
            for page in find(client, code, "", since):
                rows += [row for row in page if not sender or sender in row[6:8]]
                if len(rows) >= _MOST_REPLAYED:
                    break
            return rows[:_MOST_REPLAYED]

        return list(self._database.read(ask))


def _masked(raw: str, secrets: frozenset[str]) -> str:
    """What ingest kept has no keys in it already; a request that named another network's has one nobody expected."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            raw = raw.replace(secret, HIDDEN)
    return raw
