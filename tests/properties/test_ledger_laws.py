"""The laws of a partner's ledger: whatever becomes of conversions, and whenever it is settled."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickjoin.partners.account import balances
from clickjoin.partners.ledger import Conversion, Line, due, month_of, standings, totals
from clickjoin.partners.months import GONE, Cell, open_months
from schemas.settings.partners import Partner

DAY = 86_400_000
BEGAN = 1_790_812_800_000  # 2026-10-01
CENT = Decimal("0.01")

PAYOUTS: st.SearchStrategy[Decimal | None] = st.none() | st.decimals(Decimal(-30), Decimal(30), places=4)
FEW_PAYOUTS: st.SearchStrategy[Decimal | None] = st.sampled_from([None, Decimal(0), Decimal(2), Decimal(-2)])
RULES: list[Any] = [
    "70%",
    "33.33%",
    "1.50 USD",
    "none",
    {"steps": [{"after": 0, "share": "50%"}, {"after": 2, "share": "60%"}, {"after": 4, "share": "70%"}]},
    {"steps": [{"after": 0, "share": "50%"}, {"after": 2, "share": "60%"}], "retroactive": True},
    {"steps": [{"after": 0, "share": "0.10 EUR"}, {"after": 1, "share": "45%"}], "retroactive": True},
]


@st.composite
def conversions(draw: st.DrawFn, name: str, payouts: st.SearchStrategy[Decimal | None]) -> Conversion:
    payout = draw(payouts)
    return Conversion(
        conversion_id=name,
        click_id=f"click-{name}",
        event=draw(st.sampled_from(["install", "subscribe"])),
        campaign="spring",
        sub1="",
        status=draw(st.sampled_from(["pending", "approved", "approved", "rejected"])),
        payout=payout,
        currency=draw(st.sampled_from(["USD", "EUR"])),
        is_refund=payout is not None and payout < 0,
        received_at=BEGAN + draw(st.integers(0, 60)) * DAY,
    )


@st.composite
def histories(
    draw: st.DrawFn, names: str = "abcdefgh", payouts: st.SearchStrategy[Decimal | None] = PAYOUTS
) -> list[tuple[dict[str, Conversion], int]]:
    """What the tables say at each settlement: conversions come, and change."""
    known: dict[str, Conversion] = {}
    found = []
    for month in range(draw(st.integers(1, 4))):
        for name in draw(st.lists(st.sampled_from(names), max_size=8)):
            new = draw(conversions(name, payouts))
            same = ("event", "received_at", "is_refund")  # those never change
            known[name] = new._replace(**{key: getattr(known[name], key) for key in same}) if name in known else new
        found.append((dict(known), BEGAN + 31 * (month + 1) * DAY))
    return found


def partner(rule: Any, hold: int = 0) -> Partner:
    return Partner.model_validate({"shares": {"install": rule, "*": "40%"}, "hold": hold * DAY})


def settle_all(who: Partner, history: list[tuple[dict[str, Conversion], int]]) -> list[Line]:
    lines: list[Line] = []
    for known, until in history:
        before = tuple(lines)
        new = due(who, known.values(), lines, until).lines
        assert due(who, known.values(), [*lines, *new], until).lines == ()  # nothing is computed twice
        lines += new
        assert tuple(lines[: len(before)]) == before
    return lines


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(RULES), st.integers(0, 40), histories())
def test_the_lines_of_a_conversion_add_up_to_its_share_as_it_stands(
    rule: Any, hold: int, history: list[tuple[dict[str, Conversion], int]]
) -> None:
    who = partner(rule, hold)
    lines = settle_all(who, history)
    known, _ = history[-1]
    of: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        of[line.conversion_id].append(line)
        assert line.reason
        assert line.amount == line.amount.quantize(CENT) != 0
    for name, some in of.items():
        one, sums = known[name], {currency: amount for currency, amount in totals(some).items() if amount}
        if one.status != "approved" or one.payout is None:
            assert sums == {}
            continue
        wanted = by_hand(some[-1].share, one)
        assert sums == wanted or (sums == {} and wanted == {})


def by_hand(share: str, one: Conversion) -> dict[str, Decimal]:
    assert one.payout is not None
    if share == "none":
        return {}
    if share.endswith("%"):
        amount, currency = one.payout * Decimal(share[:-1]) / 100, one.currency
    else:
        amount, currency = Decimal(share.split()[0]) * (-1 if one.is_refund else 1), share.split()[1]
    cents = amount.quantize(CENT, ROUND_HALF_UP)
    return {currency: cents} if cents else {}


@settings(max_examples=100, deadline=None)
@given(histories())
def test_a_ledger_of_one_share_balances_to_the_cent_with_its_conversions(
    history: list[tuple[dict[str, Conversion], int]],
) -> None:
    """Whenever it was settled: after the last time it is what brute force finds in the conversions alone."""
    who = partner("70%")
    known, _ = history[-1]
    history = [*history, (known, BEGAN + 1000 * DAY)]
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for one in known.values():
        if one.status == "approved" and one.payout is not None:
            for currency, amount in by_hand("70%" if one.event == "install" else "40%", one).items():
                wanted[currency] += amount
    found = totals(settle_all(who, history))
    wanted = {name: each for name, each in wanted.items() if each}
    assert {name: each for name, each in found.items() if each} == wanted
    shown: dict[str, Decimal] = defaultdict(Decimal)
    for stands in standings(who, known.values(), settle_all(who, history), history[-1][1]):
        shown[stands.currency] += stands.amount if stands.state == "payable" else 0
    assert {name: each for name, each in shown.items() if each} == wanted  # what their page says


@settings(max_examples=100, deadline=None)
@given(histories(), st.randoms())
def test_the_order_in_which_conversions_are_read_changes_nothing(
    history: list[tuple[dict[str, Conversion], int]], random: Any
) -> None:
    known, until = history[-1]
    shuffled = list(known.values())
    random.shuffle(shuffled)
    for rule in RULES:
        assert due(partner(rule), shuffled, (), until) == due(partner(rule), known.values(), (), until)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(RULES),
    st.none() | st.sampled_from(RULES),
    st.integers(0, 40),
    histories("abc", FEW_PAYOUTS),
    st.sets(st.sampled_from("ab")),
)
def test_a_balance_of_open_months_alone_is_that_of_all(
    rule: Any, later: Any | None, hold: int, history: list[tuple[dict[str, Conversion], int]], dropped: set[str]
) -> None:
    """Also where shares were changed, or conversions dropped, since it was settled."""
    lines = settle_all(partner(rule, hold), history[:-1])
    known, until = history[-1]
    left = [one for name, one in known.items() if name not in dropped]
    who = partner(later or rule, hold)
    opened = open_months(who, cells(left, lines))
    read = [one for one in left if month(one.received_at) in opened]
    of_them = [line for line in lines if month(line.received_at) in opened]
    assert balance(who, read, of_them, until) == balance(who, left, lines, until)


@pytest.mark.parametrize(
    ("rule", "later", "then"),
    [
        ("70%", "70%", {"payout": Decimal(3)}),
        ("70%", "70%", {"currency": "EUR"}),
        ("70%", "70%", {"status": "rejected"}),
        ("70%", "70%", {"status": "pending"}),
        ("1.50 USD", "1.50 USD", {"payout": None}),
        (RULES[5], {"steps": [{"after": 0, "share": "60%"}, {"after": 9, "share": "50%"}], "retroactive": True}, {}),
    ],
)
def test_what_changes_after_it_was_settled_opens_its_month_and_nothing_else_does(
    rule: Any, later: Any, then: dict[str, Any]
) -> None:
    one = Conversion("a", "a", "install", "spring", "", "approved", Decimal(2), "USD", False, BEGAN)
    until = BEGAN + 31 * DAY
    lines = list(due(partner(rule), [one], [], until).lines)
    assert lines
    assert open_months(partner(rule), cells([one], lines)) == set()
    assert open_months(partner(rule), cells([one], [])) == {202610}
    assert open_months(partner(later), cells([one._replace(**then)], lines)) == {202610}


def balance(who: Partner, some: list[Conversion], lines: list[Line], until: int) -> Any:
    found = balances(due(who, some, lines, until).totals, standings(who, some, lines, until), ())
    return [one for one in found if any(one[1:])]


def month(at: int) -> int:
    return int(month_of(at).replace("-", ""))


def cells(some: list[Conversion], lines: list[Line]) -> list[Cell]:
    """As sql/queries/partner_months.sql counts them, each alone."""
    last = {line.conversion_id: line for line in lines}
    made = []
    for one in some:
        line = last.pop(one.conversion_id, None)
        worth = "unknown" if one.payout is None else "some" if one.payout else "nothing"
        is_same = line is not None and ((one.payout or 0), one.currency) == (line.payout, line.payout_currency)
        told = (line.reason, line.share) if line else ("", "")
        made.append(Cell(month(one.received_at), one.event, one.status, one.is_refund, worth, *told, is_same, 1))
    gone = [(month(line.received_at), line.event, line.reason, line.share) for line in last.values()]
    return made + [Cell(at, event, GONE, False, "nothing", why, share, False, 1) for at, event, why, share in gone]
