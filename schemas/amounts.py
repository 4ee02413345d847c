"""Money that no sum and no column can hold is refused when a record is read, not where it would do harm. Pure."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache

_TOO_LITTLE, _TOO_MUCH = Decimal(-(10**16)), Decimal(10**16)
_SMALLEST = Decimal("1E-8")


def check_amount(amount: Decimal) -> None:
    """Raises ValueError for more than 16 digits before the point or 8 behind it, and for what is no number."""
    if not (amount.is_finite() and _TOO_LITTLE < amount < _TOO_MUCH):
        raise ValueError(f"{str(amount)[:40]} is no amount of money: write at most 16 digits before the point")
    if amount % _SMALLEST:
        raise ValueError(f"{str(amount)[:40]} is no amount of money: write at most 8 digits behind the point")


def check_prices(prices: Mapping[str, str]) -> None:
    """The same for amounts with their currencies by event, as in install = "1.20 USD"."""
    for price in prices.values():
        _check_price(price)


@lru_cache(maxsize=4096)  # offers are few
def _check_price(price: str) -> None:
    said, _, _ = price.partition(" ")
    try:
        amount = Decimal(said)
    except InvalidOperation:
        raise ValueError(f"{price[:40]!r} is no amount of money: write one like 1.20 USD") from None
    check_amount(amount)
