"""What to cut and what to keep: the model of the report, and the lists that sources take."""

from __future__ import annotations

from decimal import Decimal
from math import exp

import pytest

from clickjoin.source_lists import values_of, written
from sql.reports.catalogue import REPORTS
from sql.reports.question import Question
from tests.oracle.report_optimise import Known, known

ROWS = [
    {"placement": "z1", "verdict": "cut"},
    {"placement": "z2", "verdict": "keep"},
    {"placement": "", "verdict": "cut"},
    {"placement": "a,b", "verdict": "cut"},
    {"placement": "z1", "verdict": "cut"},
    {"placement": "z3", "verdict": "watch"},
]


def exactly_below(shape: int, mean: float, limit: float) -> float:
    """Of a Gamma distribution of a whole shape: as many events of a Poisson process come within its time."""
    rate = limit / mean * shape
    term = total = exp(-rate)
    for number in range(1, shape):
        term *= rate / number
        total += term
    return 1 - total


@pytest.mark.parametrize("shape", [1, 2, 3, 5, 10, 40])
def test_a_probability_is_right_to_a_hundredth_or_so(shape: int) -> None:
    for share in (0.05, 0.2, 0.5, 0.9, 1.0, 1.1, 1.5, 2, 3, 5):
        assert Known(shape, 0.4).below(0.4 * share) == pytest.approx(exactly_below(shape, 0.4, 0.4 * share), abs=0.012)


def test_what_spent_three_payouts_for_nothing_is_to_be_cut() -> None:
    """The rule of thumb of the trade: elsewhere a click in a hundred pays 2.00, and clicks cost 0.01."""
    paid = [Decimal(2)] * 100
    spent = {count: count * 0.01 for count in (100, 400, 600)}
    risks = {count: known([], count, paid, 10_000).below(0.01) for count in spent}  # type: ignore[union-attr]
    assert risks[100] < 0.8
    assert risks[400] < 0.95 <= risks[600]


def test_a_list_has_the_values_of_its_verdict_once_and_none_that_is_empty() -> None:
    assert values_of(ROWS, "placement", "black") == ["z1", "a,b"]
    assert values_of(ROWS, "placement", "white") == ["z2"]


def test_a_list_is_written_as_sources_take_it_and_says_what_it_cannot_hold() -> None:
    values = ["z1", "a,b", "käse"]
    assert written(values, "lines") == ("z1\na,b\nkäse", ())
    assert written(values, "comma") == ("z1,käse", ("a,b",))
    assert written([*values, "two\nlines"], "json") == ('["z1", "a,b", "käse", "two\\nlines"]', ())
    assert written([*values, "two\nlines"], "lines").left_out == ("two\nlines",)


def test_keep_and_cut_are_probabilities_of_optimise_and_of_no_other_report() -> None:
    with pytest.raises(ValueError, match=r"keep 0\.9 and cut 0\.5: write probabilities, keep below cut"):
        Question(REPORTS["optimise"], events=("install",), keep=0.9, cut=0.5)
    with pytest.raises(ValueError, match="only optimise says keep and cut"):
        Question(REPORTS["revenue"], cut=0.5)
