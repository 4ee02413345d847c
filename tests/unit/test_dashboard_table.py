"""A report as a table: a line for each group, sorted, paged, also of 10,000 campaigns."""

from decimal import Decimal
from typing import Any

from dashboard.table import PAGE, Table, deeper, of_funnel, written
from sql.reports.dimensions import DIMENSIONS


def a_step(campaign: str, step: int, clicks: int, *, event: str = "install", **money: str) -> dict[str, Any]:
    amounts = {currency: Decimal(amount) for currency, amount in money.items()}
    facts = {"campaign": campaign, "step": step, "event": event if step else "click", "clicks": clicks}
    return {**facts, "rate": clicks / 10, "money": amounts}


def test_a_group_is_one_line_with_what_it_cost_and_brought() -> None:
    rows = [
        a_step("a", 0, 10, USD="2.00"),
        a_step("a", 1, 5, USD="5.0049"),
        a_step("a", 2, 1, event="trial", USD="1.0001"),
    ]
    table = of_funnel(rows, ["campaign"])
    assert table.columns[:6] == ("campaign", "clicks", "install", "install rate", "trial", "trial rate")
    (line,) = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    assert line["revenue"] == {"USD": Decimal("6.01")}  # rounded once, after adding up
    assert line["profit"] == {"USD": Decimal("4.01")}
    assert written("roi", line["roi"]) == "200.2%"
    assert table.figures() == [False] + [True] * (len(table.columns) - 1)


def test_there_is_no_roi_where_cost_and_revenue_have_different_currencies() -> None:
    table = of_funnel([a_step("a", 0, 10, USD="2"), a_step("a", 1, 5, EUR="5")], ["campaign"])
    assert table.rows[0][-1] is None
    assert written("profit", table.rows[0][-2]) == "5.00 EUR, -2.00 USD"


def test_a_column_sorts_both_ways_and_nothing_is_always_last() -> None:
    table = Table(("name", "roi"), (("a", None), ("b", 1), ("c", 2)), 1)
    assert [row[0] for row in table.sorted_by("roi").rows] == ["b", "c", "a"]
    assert [row[0] for row in table.sorted_by("-roi").rows] == ["c", "b", "a"]
    assert table.sorted_by("colour") is table


def test_deeper_is_the_next_dimension_that_is_not_asked_for_yet() -> None:
    assert deeper(("campaign",), "campaign", [], DIMENSIONS) == ("source",)
    assert deeper(("campaign", "day"), "campaign", ["source"], DIMENSIONS) == ("offer", "day")
    assert deeper(("network",), "network", [], ("network",)) == ()


def test_ten_thousand_campaigns_are_shown_a_page_at_a_time() -> None:
    rows = [
        step for at in range(10_000) for step in (a_step(f"c{at}", 0, at, USD="1"), a_step(f"c{at}", 1, 1, USD="2"))
    ]
    table = of_funnel(rows, ["campaign"]).sorted_by("-clicks")
    assert len(table.rows) == 10_000
    assert [row[0] for row in table.rows[:2]] == ["c9999", "c9998"]
    assert len(table.rows[:PAGE]) == 100
