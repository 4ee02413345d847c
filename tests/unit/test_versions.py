"""Versions: the later cause wins, whatever the time, and a repeat writes the same row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.versions import MAX_EPOCH, MAX_INDEX, MAX_OFFSET, first_stays, version

PLACES = st.tuples(st.integers(0, MAX_EPOCH), st.integers(0, MAX_OFFSET), st.integers(0, MAX_INDEX))


@given(PLACES, PLACES)
def test_versions_are_ordered_by_epoch_then_offset_then_index(
    one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    assert (version(*one) < version(*other)) == (one < other)


@given(PLACES)
def test_a_version_fits_64_bits_turned_round_too(place: tuple[int, int, int]) -> None:
    assert 0 <= version(*place) < 1 << 64
    assert 0 <= first_stays(version(*place)) < 1 << 64


@given(PLACES, PLACES)
def test_turned_round_the_first_wins(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    assert (first_stays(version(*one)) > first_stays(version(*other))) == (one < other)


def test_versions_that_lie_in_tables_stay_what_they_were() -> None:
    assert version(1, 2, 3) == 0x01_0000000002_0003


@pytest.mark.parametrize(
    "place", [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (MAX_EPOCH + 1, 0, 0), (0, MAX_OFFSET + 1, 0), (0, 0, MAX_INDEX + 1)]
)
def test_what_does_not_fit_is_an_error(place: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no version for"):
        version(*place)
