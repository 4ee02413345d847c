"""What stands before every page: the name it was asked for by, the session, the token of a form, the headers."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.access import (
    HEADERS,
    PARTNER_PAGE,
    SAFE_METHODS,
    is_for_partners,
    is_from_our_page,
    login_of,
    may_come_by,
    user_of,
)
from dashboard.services import Services
from dashboard.sessions import COOKIE, SECONDS, Session, Sessions

OPEN = ("/login", "/static/", "/health/", "/metrics")
API = "/api/"
TOKEN_HEADER = "x-clickjoin-token"  # noqa: S105 - the name of a header
_MOST_BYTES = 64 << 10
_FORBIDDEN = 403


class Guard:
    """An ASGI application around the pages. They find `session` and `form` in the request's state."""

    def __init__(self, app: ASGIApp, services: Services, sessions: Sessions) -> None:
        self._app, self._services, self._sessions = app, services, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the page answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        cookie, session = self._session(request)
        scope.setdefault("state", {})
        scope["state"] |= {"session": session, "form": {}, "body": b""}

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
                if cookie:
                    headers.append("set-cookie", cookie_text(cookie, secure=is_secure(request)))
            await send(message)

        refusal = await self._refusal(request, session)
        await (refusal or self._app)(scope, receive, sent)

    def _session(self, request: Request) -> tuple[str, Session | None]:
        """The session, and the cookie of one that begins now: where there are no users, everybody here may act."""
        users = self._services.settings().dashboard.users
        if name := user_of(request.headers.get("authorization", ""), users) if request.url.path.startswith(API) else "":
            return "", Session(name, users[name].role, "", "", 0)
        found = self._sessions.find(request.cookies.get(COOKIE, ""))
        if users:
            user = login_of(found.user, users, self._services.settings().partners) if found else None
            is_still = found and user == (found.role, found.proof, found.partner)
            return "", found if is_still else None
        if found and not found.user:
            return "", found
        if request.url.path.startswith(OPEN):
            return "", None
        return self._sessions.begin("", "act")

    async def _refusal(self, request: Request, session: Session | None) -> Response | None:
        has_users = bool(self._services.settings().dashboard.users)
        host, path = request.headers.get("host", ""), request.url.path
        if not may_come_by(host, has_users=has_users):
            return _forbidden("Open the dashboard by the name of this machine, 127.0.0.1 or localhost.")
        if session and (refusal := _of_another(session, request)):
            return refusal
        if path.startswith(API):
            return await self._api_refusal(request, session, host, has_users=has_users)
        if request.method not in SAFE_METHODS:
            refusal = await self._form_refusal(request, session, host)
            if refusal:
                return refusal
        if session or path.startswith(OPEN):
            return None
        if request.headers.get("hx-request"):
            return Response(status_code=401, headers={"hx-refresh": "true"})
        wanted = quote(f"{path}?{request.url.query}" if request.url.query else path)
        return RedirectResponse(f"/login?next={wanted}", 303)

    async def _form_refusal(self, request: Request, session: Session | None, host: str) -> Response | None:
        """Read the form of a call that changes something; why it is refused."""
        fetch_site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "")
        if not is_from_our_page(fetch_site, origin, host):
            return _forbidden("This form was sent by another page.")
        body = await _body(request)
        if body is None:
            return PlainTextResponse("The form is too long.", 413)
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=2000))
        request.scope["state"]["form"] = form
        if request.url.path == "/login":
            return None  # there is nobody yet whose rights another page could use
        if session is None or form.get("token") != session.token:
            return _forbidden("This form is too old: reload the page, and send it again.")
        return None if session.role == "act" or request.url.path == "/logout" else _forbidden("You may read, not act.")

    async def _api_refusal(
        self, request: Request, session: Session | None, host: str, *, has_users: bool
    ) -> Response | None:
        """Why a call of /api is refused. No page of another site can make one: browsers ask first for methods and types
        like these, and are answered nothing that allows it."""
        if session is None:
            headers = {"www-authenticate": "Bearer"}
            return _told(401, "unauthorized", "send Authorization: Bearer and the token of a user", headers)
        if request.method in SAFE_METHODS:
            return None
        fetch_site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "")
        has_token = not session.token or request.headers.get(TOKEN_HEADER) == session.token
        if not is_from_our_page(fetch_site, origin, host) or (has_users and not has_token):
            return _told(403, "forbidden", "another page sends this")
        if session.role != "act":
            return _told(403, "forbidden", "this user may read, not act")
        is_json = request.headers.get("content-type", "").partition(";")[0].strip() == "application/json"
        if request.method != "DELETE" and not is_json:
            return _told(415, "not_json", "send Content-Type: application/json")
        body = await _body(request)
        if body is None:
            return _told(413, "too_long", f"an entry has at most {_MOST_BYTES} bytes")
        request.scope["state"]["body"] = body
        return None


def _of_another(session: Session, request: Request) -> Response | None:
    """Why a partner does not see what is no page of partners, and who is none does not see theirs."""
    path = request.scope["path"]  # as the pages are found by
    if session.partner and path == "/":
        return RedirectResponse(PARTNER_PAGE, 303)
    if session.partner and not is_for_partners(path):
        return _forbidden("This page is not for partners.")
    if not session.partner and (path == PARTNER_PAGE or path.startswith(f"{PARTNER_PAGE}/")):
        return _forbidden("This page is for partners: log in as one.")
    return None


async def _body(request: Request) -> bytes | None:
    """The whole body; None where it is too long."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return None
    return body


def is_secure(request: Request) -> bool:
    """Whether the browser speaks HTTPS, to us or to a proxy before us."""
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))


def cookie_text(value: str, *, secure: bool, seconds: int = SECONDS) -> str:
    """The cookie of a session, as a header; with 0 seconds it is removed."""
    ends = f"; Max-Age={seconds}; HttpOnly; SameSite=Lax; Path=/"
    return f"{COOKIE}={value}{ends}{'; Secure' if secure else ''}"


def _forbidden(why: str) -> Response:
    return PlainTextResponse(why, _FORBIDDEN)


def _told(status: int, word: str, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": word, "detail": detail}, status, headers)
