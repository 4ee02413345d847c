"""Records to rows of the tables. Pure.

A row is a tuple in the order of its table's columns, of values that JSON can hold: times in seconds (exact to the
millisecond), amounts as Decimal, days as YYYY-MM-DD. What a row cannot know (`inserted_at`) is left to the table. The
same record gives the same row, whenever and however often it is read.
"""

import re
from decimal import Decimal
from typing import Any

from schemas.id_day import id_day
from schemas.records import Click, Conversion, Delivery, Forget, Invalid, Outcome
from schemas.versions import first_stays, version
from streams.tables import SUBS

Row = tuple[Any, ...]

_NO_SUBS = ("",) * len(SUBS)
_SECRET_PARAMETER = re.compile(
    r"([?&;][^=&;#]*(?:key|token|secret|signature|sig|hmac|auth|authorization|credentials?|pass|password|passwd|pwd)=)"
    r"[^&;#]+",
    re.IGNORECASE,
)
_SECRET_USER = re.compile(r"(?<=://)[^/?#@]*@")
_MASK = "***"


def click_row(click: Click, epoch: int, offset: int) -> Row:
    """The row in `clicks` of the record at `offset`. The first record of a click wins."""
    return (
        click.click_id,
        id_day(click.click_id),
        click.clicked_at / 1000,
        click.received_at / 1000,
        click.campaign,
        click.source,
        click.source_click_id,
        click.offer,
        click.network,
        click.may_credit,
        click.payouts,
        click.payout_fixed,
        click.country,
        click.device,
        click.os,
        click.browser,
        click.placement,
        click.creative,
        click.source_campaign,
        click.keyword,
        click.lander,
        click.partner,
        *_subs(click),
        click.params,
        click.cost,
        click.currency,
        click.ip,
        click.user_agent,
        click.is_bot,
        click.is_unique,
        click.is_prefetch,
        click.is_test,
        click.origin,
        click.region,
        click.isp,
        click.connection_type,
        click.language,
        click.chosen_by,
        click.choice_reason,
        click.probability,
        click.candidates,
        click.consent,
        click.cpa,
        first_stays(version(epoch, offset)),
    )


def postback_row(outcome: Outcome) -> Row:
    """The row in `postbacks`: what was received, and what became of it."""
    postback, click = outcome.postback, outcome.click
    return (
        postback.postback_id,
        postback.click_id,
        postback.event,
        postback.txid,
        outcome.outcome,
        outcome.reason,
        outcome.repeats,
        outcome.previous_status,
        postback.network,
        postback.status,
        postback.raw_status,
        postback.payout,
        postback.currency,
        postback.received_at / 1000,
        _seconds(postback.occurred_at),
        outcome.decided_at / 1000,
        click.clicked_at / 1000 if click else None,
        click.campaign if click else "",
        click.source if click else "",
        click.offer if click else "",
        click.partner if click else "",
        outcome.conversion.conversion_id if outcome.conversion else "",
        postback.params,
        postback.is_test,
        postback.origin,
        postback.consent,
        outcome.version,
    )


def conversion_row(outcome: Outcome) -> Row | None:
    """The row in `conversions`; None where the outcome made and changed none.

    Raises ValueError where there is a conversion without its click.
    """
    conversion, click = outcome.conversion, outcome.click
    if conversion is None or outcome.outcome not in ("attributed", "updated"):
        return None
    if click is None:
        raise ValueError(f"the outcome of {outcome.postback.postback_id} has a conversion but no click")
    return (
        conversion.conversion_id,
        click.click_id,
        id_day(click.click_id),
        conversion.event,
        conversion.txid,
        conversion.status,
        conversion.raw_status,
        conversion.payout,
        conversion.currency,
        conversion.is_refund,
        conversion.network,
        conversion.postback_id,
        conversion.occurred_at / 1000,
        conversion.received_at / 1000,
        _seconds(conversion.status_at),
        conversion.status_received_at / 1000,
        click.clicked_at / 1000,
        click.campaign,
        click.source,
        click.source_click_id,
        click.offer,
        click.country,
        click.device,
        click.os,
        click.browser,
        click.placement,
        click.creative,
        click.source_campaign,
        click.keyword,
        click.lander,
        click.partner,
        *_subs(click),
        click.is_bot,
        conversion.is_test or click.is_test,
        outcome.postback.origin,
        *_charged(click, conversion),
        outcome.version,
    )


def _charged(click: Click, conversion: Conversion) -> tuple[Decimal | None, str]:
    """What the source charges for a conversion, and in which currency. A refund is not told to it."""
    amount, _, currency = click.cpa.get(conversion.event, "").partition(" ")
    return (Decimal(amount), currency) if amount and not conversion.is_refund else (None, "")


def delivery_row(delivery: Delivery, offset: int) -> Row:
    """The row in `deliveries` of one step. Secrets in its URL are masked; emit masked those in the answer."""
    return (
        delivery.delivery_id,
        delivery.attempt,
        delivery.state,
        delivery.conversion_id,
        delivery.postback_id,
        delivery.click_id,
        id_day(delivery.click_id),
        delivery.event,
        delivery.source,
        delivery.destination,
        delivery.method,
        masked(delivery.shown_url or delivery.url),
        delivery.code,
        delivery.reason,
        delivery.took_ms,
        delivery.answer,
        delivery.at / 1000,
        _seconds(delivery.next_attempt_at or None),
        delivery.worker,
        version(0, offset),
    )


def invalid_row(invalid: Invalid, offset: int) -> Row:
    """The row in `invalid` of a record at `offset`."""
    return (
        invalid.invalid_id,
        invalid.received_at / 1000,
        invalid.kind,
        invalid.code,
        invalid.detail,
        invalid.raw,
        invalid.network,
        invalid.source,
        invalid.status,
        version(0, offset),
    )


def forgotten_row(forget: Forget, epoch: int, offset: int, at_ms: int) -> Row:
    """The row in `forgotten` of a request at `offset`, appended at a moment. The first request stays."""
    return forget.click_id, id_day(forget.click_id), at_ms / 1000, first_stays(version(epoch, offset))


def masked(url: str) -> str:
    """A URL with the values of parameters that look like keys, tokens or passwords replaced by ***."""
    if "@" in url:
        url = _SECRET_USER.sub(f"{_MASK}@", url)
    return _SECRET_PARAMETER.sub(rf"\g<1>{_MASK}", url)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


def _subs(click: Click) -> tuple[str, ...]:
    return tuple(map(click.subs.get, SUBS, _NO_SUBS)) if click.subs else _NO_SUBS
