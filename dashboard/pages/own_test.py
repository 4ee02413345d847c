"""An operator's own test: a click and its postbacks walked through while one watches, and who is to be told of it."""

from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from dashboard.database import Database
from dashboard.life import time_line
from dashboard.pages.time_zone import zone_of
from dashboard.render import Renderer
from dashboard.services import Services
from sql.trace import trace

log = structlog.get_logger()

_AWAY, _WRONG = 503, 422
_MOST = 1024
_WORDS = ("campaign", "network", "source_click_id", "click_id", "destination", "event")


class OwnTestPages:
    """What was sent and answered; the life of the click, asked for again and again; what a destination answered."""

    def __init__(self, database: Database, services: Services, renderer: Renderer) -> None:
        self._database, self._services, self._renderer = database, services, renderer

    def walk(self, request: Request) -> Response:
        """Send a click and its postbacks."""
        given = _given(request)
        try:
            done = self._services.own_tests().walk(given["campaign"], given["network"], given["source_click_id"])
        except (OSError, LookupError, ValueError) as error:
            return self._page(request, given, {"problem": _words(error)}, _status(error))
        given |= {word: done[word] for word in ("network", "source_click_id", "click_id")}
        log.info(
            "test_sent", user=_user(request), **{word: given[word] for word in ("campaign", "network", "click_id")}
        )
        return self._page(request, given, {"calls": done["calls"]})

    def tell(self, request: Request) -> Response:
        """Tell one destination of one event."""
        given = _given(request)
        told = {"destination": given["destination"], "told_of": given["event"], "click_id": given["click_id"]}
        try:
            answer = self._services.own_tests().tell(given["destination"], given["event"], given["source_click_id"])
        except (OSError, LookupError, ValueError) as error:
            return self._page(request, given, {"problem": _words(error)}, _status(error))
        log.info("test_told", user=_user(request), code=answer["code"], **told)
        return self._page(request, given, {"answer": answer})

    def life(self, request: Request) -> Response:
        """The life of the click until now."""
        click_id = request.query_params.get("id", "")[:_MOST]
        life = self._database.read(lambda client: trace(client, click_id))
        facts = {"moments": time_line(life), "zone": zone_of(request, self._services.settings())}
        return self._renderer.page(request, "own_test_life", facts)

    def _page(self, request: Request, given: dict[str, str], more: dict[str, Any], status: int = 200) -> Response:
        try:
            tellable = self._services.own_tests().tellable(given["campaign"], given["network"])
        except (LookupError, ValueError):
            tellable = ()
        facts = {"given": given, "tellable": tellable, "calls": (), "answer": None, "problem": "", **more}
        return self._renderer.page(request, "own_test", facts, status)


def _given(request: Request) -> dict[str, str]:
    form = request.state.form
    given = {word: form.get(word, "").strip()[:_MOST] for word in _WORDS}
    if "to" in form:
        given["event"], _, given["destination"] = form["to"].partition(" ")
    return given


def _user(request: Request) -> str:
    return str(request.state.session.user)


def _words(error: Exception) -> str:
    return str(error.args[0]) if error.args else str(error)


def _status(error: Exception) -> int:
    return _AWAY if isinstance(error, OSError) else _WRONG
