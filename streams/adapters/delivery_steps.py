"""Records of `deliveries`, read: in outline as steps of the fold, and whole when they are to be sent."""

from collections.abc import Callable, Sequence

import structlog
from aiokafka import ConsumerRecord

from schemas.records import Delivery
from schemas.whose import whose
from schemas.wire import WireError, decode_delivery, reader
from streams.emit.pending import Outline, Step, id_of

log = structlog.get_logger(__name__)

_decode_outline: Callable[[bytes | None], Outline] = reader(Outline)


def steps_of(records: Sequence[ConsumerRecord]) -> list[Step]:
    """Those that are deliveries. Of another there is a word in the log; sink makes the `invalid` row."""
    steps: list[Step] = []
    for record in records:
        value = record.value
        try:
            outline = _decode_outline(value)
            steps.append(Step(record.offset, id_of(outline), outline, value))
        except (WireError, ValueError) as error:
            code = error.code if isinstance(error, WireError) else "not_a_record"
            where = {"partition": record.partition, "offset": record.offset}
            log.warning("not_a_delivery", **where, code=code, **whose(value))
    return steps


def delivery_of(value: bytes) -> Delivery | None:
    """The whole of it; None, with a word in the log, where its outline could be read, and the rest cannot."""
    try:
        return decode_delivery(value)
    except WireError as error:
        log.warning("not_a_delivery", code=error.code, **whose(value))
        return None
