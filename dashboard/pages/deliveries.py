"""What sources were told: by destination and state, each with its attempts; and sending again, after a confirmation."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dashboard.asked_status import AskedStatus
from dashboard.attention import of_breakers
from dashboard.database import Database
from dashboard.life import weight_of
from dashboard.pages.time_zone import zone_of
from dashboard.render import Renderer
from dashboard.services import Resent, Services
from schemas.values import FINAL_STATES
from sql.deliveries import Wanted, find, newest, steps

_MOST = 200
_DAY_MS = 86_400_000
_RECENT_MS = 3_600_000
_DAYS = 7
_BOX = "id-"  # before the ID, in the names of a form's boxes


class Deliveries:
    """The list, one delivery, and the two steps of sending again."""

    def __init__(self, database: Database, services: Services, renderer: Renderer, status: AskedStatus) -> None:
        self._database, self._services, self._renderer = database, services, renderer
        self._status = status

    def page(self, request: Request) -> Response:
        """Those of the last days, the newest first."""
        return self._list(request, {})

    def breakers(self, request: Request) -> Response:
        """Which destinations are left alone now: a part of the page, for asking takes longer than the rest."""
        return self._renderer.page(request, "deliveries_breakers", {"findings": of_breakers(self._status())})

    def one(self, request: Request) -> Response:
        """Every step of one."""
        wanted = request.query_params.get("id", "")
        found = self._database.read(lambda client: steps(client, wanted)) if wanted else []
        return self._renderer.page(request, "delivery", {"wanted": wanted, "steps": found, **self._common(request)})

    def confirm(self, request: Request) -> Response:
        """What would be sent again."""
        found = self._chosen(request)
        return self._renderer.page(request, "deliveries_confirm", {"found": found, **self._common(request)})

    def resend(self, request: Request) -> Response:
        """Ask that it is sent again."""
        try:
            asked = self._services.resend(self._chosen(request))
        except (OSError, ValueError) as error:
            return self._list(request, {"problem": f"Nothing was sent again: {error}"})
        return self._list(request, {"asked": asked})

    def _list(self, request: Request, more: dict[str, Any]) -> Response:
        given = request.query_params
        now = round(self._services.now().timestamp() * 1000)
        since = now - _DAYS * _DAY_MS
        state, destination, event = (given.get(name, "") for name in ("state", "destination", "event"))
        wanted = Wanted(destination=destination, states=(state,) if state else (), event=event, since=since, most=_MOST)
        asked: list[Resent] = more.get("asked", [])
        with ThreadPoolExecutor(1) as pool:
            counts = pool.submit(self._database.rows, "dashboard_deliveries", {"since": since})
            found = self._database.read(lambda client: newest(client, wanted, now - _RECENT_MS))
        facts = {
            "found": found,
            "counts": counts.result(),
            "given": {"destination": destination, "state": state, "event": event},
            "events": self._services.settings().funnel,
            "days": _DAYS,
            "most": _MOST,
            "problem": more.get("problem", ""),
            "sent": [one for one in asked if not one.problem],
            "refused": [one for one in asked if one.problem],
        }
        return self._renderer.page(request, "deliveries", {**facts, **self._common(request)})

    def _chosen(self, request: Request) -> list[Any]:
        """The deliveries whose boxes are ticked."""
        ids = tuple(name.removeprefix(_BOX) for name in request.state.form if name.startswith(_BOX))[:_MOST]
        if not ids:
            return []
        return list(self._database.read(lambda client: find(client, Wanted(ids=ids, most=_MOST))))

    def _common(self, request: Request) -> dict[str, Any]:
        zone = zone_of(request, self._services.settings())
        return {"zone": zone, "weight_of": weight_of, "final": FINAL_STATES, "box": _BOX}
