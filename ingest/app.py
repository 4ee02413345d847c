"""The calls, as an RSGI application: clicks, landers, postbacks, pixels, health and metrics."""

from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

import structlog
from granian._granian import RSGIHTTPProtocol as HTTPProtocol
from granian.rsgi import Scope

from ingest.auth import Ranges
from ingest.chance import RandomBytes, now_ms
from ingest.exchange import Answer, Exchange, failure, json_answer
from ingest.metrics import CONTENT_TYPE, Metrics
from ingest.peers import Peers
from ingest.privacy import Privacy
from schemas.ids import record_id

_FIRST_ERROR, _UNAVAILABLE = 400, 503
_TELL_SECONDS = 1.0

Calls = Callable[[Exchange], Awaitable[Answer]]

_NOT_FOUND = failure(
    404,
    "not_found",
    "there are /click/{campaign}, /out/{campaign}, /t/{campaign}, /t.js, /postback/{network}, /pixel/{network}.gif, "
    "/health/live, /health/ready, /metrics",
)
_BUG = failure(503, "internal", "this request could not be handled: it may be repeated")

log = structlog.get_logger()


class App:
    """What the server calls for each request. `in_flight` says how many are not yet answered; `trusted` proxies say who
    calls; `privacy` says what of a person no call sees."""

    def __init__(
        self,
        calls: Mapping[str, Calls],
        peers: Peers,
        metrics: Metrics,
        trusted: Ranges,
        privacy: Privacy | None,
        random: RandomBytes,
    ) -> None:
        self.in_flight = 0
        self.trusted = trusted
        self.privacy = privacy
        self._calls = calls
        self._peers = peers
        self._metrics = metrics
        self._random = random
        self._unstored, self._told_at = 0, 0.0

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request. Whatever happens, it is answered and counted."""
        self.in_flight += 1
        try:
            route, _, name = scope.path[1:].partition("/")
            call = self._calls.get(route)
            if call is None:
                answer = await self._service(scope.method, scope.path)
                route = "unknown" if answer is _NOT_FOUND else "service"
            else:
                answer = await self._answer(call, self._exchange(scope, protocol, route, name))
            self._metrics.count_request(route, answer.status)
            answer.send(protocol)
        finally:
            self.in_flight -= 1

    def _exchange(self, scope: Scope, protocol: HTTPProtocol, route: str, name: str) -> Exchange:
        return Exchange(scope, protocol, route, name, self.trusted, self.privacy)

    async def _answer(self, call: Calls, exchange: Exchange) -> Answer:
        try:
            answer = await call(exchange)
            if answer.status < _FIRST_ERROR and not exchange.request_id:
                return answer
            self._name(exchange)
            if answer.status == _UNAVAILABLE:
                self._tell_unstored(exchange)
        except Exception:
            # A bug of ours. What the request holds is not logged: there may be secrets in it.
            self._name(exchange)
            log.exception("request_failed", **exchange.names())
            answer = _BUG
        return answer.named(exchange.request_id)

    def _name(self, exchange: Exchange) -> None:
        exchange.request_id = exchange.request_id or record_id(now_ms(), self._random(10))

    def _tell_unstored(self, exchange: Exchange) -> None:
        """Say that requests were answered 503, once a second at most: an outage has thousands."""
        self._unstored += 1
        if monotonic() - self._told_at >= _TELL_SECONDS:
            log.warning("request_not_stored", requests=self._unstored, **exchange.names())
            self._unstored, self._told_at = 0, monotonic()

    async def _service(self, method: str, path: str) -> Answer:
        if method not in ("GET", "HEAD"):
            return _NOT_FOUND
        match path:
            case "/health/live":
                return json_answer(200, {"status": "live"})
            case "/health/ready":
                is_ready, spooled = await self._peers.health()
                return json_answer(200 if is_ready else 503, {"ready": is_ready, "spooled": spooled})
            case "/metrics":
                return Answer(200, await self._peers.metrics(), (("content-type", CONTENT_TYPE),))
            case _:
                return _NOT_FOUND
