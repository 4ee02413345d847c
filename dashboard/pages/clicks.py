"""One click: found by any ID, and its life."""

from starlette.requests import Request
from starlette.responses import Response

from dashboard.database import Database
from dashboard.life import facts_of, time_line
from dashboard.pages.time_zone import zone_of
from dashboard.render import Renderer
from dashboard.services import Services
from sql.trace import clicks_of, trace


class Clicks:
    """The search, and what it finds."""

    def __init__(self, database: Database, services: Services, renderer: Renderer) -> None:
        self._database, self._services, self._renderer = database, services, renderer

    def page(self, request: Request) -> Response:
        """The life of the click, where the ID leads to one; a list where it leads to several."""
        wanted = request.query_params.get("id", "").strip()[:1024]
        ids = self._database.read(lambda client: clicks_of(client, wanted)) if wanted else []
        life = self._database.read(lambda client: trace(client, ids[0])) if len(ids) == 1 else None
        facts = {
            "wanted": wanted,
            "ids": ids,
            "life": life,
            "moments": time_line(life) if life else [],
            "known": facts_of(life.click) if life and life.click else [],
            "zone": zone_of(request, self._services.settings()),
        }
        return self._renderer.page(request, "click", facts)
