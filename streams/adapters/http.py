"""Sending requests: libcurl's multi interface, driven from the event loop. No thread, no task per request."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import certifi
import pycurl

from schemas.requests import Request, Terms
from streams.adapters.addresses import Network, why_refused
from streams.emit.retry import Answer

BODY_BYTES = 64 << 10
"""So much of an answer is read; then the connection is closed and the answer counts as it is."""
KEPT_BYTES = 4096
"""So much of it is kept."""
_TICK = 0.001
_LAZY_TICK = 0.008
_LAZY_AFTER = 16  # ticks without an answer

_PROBLEMS = {
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_COULDNT_RESOLVE_HOST: "dns_failed",
    pycurl.E_COULDNT_CONNECT: "connection_refused",
    pycurl.E_GOT_NOTHING: "connection_lost",
    pycurl.E_RECV_ERROR: "connection_lost",
    pycurl.E_SEND_ERROR: "connection_lost",
    pycurl.E_PARTIAL_FILE: "connection_lost",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls_failed",
    pycurl.E_SSL_CONNECT_ERROR: "tls_failed",
    pycurl.E_SSL_CIPHER: "tls_failed",
    pycurl.E_URL_MALFORMAT: "bad_url",
    pycurl.E_UNSUPPORTED_PROTOCOL: "bad_url",
}
"""Closed words: curl's own texts may hold the URL. What is not here is `curl_` and its number."""


class HttpClient(Protocol):
    """The seam: what emit needs of an HTTP client."""

    def send(self, request: Request, done: Callable[[Answer], None], terms: Terms | None = None) -> None:
        """Start a request; without time-outs the client's own hold.

        `done` is called later, once, on the event loop; never from inside this call.
        """

    def close(self) -> None:
        """Drop everything that is under way; their `done` is not called."""


class CurlClient:
    """Follows no redirect, verifies TLS, speaks http and https only, and asks about each address before it connects."""

    def __init__(
        self,
        *,
        connect_timeout_ms: int,
        timeout_ms: int,
        allow: Sequence[Network] = (),
        connections: int = 1024,
        ca_file: str = "",
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._terms, self._allow = Terms(connect_timeout_ms, timeout_ms), allow
        self._ca_file = ca_file or os.environ.get("SSL_CERT_FILE") or certifi.where()
        self._failed = failed  # told of what goes wrong in here; without it the loop's handler is
        self._loop = asyncio.get_running_loop()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, connections)  # fewer than are in use would mean to reconnect
        self._idle: list[_Handle] = []
        self._busy: dict[Any, _Handle] = {}
        self._timer: asyncio.Handle | None = None
        self._ticks = 0  # since the last answer

    def send(self, request: Request, done: Callable[[Answer], None], terms: Terms | None = None) -> None:
        """Start a request; see HttpClient."""
        handle = self._idle.pop() if self._idle else self._handle()
        try:
            handle.prepare(request, done, terms or self._terms)
        except (ValueError, TypeError, pycurl.error):  # a NUL in the URL, or what else libcurl does not take
            self._idle.append(handle)
            self._loop.call_soon(done, Answer(0, "bad_url", 0))
            return
        self._busy[handle.curl] = handle
        self._multi.add_handle(handle.curl)
        self._wake()

    def close(self) -> None:
        """Drop everything."""
        if self._timer:
            self._timer.cancel()
        for handle in self._busy.values():
            self._multi.remove_handle(handle.curl)
            handle.curl.close()
        for handle in self._idle:
            handle.curl.close()
        self._busy, self._idle = {}, []
        self._multi.close()

    def _handle(self) -> "_Handle":
        return _Handle(self._allow, self._ca_file)

    def _wake(self) -> None:
        """Tick soon: at once where nothing was under way, else without waiting for a lazy tick."""
        if self._timer is None:
            self._timer = self._loop.call_soon(self._tick)
        elif self._ticks > _LAZY_AFTER:
            self._timer.cancel()
            self._timer = self._loop.call_soon(self._tick)
        self._ticks = 0

    def _tick(self) -> None:
        try:
            self._perform()
        except Exception as error:
            if self._failed is None:
                raise
            self._failed(error)

    def _perform(self) -> None:
        self._multi.perform()
        while True:
            more, good, bad = self._multi.info_read(500)
            for curl in good:
                self._end(curl, pycurl.E_OK)
            for curl, error, _ in bad:
                self._end(curl, error)
            if not more:
                break
        self._ticks += 1
        lazy = self._ticks > _LAZY_AFTER
        self._timer = self._loop.call_later(_LAZY_TICK if lazy else _TICK, self._tick) if self._busy else None

    def _end(self, curl: Any, error: int) -> None:
        self._ticks = 0
        handle = self._busy.pop(curl)
        self._multi.remove_handle(curl)
        done, answer = handle.done, handle.answer(error)
        self._idle.append(handle)
        done(answer)


