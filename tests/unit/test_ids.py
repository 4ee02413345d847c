"""IDs: what is ours, what is derived, and that they stay what they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ids

SECRET, OTHER = b"secret", b"other"
AT = 1_700_000_000_000
RANDOM = bytes(range(8))
MINTED = ids.mint_click_id(SECRET, AT, RANDOM)


def test_a_click_id_is_32_characters_that_urls_and_panels_leave_alone() -> None:
    assert len(MINTED) == ids.CLICK_ID_LENGTH == 32
    assert set(MINTED) <= set("0123456789abcdefghijklmnopqrstuv")


def test_a_click_id_that_was_minted_stays_valid_in_later_versions() -> None:
    assert MINTED == "065svpb8000020g30g2gc1o4hjmvev8i"


@given(st.integers(0, 2**48 - 1), st.binary(min_size=8, max_size=8), st.binary(min_size=1, max_size=100))
def test_whoever_has_the_secret_verifies_and_reads_the_time(at: int, random: bytes, secret: bytes) -> None:
    click_id = ids.mint_click_id(secret, at, random)
    assert ids.verify_click_id(click_id, (b"another", secret))
    assert ids.clicked_at_of(click_id) == at


def test_a_click_id_of_another_secret_is_not_ours() -> None:
    assert not ids.verify_click_id(MINTED, (OTHER,))
    assert not ids.verify_click_id(MINTED, ())


@given(st.integers(0, 31), st.sampled_from("0123456789abcdefghijklmnopqrstuv"))
def test_a_click_id_with_one_character_changed_is_not_ours(place: int, character: str) -> None:
    mangled = MINTED[:place] + character + MINTED[place + 1 :]
    assert ids.verify_click_id(mangled, (SECRET,)) == (mangled == MINTED)


JUNK = ["", "{click_id}", "##CLICK_ID##", "0", "w" * 32, "٣" * 32, "\0" * 32]


@pytest.mark.parametrize("junk", [*JUNK, MINTED[:-1], MINTED + "0", MINTED.upper(), MINTED + "\n"])
def test_junk_is_not_ours_and_raises_nothing(junk: str) -> None:
    assert not ids.verify_click_id(junk, (SECRET,))


def test_the_time_of_junk_is_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="not a click ID of ours"):
        ids.clicked_at_of("{click_id}")


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1), st.binary(min_size=8, max_size=8))
def test_click_ids_sort_by_time(one: int, other: int, random: bytes) -> None:
    first, second = ids.mint_click_id(SECRET, one, random), ids.mint_click_id(SECRET, other, b"\0" * 8)
    assert one == other or (first < second) == (one < other)


def test_a_click_id_takes_eight_random_bytes() -> None:
    with pytest.raises(ValueError, match="8 random bytes"):
        ids.mint_click_id(SECRET, AT, b"short")


def test_an_id_that_a_source_brought_lies_in_its_own_space() -> None:
    assert ids.brought_click_id("pops", "42") == "pops:42"
    assert ids.brought_click_id("pops", "42") != ids.brought_click_id("push", "42")


def test_a_record_id_sorts_by_time() -> None:
    earlier, later = ids.record_id(AT, b"\xff" * 10), ids.record_id(AT + 1, b"\0" * 10)
    assert earlier < later
    assert len(earlier) == len(later) == 26


def test_derived_ids_stay_what_they_were() -> None:
    """They lie in tables and at traffic sources: another value would be another conversion."""
    assert ids.conversion_id("c1", "install") == "2ec7c4a631d7ea1bb907508b3b21553d"
    assert ids.conversion_id("c1", "subscribe", "acme", "t1", True) == "51353f637b2c94039f49ae831a073815"
    assert ids.delivery_id("p1", "conv", "source/pops") == "7727ae8c26a2de72dc2bd50a68155efc"
    assert ids.invalid_id("events", 3, 7) == "14fabce2606c070946d0c8b287801c32"


TEXTS = st.text(max_size=5)
IDENTITIES = st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, st.booleans())


@given(IDENTITIES, IDENTITIES)
def test_two_identities_have_two_ids(
    one: tuple[str, str, str, str, bool], other: tuple[str, str, str, str, bool]
) -> None:
    assert (ids.conversion_id(*one) == ids.conversion_id(*other)) == (one == other)


def test_what_is_written_together_is_kept_apart() -> None:
    assert ids.conversion_id("a", "bc") != ids.conversion_id("ab", "c")
    assert ids.conversion_id("a', 'b", "c") != ids.conversion_id("a", "b', 'c")
