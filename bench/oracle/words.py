"""What the messy traffic chooses from. Pure."""

from decimal import Decimal
from typing import NamedTuple

from schemas.values import Repeat, Status

HOUR = 3_600_000  # milliseconds


class Step(NamedTuple):
    """An event of the funnel, and of how many conversions a click's life may have."""

    event: str
    repeat: Repeat
    window_ms: int | None
    times: tuple[int, ...]


STEPS = (
    Step("install", "ignore", None, (0, 1, 1, 1)),
    Step("trial", "update", 4 * HOUR, (0, 0, 1)),
    Step("subscribe", "new", None, (0, 0, 0, 1, 3)),
)
USUAL_CURRENCY = {"install": "USD", "trial": "EUR", "subscribe": "EUR"}

PAYOUTS = (None, Decimal("1.20"), Decimal("1.2"), Decimal("0.30"), Decimal("9.99"), Decimal("0.00000001"), Decimal(0))

STATUSES: tuple[tuple[Status, ...], ...] = (
    ("approved",),
    ("approved",),
    ("approved",),
    ("approved", "approved"),
    ("pending", "approved"),
    ("pending", "approved", "rejected"),
    ("pending", "rejected", "pending", "approved"),
)
"""What a network says of one conversion, one after the other. It does not come in this order."""

NETWORKS: tuple[tuple[str, ...], ...] = ((), (), ("acme", "billing"), ("acme",))

OFFERS: tuple[tuple[dict[str, str], bool], ...] = (
    ({}, False),
    ({}, False),
    ({"install": "1.20 USD"}, False),
    ({"install": "2.50 EUR", "trial": "0.10 USD"}, True),
)
"""What the offer pays by event, and whether that wins over what the network says."""
