"""Keeps what could not be used: no error is answered before its raw request is stored, for the topic `invalid`."""

from ingest.chance import RandomBytes, now_ms
from ingest.exchange import Answer, Exchange, failure
from ingest.group import NotStored
from ingest.metrics import Metrics
from ingest.privacy import cut_text
from ingest.refusal import Refusal
from ingest.spool_file import Record
from ingest.store import Store
from ingest.throttle import PROVES_NOTHING, Throttle, TooMany, too_many
from schemas.ids import record_id
from schemas.records import Invalid
from schemas.settings.servers import Ingest
from schemas.topics import INVALID
from schemas.wire import encode


class Keeper:
    """Turns refusals into records and answers."""

    def __init__(self, store: Store, metrics: Metrics, random: RandomBytes, throttle: Throttle) -> None:
        self._random = random
        self._throttle = throttle
        self._store = store
        self._metrics = metrics

    async def refuse(
        self,
        exchange: Exchange,
        refusal: Refusal,
        *,
        network: str = "",
        source: str = "",
        secret: bytes | None = None,
        limits: Ingest | None = None,
    ) -> Answer:
        """Keep the request with its reason, then answer with it; 503 where it could not be kept, 429 where its address
        has sent too many that prove nothing: these are not kept. limits: of a body that may not have been read yet."""
        if refusal.status in PROVES_NOTHING:
            try:
                self._throttle.address(exchange)
            except TooMany as error:
                return too_many(error)
        if limits:
            await exchange.read_to_keep(limits)
        if not exchange.is_head:
            try:
                await self.keep(exchange, refusal, network=network, source=source, secret=secret)
            except NotStored as error:
                return not_stored(error)
        return failure(refusal.status, refusal.code, refusal.detail)

    async def keep(
        self,
        exchange: Exchange,
        refusal: Refusal,
        *,
        network: str = "",
        source: str = "",
        secret: bytes | None = None,
    ) -> None:
        """Store the request for the topic `invalid`, by an ID that is the request's from now on. Raises NotStored."""
        self._metrics.count_invalid(refusal.code)
        at_ms = now_ms()
        exchange.request_id = record_id(at_ms, self._random(10))
        record = Invalid(
            invalid_id=exchange.request_id,
            received_at=at_ms,
            kind=exchange.route,
            code=refusal.code,
            detail=cut_text(exchange.privacy, refusal.detail) if exchange.privacy else refusal.detail,
            raw=exchange.raw(secret),
            network=network,
            source=source,
            status=refusal.status,
        )
        await self._store.put(Record(INVALID, record.invalid_id.encode(), encode(record)))


def not_stored(error: NotStored) -> Answer:
    """The 503 of a request that may be repeated."""
    return failure(503, "not_stored", f"nothing was stored, please repeat: {error}")
