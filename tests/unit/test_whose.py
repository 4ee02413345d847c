"""How a line of the log names a record: by what is in it, whatever is in it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.whose import whose

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def test_a_record_is_named_by_its_click_its_network_and_the_postback_id_that_was_answered() -> None:
    ids = {"click_id": "06brimll0000820c20a1g60s51mv7jcu", "postback_id": "06brimll000041061050o3gg28"}
    assert whose(golden("postback.v1")) == {**ids, "network": "acme"}
    assert whose(golden("outcome.v1")) == {**ids, "network": "acme"}
    assert whose(golden("delivery.v1")) == {**ids, "delivery_id": "ffeeddccbbaa99887766554433221100"}
    assert whose(golden("click.v1")) == {"click_id": ids["click_id"], "network": "acme"}


@given(st.none() | st.binary() | st.recursive(st.none() | st.text(), st.lists).map(lambda it: str(it).encode()))
def test_what_is_no_record_of_ours_is_not_named(value: bytes | None) -> None:
    assert whose(value) == {}


@pytest.mark.parametrize("value", [b'{"click_id": 1}', b'{"postback": "p"}', b"[]"])
def test_what_only_looks_like_a_record_is_not_named_either(value: bytes) -> None:
    assert whose(value) == {}


def test_a_name_of_any_length_makes_no_long_line() -> None:
    assert len(whose(b'{"network": "%s"}' % (b"n" * 5000))["network"]) == 64
