"""One request and its answer, over RSGI."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import unquote

import msgspec
from granian._granian import RSGIHTTPProtocol as HTTPProtocol
from granian.rsgi import Scope

from ingest.auth import KEY_HEADER, KEY_PARAMETER, Ranges, is_within
from ingest.parameters import Params, parse_body, parse_query
from ingest.privacy import Privacy, cut_params
from ingest.proxies import caller
from ingest.raw import raw_request
from ingest.refusal import Refusal
from schemas.settings.servers import Ingest

POSTBACK = "postback"
"""The route behind which a key may follow the network's name."""

_OF_CAMPAIGNS = frozenset({"click", "out", "t"})
_LONGEST_NAME = 64
REQUEST_ID = "x-request-id"
RETRY_AFTER_SECONDS = "5"
_encode = msgspec.json.Encoder().encode

Headers = tuple[tuple[str, str], ...]
_JSON = ("content-type", "application/json")
_JSON_HEADERS = (_JSON, ("cache-control", "no-store"))


class Answer(NamedTuple):
    """What a request is answered with."""

    status: int
    body: bytes = b""
    headers: Headers = _JSON_HEADERS

    def named(self, request_id: str) -> "Answer":
        """The same, with the ID by which its request is found again."""
        return Answer(self.status, self.body, (*self.headers, (REQUEST_ID, request_id)))

    def send(self, protocol: HTTPProtocol) -> None:
        """Hand it to the server."""
        protocol.response_bytes(self.status, list(self.headers), self.body)


def retry_headers(headers: Headers) -> Headers:
    """The headers of an answer that asks to repeat the request a little later."""
    return (*headers, ("retry-after", RETRY_AFTER_SECONDS))


def json_answer(status: int, content: object) -> Answer:
    """An answer in JSON; 503 and 429 say when to come again."""
    return Answer(status, _encode(content), retry_headers(_JSON_HEADERS) if status in (429, 503) else _JSON_HEADERS)


def failure(status: int, code: str, detail: str) -> Answer:
    """An error: a closed word, and what would be right."""
    return json_answer(status, {"error": code, "detail": detail})


def redirect(url: str) -> Answer:
    """To the offer, never cached."""
    return Answer(302, b"", (("location", url), ("cache-control", "no-store")))


