"""The ledger of a partner: a fold of conversions and of the lines that were settled, into the lines that are due. Pure.

A line is never changed once it is settled. What becomes of its conversion later, another line says. So the lines of a
conversion add up to what the partner gets of it as it stands, and nothing is ever computed twice.

What is settled keeps its share, whatever the configuration says later; only a retroactive step lifts or lowers it.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from schemas.ids import ledger_line_id
from schemas.settings.partners import Partner, ShareRule, amount_of

MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)
_NOTHING = Decimal("0.00")


class Conversion(NamedTuple):
    """A conversion as it stands, of a click that is the partner's."""

    conversion_id: str
    click_id: str
    event: str
    campaign: str
    sub1: str
    status: str
    payout: Decimal | None  # what the network pays us
    currency: str
    is_refund: bool
    received_at: int  # milliseconds


class Line(NamedTuple):
    """What a partner gets, or gives back, and why."""

    line_id: str
    conversion_id: str
    click_id: str
    event: str
    campaign: str
    sub1: str
    received_at: int
    reason: str  # earned, refund, clawback, restored, amount, volume
    share: str
    payout: Decimal  # of ours, of which it is the share
    payout_currency: str
    amount: Decimal  # the partner's, in cents
    currency: str


class Waiting(NamedTuple):
    """What is not due yet: pending, held (its days are not over), or unpriced (the network said no amount)."""

    conversion: Conversion
    why: str
    amount: Decimal
    currency: str


class Standing(NamedTuple):
    """A conversion as it stands for the partner: payable (or paid already), pending, held, unpriced or rejected."""

    conversion: Conversion
    state: str
    amount: Decimal  # the partner's; nothing of what is rejected or unpriced
    currency: str


class Due(NamedTuple):
    """The lines that are to be settled, and what is to come."""

    lines: tuple[Line, ...]
    waiting: tuple[Waiting, ...]

    @property
    def totals(self) -> dict[str, Decimal]:
        """The sum of the lines by currency."""
        return totals(self.lines)


def totals(lines: Iterable[Line]) -> dict[str, Decimal]:
    """The sum of the partner's amounts by currency."""
    found: dict[str, Decimal] = {}
    for line in lines:
        found[line.currency] = found.get(line.currency, _NOTHING) + line.amount
    return dict(sorted(found.items()))


def due(partner: Partner, conversions: Iterable[Conversion], settled: Iterable[Line], until_ms: int) -> Due:
    """What is due of conversions whose days of holding are over before a moment, beside what is settled."""
    ordered, before, shares = _in_order(partner, conversions, settled)
    lines: list[Line] = []
    waiting: list[Waiting] = []
    for one in ordered:
        share = shares.get(one.conversion_id, "none")
        had = before.get(one.conversion_id, [])
        why = "" if had else _why_not_yet(partner, one, until_ms)
        if why == "rejected":
            continue
        if why:
            waiting.append(Waiting(one, why, *_worth(one, share)))
        else:
            lines += _lines(one, _kept(partner, one, share, had), had)
    return Due(tuple(lines), tuple(waiting))


def standings(
    partner: Partner, conversions: Iterable[Conversion], settled: Iterable[Line], until_ms: int
) -> Iterator[Standing]:
    """What each conversion is worth to the partner as it stands, whether it is settled or not."""
    ordered, before, shares = _in_order(partner, conversions, settled)
    for one in ordered:
        had = before.get(one.conversion_id, [])
        why = _why_not_yet(partner, one, until_ms)
        state = "payable" if not why or (had and why == "held") else why
        amount, currency = _worth(one, _kept(partner, one, shares.get(one.conversion_id, "none"), had))
        yield Standing(one, state, _NOTHING if state == "rejected" else amount, currency)


