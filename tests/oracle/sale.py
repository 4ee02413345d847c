"""Conversions as the oracle sees them: JSON in, and what is compared out. It shares no code with the join."""

from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any


@dataclass
class Sale:
    """A conversion."""

    made_by: str  # the postback_id
    click_id: str
    event: str
    network: str
    txid: str
    status: str
    raw_status: str
    amount: Decimal | None
    currency: str
    occurred_at: int
    is_refund: bool
    told_at: tuple[int | None, int]  # of what is in force: the network's time, and when we received it


def sale_tuple(sale: Sale) -> tuple[Any, ...]:
    """A conversion as it is compared."""
    return (
        sale.made_by,
        sale.click_id,
        sale.event,
        sale.network,
        sale.txid,
        sale.status,
        sale.raw_status,
        sale.amount,
        sale.currency,
        sale.occurred_at,
        sale.is_refund,
    )


def known_sale(click_id: str, conversion: dict[str, Any]) -> Sale:
    """A conversion as a look-up tells it."""
    amount = conversion.get("payout")
    return Sale(
        made_by=conversion["postback_id"],
        click_id=click_id,
        event=conversion["event"],
        network=conversion["network"],
        txid=conversion.get("txid", ""),
        status=conversion.get("status", "approved"),
        raw_status=conversion.get("raw_status", ""),
        amount=None if amount is None else Decimal(amount),
        currency=conversion.get("currency", ""),
        occurred_at=conversion["occurred_at"],
        is_refund=conversion.get("is_refund", False),
        told_at=(conversion.get("status_at"), conversion["status_received_at"]),
    )


def known_key(click_id: str, conversion: dict[str, Any]) -> tuple[Any, ...]:
    """The key of a conversion that a look-up tells. Only its ID says whether its txid belongs to it."""
    refund = conversion.get("is_refund", False)
    key = (conversion["event"], refund)
    parts = (click_id, conversion["event"], "", "", "refund" if refund else "")
    if blake2b(ascii(parts).encode(), digest_size=16).hexdigest() == conversion["conversion_id"]:
        return key
    return (*key, conversion["network"], conversion["txid"])


def key_of(postback: dict[str, Any]) -> tuple[Any, ...]:
    refund = Decimal(postback.get("payout") or 0) < 0
    key = (postback["event"], refund)
    if postback.get("repeat") == "new" and postback.get("txid"):
        return (*key, postback["network"], postback["txid"])
    return key


def told_at_of(postback: dict[str, Any]) -> tuple[int | None, int]:
    return postback.get("occurred_at"), postback["received_at"]


def is_before(one: tuple[int | None, int], other: tuple[int | None, int]) -> bool:
    """The network's own times if both have one, else when we received them, else the log (then it is not before)."""
    if one[0] is None or other[0] is None or one[0] == other[0]:
        return one[1] < other[1]
    return one[0] < other[0]


def money_of(click: dict[str, Any], postback: dict[str, Any]) -> tuple[Decimal | None, str]:
    said = None if postback.get("payout") is None else Decimal(postback["payout"])
    offered = click.get("payouts", {}).get(postback["event"])
    if offered and (said is None or (click.get("payout_fixed") and said >= 0)):
        amount, currency = offered.split(" ")
        return Decimal(amount), currency
    return (None, "") if said is None else (said, postback.get("currency", ""))


def sale_of(click: dict[str, Any], postback: dict[str, Any]) -> Sale:
    amount, currency = money_of(click, postback)
    return Sale(
        made_by=postback["postback_id"],
        click_id=postback["click_id"],
        event=postback["event"],
        network=postback["network"],
        txid=postback.get("txid", ""),
        status=postback.get("status", "approved"),
        raw_status=postback.get("raw_status", ""),
        amount=amount,
        currency=currency,
        occurred_at=postback.get("occurred_at") or postback["received_at"],
        is_refund=amount is not None and amount < 0,
        told_at=told_at_of(postback),
    )
