"""A statement against ours: what is missing on a side, and what has another amount or status there."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickjoin.imports.row import Row, columns
from clickjoin.reconcile import COLUMNS, Entry, Statement, StatementError, differences


def statement(*mapped: str, said: tuple[str, ...] = ()) -> Statement:
    return Statement(
        "network",
        columns(mapped, said, COLUMNS["network"]),
        {"Declined": "rejected", "ok": "approved"},
        {"g1": "install"},
    )


def sale(txid: str, amount: str = "1.20", status: str = "approved", *, asked: bool = True) -> Entry:
    return Entry((txid,), Decimal(amount), "USD", status, asked)


def found(ours: list[Entry], theirs: list[Entry]) -> list[tuple[str, str]]:
    return [(one.key[0], one.difference) for one in differences(ours, theirs)]


def test_what_one_side_alone_has_is_missing_on_the_other() -> None:
    assert found([sale("a"), sale("b")], [sale("b"), sale("c")]) == [("a", "missing_there"), ("c", "missing_here")]


def test_what_we_have_just_outside_of_the_time_is_found_but_not_missed() -> None:
    assert found([sale("a", asked=False), sale("b", asked=False)], [sale("a")]) == []


def test_another_amount_or_currency_or_status_is_a_difference() -> None:
    ours = [sale("a"), sale("b"), sale("c", "1.2000")]
    assert found(ours, [sale("a", "1.25"), sale("b", status="rejected"), sale("c")]) == [
        ("a", "amount"),
        ("b", "status"),
    ]
    assert found([sale("a")], [Entry(("a",), Decimal("1.20"), "EUR")]) == [("a", "amount")]


def test_what_their_statement_does_not_say_is_no_difference() -> None:
    assert found([sale("a", status="pending")], [Entry(("a",))]) == []


def test_a_refund_nets_with_its_sale_and_what_is_rejected_is_worth_nothing() -> None:
    assert found([sale("a", "9.99"), sale("a", "-9.99")], [sale("a", "0")]) == []
    assert found([sale("a", "9.99", "rejected")], [sale("a", "0", "rejected")]) == []


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-500, 500)), max_size=20))
def test_the_order_of_neither_side_matters_and_a_side_equals_itself(rows: list[tuple[str, int]]) -> None:
    entries = [sale(txid, str(cents)) for txid, cents in rows]
    assert found(entries, sorted(entries, reverse=True)) == []


def test_a_statement_is_read_by_its_own_columns_words_and_amounts() -> None:
    read = statement("txid=Order", "payout=Commission", said=("currency=usd",))
    key = read.key_of(("order", "commission", "status", "event"))
    rows = [Row(2, {"order": "7", "commission": "1 234,50", "status": "Declined", "event": "g1"})]
    assert (key, read.read(rows, key)) == (("txid",), [Entry(("7",), Decimal("1234.50"), "USD", "rejected")])
    assert statement().key_of(("event", "click_id")) == ("click_id", "event")


def test_every_mistake_in_a_statement_is_told_with_its_line() -> None:
    rows = [
        Row(2, {"txid": "1", "payout": "NaN", "currency": "USD"}),
        Row(3, {"txid": "", "payout": "1"}),
        Row(4, {"txid": "2", "payout": "1", "currency": ""}),
        Row(5, {"txid": "3", "status": "whatever"}),
    ]
    with pytest.raises(StatementError) as raised:
        statement().read(rows, ("txid",))
    told = str(raised.value).splitlines()
    assert [line.partition(":")[0] for line in told] == ["line 2", "line 3", "line 4", "line 5"]
    assert "payout=NaN" in told[0]
    assert "--set currency=USD" in told[2]
    assert "approved" in told[3]


def test_a_statement_without_a_key_says_which_there_could_be() -> None:
    with pytest.raises(StatementError, match=r"txid or click_id\+event or click_id"):
        statement().key_of(("payout",))
