"""Records of `deliveries` as steps of the fold."""

import structlog
from aiokafka import ConsumerRecord

from schemas.whose import whose
from schemas.wire import WireError, decode_delivery
from streams.emit.pending import Step, id_of

log = structlog.get_logger(__name__)


def step_of(record: ConsumerRecord) -> Step | None:
    """A record of the log as a step; None, with a word in the log, where it is none (sink makes the `invalid` row)."""
    try:
        delivery = decode_delivery(record.value)
        return Step(record.offset, id_of(delivery), delivery, record.value)
    except (WireError, ValueError) as error:
        code = error.code if isinstance(error, WireError) else "not_a_record"
        where = {"partition": record.partition, "offset": record.offset}
        log.warning("not_a_delivery", **where, code=code, **whose(record.value))
        return None
