"""To read all words of a request at once is to look for each of them alone."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.parameters import find
from ingest.words import Words, first_text

NAMES = st.sampled_from(("cid", "sub1", "payout", "goal", "status"))
VALUES = st.sampled_from(("", " ", "1", " 2 ", "{goal}", "REPLACE", "[]", '["a", "b"]', "[x", "x" * 2000))


@given(
    words=st.dictionaries(st.sampled_from("abcdef"), st.lists(NAMES, min_size=1, max_size=4).map(tuple)),
    params=st.dictionaries(NAMES | st.just("other"), VALUES),
    last=st.booleans(),
)
def test_a_word_is_read_as_if_it_were_looked_for_alone(
    words: dict[str, tuple[str, ...]], params: dict[str, str], last: bool
) -> None:
    read = Words(words)
    assert read.found(params, last) == {word: find(params, names, last) for word, names in words.items()}
    assert read.said(params) == {word: first_text(params, names) for word, names in words.items()}