class _Handle:
    """A libcurl handle, its options set once, with what belongs to the request that it carries now."""

    def __init__(self, allow: Sequence[Network], ca_file: str) -> None:
        self._allow = allow
        self._terms: Terms | None = None
        self._method, self._has_headers = "GET", False
        self.curl = curl = pycurl.Curl()
        for option, value in (
            (pycurl.NOSIGNAL, 1),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.PROXY, ""),  # a proxy would connect for us, and nobody would check the address
            (pycurl.PATH_AS_IS, 1),  # a value that looks like /../ is a value
            (pycurl.SSL_VERIFYPEER, 1),
            (pycurl.SSL_VERIFYHOST, 2),
            (pycurl.CAINFO, ca_file),
            (pycurl.USERAGENT, "clickjoin"),
            (pycurl.WRITEFUNCTION, self._read),
            (pycurl.OPENSOCKETFUNCTION, self._open),
            (pycurl.PREREQFUNCTION, self._may_ask),
        ):
            curl.setopt(option, value)

    def prepare(self, request: Request, done: Callable[[Answer], None], terms: Terms) -> None:
        """Set what differs from request to request. Raises ValueError or pycurl.error for what is no URL."""
        self.done = done
        self._refused, self._has_asked = "", False
        self._body, self._length = b"", 0
        if terms != self._terms:
            self.curl.setopt(pycurl.CONNECTTIMEOUT_MS, terms.connect_ms)
            self.curl.setopt(pycurl.TIMEOUT_MS, terms.whole_ms)
            # The other end may just have closed one that was used before: nobody could say whether it was taken.
            self.curl.setopt(pycurl.FRESH_CONNECT, not terms.repeat_unanswered)
            self._terms = terms
        self.curl.setopt(pycurl.URL, request.url.encode())
        if request.method == "POST":
            self.curl.setopt(pycurl.POSTFIELDS, request.body.encode())
        elif self._method == "POST":  # the request before
            self.curl.setopt(pycurl.HTTPGET, 1)
        self._method = request.method
        if request.headers:
            # libcurl's way to say that a header is there and empty.
            headers = [f"{name}: {value}" if value else f"{name};" for name, value in request.headers.items()]
            self.curl.setopt(pycurl.HTTPHEADER, headers)
        elif self._has_headers:  # those of the request before
            self.curl.unsetopt(pycurl.HTTPHEADER)
        self._has_headers = bool(request.headers)
        self._began = time.monotonic()

    def answer(self, error: int) -> Answer:
        """What became of the request, after libcurl ended it with an error number (0: none)."""
        took_ms = round((time.monotonic() - self._began) * 1000)
        code = self.curl.getinfo(pycurl.RESPONSE_CODE)
        if code:  # its body may have been too long or too slow: the answer is the code
            wait_s = self.curl.getinfo(pycurl.RETRY_AFTER) if code >= 400 else 0
            return Answer(code, "", took_ms, wait_s * 1000, "", self._body)
        if self._refused and error == pycurl.E_COULDNT_CONNECT:
            return Answer(0, "address_refused", took_ms, 0, self._refused)
        if error == pycurl.E_ABORTED_BY_CALLBACK:
            return Answer(0, "connection_lost", took_ms)
        problem = _PROBLEMS.get(error, f"curl_{error}" if error else "connection_lost")
        if problem == "timeout" and not self.curl.getinfo(pycurl.REQUEST_SIZE):
            problem = "connect_timeout"  # nothing was sent
        return Answer(0, problem, took_ms)

    def _may_ask(self, *addresses: object) -> int:
        """Once: what got no answer on a connection that was used before libcurl repeats by itself, up to five times."""
        asked, self._has_asked = self._has_asked, True
        return int(pycurl.PREREQFUNC_ABORT if asked else pycurl.PREREQFUNC_OK)

    def _read(self, chunk: bytes) -> int:
        self._length += len(chunk)
        if len(self._body) < KEPT_BYTES:
            self._body = (self._body + chunk)[:KEPT_BYTES]
        return len(chunk) if self._length <= BODY_BYTES else 0  # 0 ends the transfer

    def _open(self, purpose: int, address: Any) -> Any:
        family, kind, protocol, target = address
        self._refused = why_refused(target[0], self._allow) if isinstance(target, tuple) else "no address of a host"
        return pycurl.SOCKET_BAD if self._refused else socket.socket(family, kind, protocol)
