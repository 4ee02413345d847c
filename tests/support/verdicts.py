"""What the join said, in the oracle's words, so that both can be compared."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from aiokafka import ConsumerRecord

from schemas.records import Outcome
from schemas.versions import MAX_OFFSET
from tests.oracle.join_oracle import Oracle, Verdict


def verdict_of(outcome: Outcome) -> Verdict:
    """An outcome as the oracle would have put it."""
    return Verdict(
        postback_id=outcome.postback.postback_id,
        outcome=outcome.outcome,
        reason=outcome.reason,
        repeats=outcome.repeats,
        previous_status=outcome.previous_status,
        offset=outcome.version >> 16 & MAX_OFFSET,
        sale=_sale(outcome),
        campaign=outcome.click.campaign if outcome.click else None,
    )


def judged(records: Iterable[ConsumerRecord]) -> Oracle:
    """The oracle that has read a partition."""
    oracle = Oracle()
    for record in records:
        oracle.read(record.offset, record.timestamp, record.value)
    return oracle


def rows(outcomes: Iterable[Outcome]) -> dict[str, Verdict]:
    """What the table of postbacks holds in the end: of each postback the outcome with the highest version."""
    ordered = sorted(outcomes, key=lambda one: one.version)
    return {one.postback.postback_id: verdict_of(one) for one in ordered}


def conversions(outcomes: Iterable[Outcome]) -> dict[str, tuple[Any, ...]]:
    """What the table of conversions holds in the end, by the postback that made each."""
    ordered = sorted(outcomes, key=lambda one: one.version)
    by_id = {one.conversion.conversion_id: one for one in ordered if one.conversion}
    told = [_sale(one) for one in by_id.values()]
    return {sale[0]: sale for sale in told if sale}


def money(sales: Iterable[tuple[Any, ...]]) -> dict[str, Decimal]:
    """The sum of each currency over conversions as they are compared."""
    totals: dict[str, Decimal] = {}
    for sale in sales:
        amount, currency = sale[7], sale[8]
        if amount is not None:
            totals[currency] = totals.get(currency, Decimal(0)) + amount
    return totals


def _sale(outcome: Outcome) -> tuple[Any, ...] | None:
    """The fields in the order of the oracle's."""
    one = outcome.conversion
    if one is None:
        return None
    click_id = outcome.postback.click_id
    told = (one.postback_id, click_id, one.event, one.network, one.txid, one.status, one.raw_status)
    return (*told, one.payout, one.currency, one.occurred_at, one.is_refund)