def _in_order(
    partner: Partner, conversions: Iterable[Conversion], settled: Iterable[Line]
) -> tuple[list[Conversion], dict[str, list[Line]], dict[str, str]]:
    """The conversions as they came; the lines before, and the share, of each by its ID."""
    ordered = sorted(conversions, key=lambda one: (one.received_at, one.conversion_id))
    before: dict[str, list[Line]] = defaultdict(list)
    for line in settled:
        before[line.conversion_id].append(line)
    return ordered, before, _shares(partner, ordered, _gone(before, {one.conversion_id for one in ordered}))


def _why_not_yet(partner: Partner, one: Conversion, until_ms: int) -> str:
    if one.status != "approved":
        return one.status
    if one.payout is None:
        return "unpriced"
    return "held" if one.received_at + partner.hold >= until_ms else ""


def _kept(partner: Partner, one: Conversion, share: str, had: Sequence[Line]) -> str:
    """The share that counts: that of the lines before, unless its step is retroactive and has moved."""
    if not had or share == had[-1].share:
        return share
    rule = partner.rule_of(one.event)
    moves = rule is not None and rule.retroactive and had[-1].share in {step.share for step in rule.steps}
    return share if moves and one.status == "approved" else had[-1].share


def _lines(one: Conversion, share: str, had: Sequence[Line]) -> Iterator[Line]:
    """The differences between what is to be and what was settled, one for each currency."""
    wanted = {currency: amount for amount, currency in [_worth(one, share)] if one.status == "approved" and amount}
    paid: Mapping[str, Decimal] = totals(had)
    for index, currency in enumerate(sorted({*wanted, *paid})):
        difference = wanted.get(currency, _NOTHING) - paid.get(currency, _NOTHING)
        if difference:
            yield Line(
                ledger_line_id(one.conversion_id, len(had) + index),
                *(one.conversion_id, one.click_id, one.event, one.campaign, one.sub1, one.received_at),
                *(_reason(one, share, had), share, one.payout or _NOTHING, one.currency, difference, currency),
            )


def _reason(one: Conversion, share: str, had: Sequence[Line]) -> str:
    if not had:
        return "refund" if one.is_refund else "earned"
    if one.status != "approved":
        return "clawback"
    if not any(totals(had).values()):
        return "restored"
    return "volume" if share != had[-1].share else "amount"


def _worth(one: Conversion, share: str) -> tuple[Decimal, str]:
    if one.payout is None:
        return _NOTHING, one.currency
    return amount_of(share, one.payout, one.currency, is_refund=one.is_refund)


class _Place(NamedTuple):
    """What a conversion counts in its month."""

    received_at: int
    conversion_id: str
    event: str
    counts: bool  # approved, and no refund
    is_next: bool  # pending or rejected: if it is approved it comes next


def _gone(before: Mapping[str, Sequence[Line]], there: Collection[str]) -> list[_Place]:
    """Settled conversions that the tables have dropped since: they still count."""
    return [
        _Place(lines[0].received_at, name, lines[0].event, lines[0].reason == "earned", False)
        for name, lines in before.items()
        if name not in there and any(totals(lines).values())
    ]


def _shares(partner: Partner, ordered: Sequence[Conversion], gone: Iterable[_Place]) -> dict[str, str]:
    """The share of each conversion by its place among the approved ones of its event and month."""
    all_places = [
        *gone,
        *(
            _Place(
                *(one.received_at, one.conversion_id, one.event),
                one.status == "approved" and not one.is_refund,
                one.status != "approved" and not one.is_refund,
            )
            for one in ordered
        ),
    ]
    found: dict[str, tuple[ShareRule, int, tuple[str, str]]] = {}
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for one in sorted(all_places):
        rule = partner.rule_of(one.event)
        if rule is None:
            continue
        month = (one.event, month_of(one.received_at))
        counts[month] += one.counts
        # A refund goes by the place that was reached.
        found[one.conversion_id] = (rule, max(counts[month] + one.is_next, 1), month)
    return {name: rule.at(place, max(counts[month], 1)) for name, (rule, place, month) in found.items()}


def month_of(at_ms: int) -> str:
    """`2026-11` (UTC)."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m}"
