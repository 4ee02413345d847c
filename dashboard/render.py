"""Pages from their templates. Everything in them is escaped: a template never says otherwise."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboard import cells
from dashboard.static import Static

PAGES = {
    "/": "Overview",
    "/funnel": "Reports",
    "/live": "Live",
    "/click": "Click",
    "/deliveries": "Deliveries",
    "/invalid": "Invalid",
    "/catalogue": "Campaigns",
    "/set-up": "Set-up",
}
OF_PARTNERS = {"/partner": "Overview", "/partner/postbacks": "Postbacks"}


class Renderer:
    """The templates, and what all of them know."""

    def __init__(self, static: Static) -> None:
        self._environment = Environment(
            loader=PackageLoader("dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"static": static.url, "query": query}
        self._environment.filters |= {
            "count": cells.count,
            "share": cells.share,
            "money": cells.money,
            "span": cells.span,
            "moment": cells.moment,
        }

    def page(self, request: Request, name: str, facts: Mapping[str, Any], status: int = 200) -> Response:
        """A page or, for htmx, a part of one: `templates/NAME.html`."""
        session = request.scope["state"]["session"]
        known = {
            "path": request.url.path,
            "pages": OF_PARTNERS if session and session.partner else PAGES,
            "session": session,
            "zone": ZoneInfo("UTC"),
        }
        text = self._environment.get_template(f"{name}.html").render({**known, **facts})
        return HTMLResponse(text, status)


def query(parameters: Mapping[str, Any], **changed: Any) -> str:
    """A query string of the parameters that say something, some of them changed; None takes one out."""
    merged = {**parameters, **changed}
    return "?" + urlencode([(name, value) for name, value in merged.items() if value is not None], doseq=True)
