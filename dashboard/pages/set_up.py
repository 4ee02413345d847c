"""The URLs to paste into each panel, and what is missing: by the same code as `clickjoin check`."""

from starlette.requests import Request
from starlette.responses import Response

from dashboard.render import Renderer
from dashboard.services import Services


class SetUp:
    """Who may only read sees no keys."""

    def __init__(self, services: Services, renderer: Renderer) -> None:
        self._services, self._renderer = services, renderer

    def page(self, request: Request) -> Response:
        """All of it."""
        may_act = request.state.session.role == "act"
        document = self._services.set_up(hide_keys=not may_act)
        told_at_once = self._services.own_tests().told_at_once()
        facts = {"found": document, "may_act": may_act, "told_at_once": told_at_once}
        facts["funnel"] = self._services.settings().funnel
        return self._renderer.page(request, "set_up", facts)
