from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import mint_click_id
from schemas.unreplaced import unreplaced_macro

DELIMITERS = ["{x}", "{{x}}", "##X##", "[x]", "#x#", "${x}", "%x%", "[[[x]]]", "<x>"]
NAMES = ["click_id", "CLICKID", "subacc4", "sub1", "aff-sub", "clickid.raw", "zone:id"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("delimiters", DELIMITERS)
@pytest.mark.parametrize("encodings", [0, 1, 2])
def test_a_macro_is_recognised_in_every_delimiter_raw_and_encoded(delimiters: str, name: str, encodings: int) -> None:
    text = delimiters.lower().replace("x", name)
    for _ in range(encodings):
        text = quote(text, safe="")
    assert unreplaced_macro(text)


@pytest.mark.parametrize("word", ["device", "adid", "campaign", "af_sub", "banner"])
def test_a_percent_macro_is_recognised_after_its_beginning_was_taken_for_an_encoded_byte(word: str) -> None:
    assert unreplaced_macro(unquote(f"%{word}%"))
    assert unreplaced_macro(unquote(f"%{word}%", errors="surrogateescape"))


@pytest.mark.parametrize(
    "text", ["REPLACE", "OPTIONAL", "{action}_{status}", "##CPA##,##RS##", "{payout|2}", "${(name)!}"]
)
def test_words_to_be_filled_in_and_macros_in_a_row_are_recognised(text: str) -> None:
    assert unreplaced_macro(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "abc", "50%", "100%", "%", "#", "##", "{}", "[]", "<>", "-", "replace", "Optional"),
        *("#summer", "sale [2026]", "a <b> c", "50% of 100%", "C#", '{"a": 1}', "[1]", "zürich", "😀", "tag#1#2"),
    ],
)
def test_what_somebody_may_have_meant_is_left_alone(text: str) -> None:
    assert not unreplaced_macro(text)


@given(st.integers(0, 2**47), st.binary(min_size=8, max_size=8))
def test_a_click_id_of_ours_is_never_taken_for_a_macro(at_ms: int, random: bytes) -> None:
    assert not unreplaced_macro(mint_click_id(b"secret", at_ms, random))


@given(st.text("{}[]#%$<>ab_", max_size=4000))
def test_any_text_is_judged(text: str) -> None:
    assert unreplaced_macro(text) in (True, False)


@pytest.mark.parametrize("piece", ["##a_", "%a", "{", "[[[a", "#a", "<a", "%7B", "{a}", "##a##"])
def test_a_long_hostile_text_is_judged_at_once(piece: str) -> None:
    assert unreplaced_macro(piece * 20_000) in (True, False)
