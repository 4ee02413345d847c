"""How much of a payout a source is told: "all", "none", "70%", "1.50 USD". Pure."""

import re
from decimal import Context, Decimal
from typing import Any, NamedTuple

from schemas.settings.values import Money, parse_money

_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,4})?)\s*%", re.ASCII)
_EXACT = Context(prec=80)


class Share(NamedTuple):
    """A part of whatever was paid, or a fixed amount instead of it."""

    part: Decimal = Decimal(1)
    fixed: Money | None = None

    def of(self, amount: Decimal | None, currency: str) -> tuple[Decimal | str, str]:
        """What is told of an amount (None: not known), unrounded, and in which currency. Empty: nothing is told."""
        if self.fixed:
            return self.fixed.amount, self.fixed.currency
        if not self.part:
            return "", ""
        if amount is None:
            return Decimal(0), currency
        return (amount if self.part == 1 else _EXACT.multiply(amount, self.part).normalize(_EXACT)), currency


def parse_share(text: Any) -> Share:
    """The Share in "all", "none", "70%" or "1.50 USD". Raises ValueError."""
    if isinstance(text, Share):
        return text
    if text in ("all", "none"):
        return Share(Decimal(text == "all"))
    if isinstance(text, str) and (percent := _PERCENT.fullmatch(text.strip())):
        share = Share(Decimal(percent[1]) / 100)
        if share.part > 1:  # a digit too many, and every event is told or paid too high until somebody sees it
            raise ValueError(f'{text!r}: a share is at most "100%"; for more write an amount like "1.50 USD"')
        return share
    try:
        return Share(fixed=parse_money(text))
    except ValueError:
        raise ValueError(f'{text!r}: write "all", "none", a share like "70%" or an amount like "1.50 USD"') from None
