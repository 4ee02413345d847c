"""Crediting: what a postback is to a click that is known. Pure."""

from decimal import Decimal

from msgspec import Raw

from schemas.ids import conversion_id
from schemas.records import Conversion, Postback
from schemas.values import Millis, OutcomeWord
from streams.join.state import (
    MAX_CONVERSIONS,
    Decided,
    KnownClick,
    State,
    outcome_of,
    remember,
)


def credit(state: State, click: KnownClick, postback: Postback, version: int, at: Millis) -> tuple[State, Decided]:
    """Decide a postback whose click is known."""
    identity = _identity(postback)
    held = state.conversions.by_id.get(identity)
    if click.may_credit and postback.network and postback.network not in click.may_credit:
        outcome = outcome_of("unattributed", postback, version, at, "network_may_not_credit")
    elif held is not None:
        return _repeat(state, click, held, postback, version, at)
    elif _is_late(click, postback):
        outcome = outcome_of("late", postback, version, at, "outside_window")
    elif len(state.conversions.by_id) >= MAX_CONVERSIONS:
        outcome = outcome_of("unattributed", postback, version, at, "too_many_conversions")
    else:
        conversion = _convert(identity, click, postback)
        return _hold(state, conversion), _credited("attributed", click, conversion, postback, version, at)
    return remember(state, postback.postback_id), outcome


def _repeat(
    state: State, click: KnownClick, held: Conversion, postback: Postback, version: int, at: Millis
) -> tuple[State, Decided]:
    """A postback of a conversion that is held already: an update of it, or a duplicate."""
    changed = _change(held, click, postback)
    if postback.repeat == "ignore" and held.txid and postback.txid and held.txid != postback.txid:
        reason = "repeat_ignored"
    elif _is_older(held, postback):
        reason = "older"
    elif (changed.status, changed.payout, changed.currency) == (held.status, held.payout, held.currency):
        reason = "same"  # but said anew: what was meant before this no longer counts
        state = _hold(state, changed)
    else:
        outcome = _credited("updated", click, changed, postback, version, at, held.status)
        return remember(_hold(state, changed), postback.postback_id), outcome
    duplicate = outcome_of("duplicate", postback, version, at, reason, repeats=held.postback_id)
    return remember(state, postback.postback_id), duplicate


def _identity(postback: Postback) -> str:
    """The conversion that a postback speaks of. A refund is one of its own kind."""
    refund = postback.payout is not None and postback.payout < 0
    if postback.repeat == "new" and postback.txid:
        return conversion_id(postback.click_id, postback.event, postback.network, postback.txid, refund)
    return conversion_id(postback.click_id, postback.event, refund=refund)


def _is_late(click: KnownClick, postback: Postback) -> bool:
    return postback.window_ms is not None and postback.received_at - click.clicked_at > postback.window_ms


def _is_older(held: Conversion, postback: Postback) -> bool:
    """Order of two statuses: the network's own times if both have one, else when we received them, else the log."""
    if held.status_at is not None and postback.occurred_at is not None and held.status_at != postback.occurred_at:
        return postback.occurred_at < held.status_at
    return postback.received_at < held.status_received_at


def _convert(identity: str, click: KnownClick, postback: Postback) -> Conversion:
    payout, currency = _payout(click, postback)
    return Conversion(
        conversion_id=identity,
        event=postback.event,
        network=postback.network,
        postback_id=postback.postback_id,
        txid=postback.txid,
        status=postback.status,
        raw_status=postback.raw_status,
        payout=payout,
        currency=currency,
        occurred_at=postback.received_at if postback.occurred_at is None else postback.occurred_at,
        received_at=postback.received_at,
        status_at=postback.occurred_at,
        status_received_at=postback.received_at,
        is_refund=payout is not None and payout < 0,
        is_test=click.is_test or postback.is_test,
    )


def _change(held: Conversion, click: KnownClick, postback: Postback) -> Conversion:
    """The conversion with a later postback's status and amount; amount and currency change together or not at all."""
    payout, currency = held.payout, held.currency
    if postback.payout is not None:
        payout, currency = _payout(click, postback)
    return Conversion(
        conversion_id=held.conversion_id,
        event=held.event,
        network=held.network,
        postback_id=held.postback_id,
        txid=held.txid or postback.txid,
        status=postback.status,
        raw_status=postback.raw_status,
        payout=payout,
        currency=currency,
        occurred_at=held.occurred_at,
        received_at=held.received_at,
        status_at=postback.occurred_at,
        status_received_at=postback.received_at,
        is_refund=held.is_refund,
        is_test=held.is_test,
    )


def _payout(click: KnownClick, postback: Postback) -> tuple[Decimal | None, str]:
    """What the network pays: what it says, or the offer's where it says nothing or the offer's is fixed."""
    said = postback.payout
    if said is not None and (said < 0 or not click.payout_fixed or postback.event not in click.payouts):
        return said, postback.currency
    if postback.event not in click.payouts:
        return None, ""
    amount, _, currency = click.payouts[postback.event].partition(" ")
    return Decimal(amount), currency


def _hold(state: State, conversion: Conversion) -> State:
    conversions = state.conversions.having(conversion)
    return State(state.click, conversions, state.decided, state.waiting, state.touched)


def _credited(
    word: OutcomeWord,
    click: KnownClick,
    conversion: Conversion,
    postback: Postback,
    version: int,
    at: Millis,
    previous_status: str = "",
) -> Decided:
    return Decided(
        outcome=word,
        postback=postback,
        version=version,
        decided_at=at,
        previous_status=previous_status,
        conversion=conversion,
        click=Raw(click.record),
    )
