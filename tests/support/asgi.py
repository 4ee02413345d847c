"""An ASGI application asked as a browser asks it, without a server."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple
from urllib.parse import urlencode


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


class Browser:
    """Remembers its cookie, and the token of the last page that had one."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.cookie, self.token = "", ""

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, None, **headers)

    def post(self, path: str, **form: str) -> Answer:
        return self.call("POST", path, {"token": self.token, **form})

    def log_in(self, user: str, password: str) -> Answer:
        return self.post("/login", user=user, password=password)

    def call(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        sent = {"host": "127.0.0.1:8081", "cookie": self.cookie, **headers}
        body = urlencode(form or {}).encode()
        answer = asyncio.run(_called(self._app, method, path, sent, body))
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        self.token = answer.text.partition('name="token" value="')[2].partition('"')[0] or self.token
        return answer


async def _called(app: Any, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    bare, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": bare,
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8081),
    }
    started: dict[str, Any] = {}
    pieces: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            pieces.append(message.get("body", b""))

    await app(scope, receive, send)
    said = {name.decode(): value.decode() for name, value in started["headers"]}
    return Answer(int(started["status"]), said, b"".join(pieces).decode())
