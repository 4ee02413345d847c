"""The small values that records and settings are made of. Pure."""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from pydantic import Field

_FAR = 1 << 61  # a moment and a span added are a moment, and two of those fit 64 bits

Span = Annotated[int, msgspec.Meta(ge=-_FAR, le=_FAR)]
"""A length of time in milliseconds."""

Millis = Annotated[int, msgspec.Meta(ge=-2 * _FAR, le=2 * _FAR)]
"""A moment: milliseconds since 1970 in UTC."""

END_MS = 4_102_444_800_000  # 2100
Moment = Annotated[int, msgspec.Meta(ge=0, lt=END_MS)]
"""One that somebody told us, within what columns hold and programs show."""

Status = Literal["pending", "approved", "rejected"]
STATUSES: tuple[Status, ...] = ("pending", "approved", "rejected")

Repeat = Literal["ignore", "update", "new"]

OutcomeWord = Literal["attributed", "updated", "duplicate", "waiting", "late", "orphan", "unattributed"]

DeliveryState = Literal["scheduled", "held", "not_sendable", "retry", "delivered", "failed", "cancelled", "expired"]
FINAL_STATES: frozenset[DeliveryState] = frozenset({"not_sendable", "delivered", "failed", "cancelled", "expired"})

Origin = Literal["", "import", "replay"]
"""Where a record came from: live is empty; what was imported or replayed is not told to sources unless asked."""

LANDER_CLICK = "lander_click"
"""The event that we record ourselves, of no network: a visitor went on from the lander to the offer."""

Currency = Annotated[str, Field(pattern=r"^([A-Z]{3})?$")]
"""ISO 4217 in capitals; empty where there is no amount."""

Amount = Annotated[Decimal, Field(max_digits=24, decimal_places=8, allow_inf_nan=False)]
"""Money: exact, at most 16 digits before and 8 behind the point, as the tables hold it."""

Name = Annotated[str, Field(max_length=64)]
"""A configured name: campaign, source, network, offer, event."""

Text = Annotated[str, Field(max_length=1024)]
"""What a network or a source says; longer input is refused or cut at the edge."""
