"""What lies on `outcomes` for emit alone makes no row, and nothing invalid."""

from typing import Any, cast

from aiokafka import ConsumerRecord

from schemas.records import Cancel, Resend, Retemplate
from schemas.wire import encode
from streams.agents.sink import SinkPartition
from streams.tables import INVALID, POSTBACKS
from tests.emit_samples import NOW, delivery, outcome


def record(offset: int, value: bytes) -> ConsumerRecord:
    return ConsumerRecord("outcomes", 0, offset, NOW, 1, b"k", value, None, 1, 1, ())


def test_what_an_operator_asks_of_emit_is_no_outcome_and_nothing_invalid() -> None:
    asked = [
        Resend(resend_id="f" * 32, delivery=delivery(1), asked_at=NOW),
        Cancel(delivery=delivery(1), asked_at=NOW),
        Retemplate(delivery=delivery(1), outcome=outcome(), asked_at=NOW),
        outcome(1),
    ]
    partition = SinkPartition("outcomes", 0, cast(Any, None), cast(Any, None))
    lines = partition.lines([record(n, encode(one)) for n, one in enumerate(asked)])
    assert len(lines[POSTBACKS]) == 1
    assert lines[INVALID] == []
