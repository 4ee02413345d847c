"""Which months of a partner's conversions are open: all others add nothing to their balance. Pure.

A month is read as a whole or not at all, as steps by volume count within months. One that is read needlessly changes
nothing, so what is not certain is open.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from schemas.settings.partners import Partner, ShareRule
from schemas.settings.shares import parse_share

GONE = "gone"
"""Stands instead of a status where a conversion was settled, and the tables have dropped it since."""
_EARNED = frozenset({"earned", "refund", "restored"})
_SURELY_SAME = {"some": _EARNED | {"amount", "volume"}, "nothing": _EARNED, "unknown": frozenset[str]()}
"""By worth the reasons of a last line after which the same payout means the same amount: a line of 0 may be of a payout
that was not known."""


class Cell(NamedTuple):
    """Conversions that are alike: received in one month, of one event, standing as they were settled last or not."""

    month: int  # 202611
    event: str
    status: str
    is_refund: bool
    worth: str  # of the payout: some, nothing, unknown
    reason: str  # of the last line that was settled; empty: none was
    share: str  # of that line
    is_same: bool  # the payout is that of the line
    conversions: int


def open_months(partner: Partner, cells: Iterable[Cell]) -> set[int]:
    """The months with a conversion that is still to be settled, or to be settled otherwise."""
    found: set[int] = set()
    counts: dict[tuple[int, str], int] = defaultdict(int)
    settled: dict[tuple[int, str], set[str]] = defaultdict(set)
    for cell in cells:
        rule = partner.rule_of(cell.event)
        if _is_open(cell, rule):
            found.add(cell.month)
        if cell.status == "approved":
            counts[cell.month, cell.event] += 0 if cell.is_refund else cell.conversions
            settled[cell.month, cell.event] |= {cell.share} if cell.reason else set()
    for (month, event), shares in settled.items():
        rule = partner.rule_of(event)
        if rule and rule.retroactive:
            reached = rule.at(1, max(counts[month, event], 1))
            if {step.share for step in rule.steps} & shares - {reached}:
                found.add(month)
    return found


def _is_open(cell: Cell, rule: ShareRule | None) -> bool:
    if not cell.reason:
        return cell.status in ("pending", "approved") and rule is not None and _earns(cell, rule)
    if cell.status == GONE:
        return rule is not None and rule.retroactive  # it counts for the steps of its month
    if cell.status == "approved":
        return not cell.is_same or cell.reason not in _SURELY_SAME[cell.worth]
    return cell.status == "pending" or cell.reason != "clawback"


def _earns(cell: Cell, rule: ShareRule) -> bool:
    """Whether the partner may get something of it: of nothing only a fixed share is."""
    return cell.worth == "some" or (cell.worth == "nothing" and any(parse_share(one.share).fixed for one in rule.steps))