class Exchange:
    """One request: what was read of it, for handlers and for what is kept where it cannot be used."""

    __slots__ = (
        "_is_read",
        "_peer",
        "_protocol",
        "_scope",
        "_trusted",
        "_unread",
        "body",
        "click_id",
        "content_type",
        "method",
        "name",
        "path_key",
        "privacy",
        "query",
        "request_id",
        "route",
    )

    def __init__(
        self,
        scope: Scope,
        protocol: HTTPProtocol,
        route: str,
        name: str,
        trusted: Ranges = (),
        privacy: Privacy | None = None,
    ) -> None:
        """trusted: proxies whose X-Forwarded-For is believed. privacy: what of a person nobody behind this sees."""
        self._scope = scope
        self._trusted = trusted
        self.privacy = privacy
        self._peer: str | None = None
        self._protocol = protocol
        self.route = route
        self.name, self.path_key = name, ""
        if route == POSTBACK and "/" in name:
            self.name, _, key = name.partition("/")
            self.path_key = unquote(key)
        self.method = scope.method
        self.query = scope.query_string
        self.body = b""
        self.content_type = ""
        self._is_read, self._unread = False, 0
        self.request_id = self.click_id = ""

    @property
    def is_head(self) -> bool:
        """Whether only the headers are wanted, and nothing is to be recorded."""
        return self.method == "HEAD"

    @property
    def peer(self) -> str:
        """The address of who calls: of the connection, or what a trusted proxy says."""
        if self._peer is None:
            self._peer = self._connection
            if self._trusted:
                self._peer = caller(self._peer, self.header("x-forwarded-for"), self._trusted)
        return self._peer

    @property
    def is_by_proxy(self) -> bool:
        """Whether a trusted proxy has sent this on, so that its headers count."""
        return bool(self._trusted) and is_within(self._trusted, self._connection)

    @property
    def _connection(self) -> str:
        return self._scope.client.rpartition(":")[0].strip("[]")

    def header(self, name: str) -> str:
        """A header's value; empty where there is none."""
        value: str = self._scope.headers.get(name, "")
        return value

    def key(self, params: Params) -> str:
        """The key that was sent, as parameter, header or behind the name in the path."""
        return params.get(KEY_PARAMETER) or self.header(KEY_HEADER) or self.path_key

    def query_params(self, max_url_bytes: int, *, last: bool = False) -> Params:
        """The parameters of the query. Raises Refusal for a URL that is too long. last: as parse_query's."""
        length = len(self._scope.path) + 1 + len(self.query)
        if length > max_url_bytes:
            raise Refusal(414, "url_too_long", f"the URL has {length} bytes: {max_url_bytes} are read")
        params = parse_query(self.query, last=last)
        return cut_params(self.privacy, params) if self.privacy else params

    async def read_body(self, max_bytes: int, seconds: float) -> bytes:
        """The body. Raises Refusal for one that is too long, or that does not come."""
        self._is_read = True
        self.content_type = self.header("content-type")
        length = self.header("content-length")
        if length.isdigit() and int(length) > max_bytes:
            self._unread = int(length)
            raise self._too_large(max_bytes)
        try:
            self.body = await asyncio.wait_for(self._read(max_bytes), seconds)
        except TimeoutError:
            self._unread = 1  # or more: it is not known
            raise Refusal(408, "body_timeout", f"the body did not come within {seconds:g} s") from None
        return self.body

    async def read_params(
        self, limits: Ingest, query: Params, *, last: bool = False, opened: Callable[[bytes], bytes] | None = None
    ) -> list[Params]:
        """The parameters in the body beneath those of the query, of each object that is in it. Raises Refusal.

        last: as parse_query's. opened: checks the body, and gives what is to be read as parameters.
        """
        body = await self.read_body(limits.max_batch_bytes, limits.read_timeout / 1000)
        if opened:
            body = opened(body)
        several = parse_body(body, self.content_type, query, last=last)
        if len(several) == 1 and len(body) > limits.max_body_bytes:
            raise self._too_large(limits.max_body_bytes)
        return [cut_params(self.privacy, params) for params in several] if self.privacy else several

    async def read_to_keep(self, limits: Ingest) -> None:
        """Read the body of a request that was refused before that, as far as it is kept."""
        if self.method == "POST" and not self._is_read:
            with suppress(Refusal):  # it is kept for another reason
                await self.read_body(limits.max_body_bytes, limits.read_timeout / 1000)

    async def _read(self, max_bytes: int) -> bytes:
        chunks, size = [], 0
        async for chunk in self._protocol:
            size += len(chunk)
            chunks.append(chunk)
            if size > max_bytes:
                self.body, self._unread = b"".join(chunks), 1
                raise self._too_large(max_bytes)
        return b"".join(chunks)

    def _too_large(self, max_bytes: int) -> Refusal:
        return Refusal(413, "body_too_large", f"a body of at most {max_bytes} bytes is read here")

    def names(self) -> dict[str, str]:
        """What a line of the log says of it, as far as it is known: nothing that could be a secret."""
        whose = "campaign" if self.route in _OF_CAMPAIGNS else "network"
        found = {"request_id": self.request_id, "click_id": self.click_id, whose: self.name[:_LONGEST_NAME]}
        return {"route": self.route, **{word: text for word, text in found.items() if text}}

    def with_body(self, body: bytes, content_type: str) -> "Exchange":
        """The same request with another body: one object of an array, to be kept for itself."""
        other = Exchange(self._scope, self._protocol, self.route, self.name, self._trusted, self.privacy)
        other.body, other.content_type = body, content_type
        return other

    def raw(self, secret: bytes | None) -> str:
        """The request as it is kept."""
        sent = (self.method, self._scope.path, self.query, self.content_type, self.body)
        return raw_request(*sent, secret, self.privacy, self._unread)
