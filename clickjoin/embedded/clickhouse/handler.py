"""HTTP/1.1 for one connection: /ping, and queries at /."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol, cast

import structlog

from clickjoin.embedded.clickhouse import execute
from clickjoin.embedded.clickhouse.access import check_browser
from clickjoin.embedded.clickhouse.body import Body
from clickjoin.embedded.clickhouse.errors import (
    BAD_ARGUMENTS,
    UNKNOWN_EXCEPTION,
    ClickHouseError,
    error,
)
from clickjoin.embedded.clickhouse.form import is_form, parse_form
from clickjoin.embedded.clickhouse.request import parse, parse_target
from clickjoin.embedded.clickhouse.response import Response, Wire

log = structlog.get_logger(__name__)

IDLE_SECONDS = 300  # how long a client may neither send nor take anything
LINGER_SECONDS = 0.3  # how long a broken-off answer may still be read
LARGEST_DRAIN = 1 << 26  # bytes of a refused body read to keep the connection; more closes it
_PRINTABLE = re.compile(r"[\x20-\x7e]*")


class _Server(Protocol):
    """What a connection asks of the server that accepted it."""

    front: execute.Front


class Handler(BaseHTTPRequestHandler):
    """One client's connection; requests come one after another."""

    protocol_version = "HTTP/1.1"
    server_version = "clickjoin"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # headers and a small result leave in one packet
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        """A query that may change nothing, or a health check."""
        self._handle(may_write=False)

    def do_HEAD(self) -> None:
        """What GET answers, without its body."""
        self._handle(may_write=False)

    def do_POST(self) -> None:
        """Any query; the statement, or the rest of it, is the body."""
        self._handle(may_write=True)

    def handle_expect_100(self) -> bool:
        """Let a client send that asked first; at once, for it is waiting."""
        allowed = super().handle_expect_100()
        self.wfile.flush()
        return allowed

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """No access log: queries are the engine's business, failures are logged where they happen."""

    def _handle(self, *, may_write: bool) -> None:
        path, fields = parse_target(self.path)
        query_id = fields.get("query_id") or str(uuid.uuid4())
        try:
            check_browser(self.headers.get("Host"), self.headers.get("Origin"))
            if not _PRINTABLE.fullmatch(query_id):
                raise error(BAD_ARGUMENTS, "BAD_ARGUMENTS", "query_id must be printable ASCII")
        except ClickHouseError as refusal:
            self.close_connection = True
            self._response("").fail(refusal)
            return
        if path in ("/ping", "/replicas_status") or (path == "/" and not may_write and "query" not in fields):
            self._plain(200, "Ok.\n")
        elif path == "/":
            self._query(fields, query_id, may_write=may_write)
        else:
            self.close_connection = True
            self._plain(404, f"There is no handle {path}\nUse / or /ping for health checks.\n")

    def _query(self, fields: dict[str, str], query_id: str, *, may_write: bool) -> None:
        response = self._response(query_id)
        front = cast(_Server, self.server).front
        body: Body | None = None
        try:
            body = Body(cast(Any, self.rfile), self.headers)
            pieces = body.decoded() if may_write else iter(())
            content_type = self.headers.get("Content-Type", "")
            if is_form(content_type):
                fields = fields | parse_form(content_type, pieces)
            request = parse(fields, cast(Any, self.headers))
            with front.gate.turn():
                execute.answer(front, request, pieces, response, may_write=may_write)
        except OSError as gone:  # the client went away: nobody to tell
            log.info("client_gone", query_id=query_id, reason=str(gone))
            self.close_connection = True
        except ClickHouseError as failure:
            self._fail(failure, response, body, query_id)
        except Exception:
            log.exception("query_crashed", query_id=query_id)
            bug = error(UNKNOWN_EXCEPTION, "UNKNOWN_EXCEPTION", "The front failed; its log says why")
            self._fail(bug, response, body, query_id)
        if body is None or not body.whole:
            self._finish_body(body)

    def _fail(self, failure: ClickHouseError, response: Response, body: Body | None, query_id: str) -> None:
        log.info("query_failed", query_id=query_id, code=failure.code, in_stream=response.started)
        try:
            if not response.started:
                self._finish_body(body)
            if not response.fail(failure):
                self._break_off()
        except OSError:
            self.close_connection = True

    def _break_off(self) -> None:
        """Close in mid-stream, which tells any client that the result is not whole.

        Only after a moment: some clients, once they see the end, forget what they received and did not read yet.
        """
        self.close_connection = True
        self.connection.settimeout(LINGER_SECONDS)
        self.connection.recv(1)  # nothing is expected but the client's own end

    def _finish_body(self, body: Body | None) -> None:
        """Take what the client is still sending, within reason, so that it comes to read the answer."""
        if body is not None and not self.close_connection:
            try:
                body.drain(LARGEST_DRAIN)
            except OSError:
                self.close_connection = True
        if body is None or not body.whole:
            self.close_connection = True

    def _response(self, query_id: str) -> Response:
        engine = cast(_Server, self.server).front.engine
        wire = Wire(self._begin, cast(Any, self.wfile), has_body=self.command != "HEAD")
        response = Response(wire, query_id, engine.timezone, engine.version)
        if self.request_version == "HTTP/1.0":  # knows no chunks
            response.hold = sys.maxsize
        return response

    def _begin(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _plain(self, status: int, text: str) -> None:
        body = text.encode("utf-8", "replace")
        self._begin(status, [("Content-Type", "text/html; charset=UTF-8"), ("Content-Length", str(len(body)))])
        if self.command != "HEAD":
            self.wfile.write(body)
