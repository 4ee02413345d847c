"""Logging in and out."""

import math

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboard.access import PARTNER_PAGE, login_of, safe_path
from dashboard.guard import cookie_text, is_secure
from dashboard.passwords import is_right
from dashboard.render import Renderer
from dashboard.services import Services
from dashboard.sessions import COOKIE, Failures, Sessions

log = structlog.get_logger()
_WRONG, _TOO_OFTEN, _SEE_OTHER = 401, 429, 303
_LONGEST = 1024


class Login:
    """Whoever guesses waits, by name and by address."""

    def __init__(self, sessions: Sessions, services: Services, renderer: Renderer) -> None:
        self._sessions, self._services, self._renderer = sessions, services, renderer
        self._failures = Failures()

    def page(self, request: Request) -> Response:
        """The form."""
        if not self._services.settings().dashboard.users or request.state.session:
            session = request.state.session
            return RedirectResponse(PARTNER_PAGE if session and session.partner else "/", _SEE_OTHER)
        return self._form(request, "", 200)

    def enter(self, request: Request) -> Response:
        """Look at the password."""
        name = request.state.form.get("user", "")[:_LONGEST]
        password = request.state.form.get("password", "")[:_LONGEST]
        address = request.client.host if request.client else ""
        whose = (f"user {name}", f"address {address}")
        if pause := self._failures.pause(*whose):
            answer = self._form(request, f"Too many wrong passwords: try again in {math.ceil(pause)} s.", _TOO_OFTEN)
            answer.headers["retry-after"] = str(math.ceil(pause))
            return answer
        settings = self._services.settings()
        user = login_of(name, settings.dashboard.users, settings.partners)
        self._failures.count(*whose)  # before it is looked at: many at the same time are many
        if not is_right(password, user.hash or None if user else None) or user is None:
            log.warning("login_refused", user=name, address=address)
            return self._form(request, "There is no such user with this password.", _WRONG)
        self._failures.forget(*whose)
        cookie, _ = self._sessions.begin(name, user.role, user.hash, user.partner)
        log.info("login", user=name, address=address)
        wanted = PARTNER_PAGE if user.partner else safe_path(request.query_params.get("next", "/"))
        answer = RedirectResponse(wanted, _SEE_OTHER)
        answer.headers.append("set-cookie", cookie_text(cookie, secure=is_secure(request)))
        return answer

    def leave(self, request: Request) -> Response:
        """Log out."""
        self._sessions.end(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/login", _SEE_OTHER)
        answer.headers.append("set-cookie", cookie_text("", secure=is_secure(request), seconds=0))
        return answer

    def _form(self, request: Request, problem: str, status: int) -> Response:
        wanted = safe_path(request.query_params.get("next", "/"))
        return self._renderer.page(request, "login", {"problem": problem, "next": wanted}, status)
