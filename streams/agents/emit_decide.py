"""From records of `outcomes` to deliveries, under a guard: what cannot be used becomes an `invalid` record."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog
from aiokafka import ConsumerRecord

from schemas.records import Cancel, Delivery, Invalid, Outcome, Resend, Retemplate
from schemas.settings.file import Settings
from schemas.topics import INVALID, partition_of
from schemas.unusable import unusable
from schemas.whose import whose
from schemas.wire import OutcomeOrRequest, WireError, decode_outcome_or_request, encode
from streams.adapters.producer import KeyValue, Producer
from streams.emit.endings import Review
from streams.emit.pending import id_of
from streams.emit.retemplate import retemplated
from streams.emit.routes import routes_of, successes_of
from streams.emit.routing import deliveries_of
from streams.emit.wishes import resent

log = structlog.get_logger(__name__)

RAW_BYTES = 64 << 10
"""So much of a record that cannot be used is kept."""


class Decided(NamedTuple):
    """What a batch of records causes."""

    deliveries: list[Delivery]
    updates: list[Delivery]  # those of them that tell of a change
    cancels: list[Cancel]
    invalid: list[Invalid]
    retemplates: list[Retemplate]


class Decider:
    """Routes outcomes. Never raises on data."""

    def __init__(self, settings: Settings, partitions: int, producer: Producer) -> None:
        self._partitions, self._producer = partitions, producer
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Route what comes from now on by these."""
        emit = settings.emit
        self._routes = routes_of(settings)
        self._first_wait_ms = emit.schedule[0]
        self.review = Review(self._routes, successes_of(settings).keys(), emit.hold, self._first_wait_ms)

    def decide(self, records: Sequence[ConsumerRecord], now_ms: int) -> Decided:
        """The deliveries that outcomes and requests cause, in their order; and the records that are neither."""
        decided = Decided([], [], [], [], [])
        for record in records:
            try:
                self._decide(decode_outcome_or_request(record.value), record.offset, decided, now_ms)
            except WireError as error:
                decided.invalid.append(_invalid(record, error.code, str(error), now_ms))
            except Exception as error:  # a bug of ours must not stop the partition, and must not be silent
                where = f"{record.topic}-{record.partition}@{record.offset}"
                log.exception("outcome_not_routed", where=where, **whose(record.value))
                decided.invalid.append(_invalid(record, "not_routed", type(error).__name__, now_ms))
        return decided

    def _decide(self, record: OutcomeOrRequest, offset: int, decided: Decided, now_ms: int) -> None:
        """Raises ValueError for a request about an ID that is none of ours."""
        if isinstance(record, Outcome):
            told = deliveries_of(record, self._routes, now_ms, self._first_wait_ms, offset)
            decided.deliveries.extend(told)
            if record.outcome == "updated":
                decided.updates.extend(told)
        elif isinstance(record, Resend):
            again = resent(record, now_ms, self._first_wait_ms)
            id_of(again)
            decided.deliveries.append(again)
        elif isinstance(record, Retemplate):
            id_of(record.delivery)
            decided.retemplates.append(record)
        else:
            id_of(record.delivery)
            decided.cancels.append(record)

    def retemplated(
        self, asked: Sequence[Retemplate], waiting: Mapping[bytes, Delivery], now_ms: int
    ) -> list[Delivery]:
        """The next records of those of these deliveries that wait, by the present templates."""
        by_id = {id_of(one.delivery): one.outcome for one in asked}
        found = (retemplated(waiting[id_], by_id[id_], self._routes, now_ms) for id_ in by_id if id_ in waiting)
        return [made for made in found if made]

    async def send_invalid(self, invalid: Sequence[Invalid]) -> None:
        """Append them to the topic `invalid` and wait for the acknowledgement."""
        by_partition: dict[int, list[KeyValue]] = {}
        for record in invalid:
            key = record.invalid_id.encode()
            by_partition.setdefault(partition_of(key, self._partitions), []).append((key, encode(record)))
        for partition, records in by_partition.items():
            await self._producer.send(INVALID, partition, records)


def _invalid(record: ConsumerRecord, code: str, detail: str, now_ms: int) -> Invalid:
    where = (record.topic, record.partition, record.offset)
    at = record.timestamp if record.timestamp > 0 else now_ms
    return unusable("record", code, detail, where, at, record.value)
