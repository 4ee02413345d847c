"""The format on the topics: what was written once is read for ever."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import records
from schemas.record import FORMAT, Record
from schemas.wire import (
    WireError,
    decode_delivery,
    decode_event,
    decode_invalid,
    decode_outcome,
    decode_outcome_or_request,
    decode_revision,
    encode,
)
from tests.support.golden import FOLDER, GOLDEN, path_of

READERS: dict[str, Callable[[bytes | None], Any]] = {
    "outcome": decode_outcome,
    "resend": decode_outcome_or_request,
    "cancel": decode_outcome_or_request,
    "retemplate": decode_outcome_or_request,
    "delivery": decode_delivery,
    "invalid": decode_invalid,
    "revision": decode_revision,
}


def reader_of(name: str) -> Callable[[bytes | None], Any]:
    return READERS.get(name.partition("-")[0], decode_event)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_file_is_read_as_the_record_it_was(name: str) -> None:
    read = reader_of(name)(path_of(name).read_bytes())
    assert read == GOLDEN[name]
    assert type(read) is type(GOLDEN[name])


@pytest.mark.parametrize("name", GOLDEN)
def test_a_record_is_written_as_its_golden_file(name: str) -> None:
    assert encode(GOLDEN[name]) == path_of(name).read_bytes()


def test_every_type_of_record_has_a_golden_file_of_this_format() -> None:
    assert {type(record) for record in GOLDEN.values()} == set(Record.__subclasses__())
    assert {path.name for path in FOLDER.glob(f"*.v{FORMAT}.json")} == {path_of(name).name for name in GOLDEN}


@pytest.mark.parametrize("kind", [type(record) for name, record in GOLDEN.items() if "-" not in name])
def test_the_golden_record_sets_every_field(kind: type[Record]) -> None:
    """Or a field could change its form unseen."""
    golden = next(record for name, record in GOLDEN.items() if type(record) is kind and "-" not in name)
    written = json.loads(encode(golden))
    assert set(written) == {"type", *(field.name for field in msgspec.structs.fields(kind))}


def test_any_json_tool_reads_a_record() -> None:
    told = json.loads(encode(GOLDEN["postback"]))
    assert (told["type"], told["v"], told["payout"]) == ("postback", FORMAT, "-9.990")


def test_defaults_are_left_out_but_never_the_format() -> None:
    assert json.loads(encode(records.Tick())) == {"type": "tick", "v": FORMAT}


@pytest.mark.parametrize("name", GOLDEN)
def test_an_older_record_is_read(name: str) -> None:
    older = json.loads(path_of(name).read_bytes())
    del older["v"]
    assert reader_of(name)(json.dumps(older).encode()) is not None


@pytest.mark.parametrize("name", GOLDEN)
def test_a_field_that_is_not_known_is_passed_over(name: str) -> None:
    told = json.loads(path_of(name).read_bytes()) | {"something_new": {"deep": [1, 2.5, None]}}
    assert reader_of(name)(json.dumps(told).encode()) == GOLDEN[name]


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("change", [{}, {"type": "something new"}, {"click_id": 7, "delivery_id": []}])
def test_a_newer_record_is_told_from_a_broken_one(name: str, change: dict[str, Any]) -> None:
    newer = json.loads(path_of(name).read_bytes()) | {"v": FORMAT + 1} | change
    with pytest.raises(WireError, match=f"format {FORMAT + 1} is newer than {FORMAT}") as caught:
        reader_of(name)(json.dumps(newer).encode())
    assert caught.value.code == "newer_format"


def test_a_record_of_another_topic_is_no_record_here() -> None:
    with pytest.raises(WireError) as caught:
        decode_outcome(path_of("click").read_bytes())
    assert caught.value.code == "not_a_record"


@pytest.mark.parametrize("name", ["click", "postback", "epoch", "forget"])
def test_what_is_required_is_missed(name: str) -> None:
    whole = json.loads(path_of(name).read_bytes())
    required = [field.name for field in msgspec.structs.fields(type(GOLDEN[name])) if field.required]
    for field in required:
        part = {key: value for key, value in whole.items() if key != field}
        with pytest.raises(WireError, match=field) as caught:
            decode_event(json.dumps(part).encode())
        assert caught.value.code == "not_a_record"


CORPUS = [path.read_bytes() for path in sorted(FOLDER.glob("*.json"))]


@given(st.sampled_from(CORPUS), st.integers(0, 2000), st.integers(0, 20), st.binary(max_size=20))
def test_no_bytes_raise_anything_else(value: bytes, begin: int, length: int, junk: bytes) -> None:
    """A record that was damaged anywhere: it is still a record, or a WireError."""
    damaged = value[:begin] + junk + value[begin + length :]
    for read in (decode_event, decode_outcome, decode_outcome_or_request, decode_delivery, decode_invalid):
        try:
            read(damaged)
        except WireError as error:
            assert error.code in ("not_json", "not_a_record", "newer_format")
