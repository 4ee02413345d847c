"""Records that cannot be used cost one row each, and the partition goes on."""

import json
from base64 import b64decode
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest

from clickjoin.embedded.kafka.properties import MAX_MESSAGE_BYTES
from schemas.ids import invalid_id
from schemas.unusable import DETAIL_CHARACTERS, RAW_BYTES
from schemas.wire import MOST_EVENT_BYTES, encode
from streams.adapters.state import Stamp, StateStore
from streams.join.fold import Position, fold
from streams.join.state import MAX_CONVERSIONS, MAX_WAITING
from tests.support.join_samples import NOW, DictStates, Join, click, clicked, postback, record

VALID = b'{"v":1,"type":"postback","postback_id":"p","click_id":"c1","event":"e","network":"n","received_at":1%s}'


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "not_json"),
        (b"", "not_json"),
        (b"\x00\xff\xfe", "not_json"),
        (b"null", "not_json"),
        (b"[]", "not_json"),
        (b'{"v":1', "not_json"),
        (b'{"v":1,"type":"nonsense"}', "not_a_record"),
        (b'{"v":1,"type":"click"}', "not_a_record"),
        (VALID % b',"status":"maybe"', "not_a_record"),
        (VALID.replace(b'"p"', b'""') % b"", "not_a_record"),
        (b'{"v":1,"type":"forget","click_id":""}', "not_a_record"),
        (VALID % b',"payout":"1e400"', "not_a_record"),
        (VALID % b',"payout":1e400', "not_a_record"),
        (VALID % b',"payout":"NaN"', "not_a_record"),
        (VALID % b',"payout":"-Infinity"', "not_a_record"),
        (VALID % b',"payout":"10000000000000000"', "not_a_record"),
        (VALID % b',"payout":"0.123456789"', "not_a_record"),
        (VALID % b',"payout":"1e-5000"', "not_a_record"),
        (VALID.replace(b'"received_at":1', b'"received_at":-1') % b"", "not_a_record"),
        (VALID % b',"occurred_at":4102444800000', "not_a_record"),
        (VALID % (b',"txid":"' + b"x" * MOST_EVENT_BYTES + b'"'), "too_long"),
        (VALID % b',"wait_ms":1000000000000000000000000', "not_a_record"),
        (VALID % (b',"wait_ms":1' + b"0" * 6000), "not_a_record"),
        (VALID % b',"occurred_at":-99999999999999999999', "not_a_record"),
        (VALID % (b',"x":' + b"[" * 100_000), "not_json"),
        (VALID.replace(b'"c1"', b'"\\ud800"') % b"", "not_json"),
        (VALID.replace(b'"c1"', b'"\xff"') % b"", "not_a_record"),
        (b'{"v":1,"type":"epoch","epoch":256}', "not_a_record"),
        (b'{"v":2,"type":"postback","postback_id":"p"}', "newer_format"),
        (b'{"v":2,"type":"something new"}', "newer_format"),
        (VALID.replace(b'"v":1', b'"v":2') % b"", "newer_format"),
        (VALID.replace(b'"v":1', b'"v":"two"') % b"", "not_json"),
    ],
)
def test_bytes_that_are_no_record_are_invalid_with_a_reason(value: bytes | None, code: str) -> None:
    join = clicked()
    assert join.feed(value) == []
    assert join.refused == [code]
    assert join.says(postback()) == ["attributed"]


def test_an_invalid_record_says_where_it_lay_and_what_it_was() -> None:
    folded = fold(Position(), [record(0, NOW, b"\xffnonsense")], DictStates())
    (one,) = folded.invalid
    assert (one.invalid_id, one.received_at, one.kind) == (invalid_id("events", 0, 0), NOW, "record")
    assert b64decode(one.raw) == b"\xffnonsense"
    assert folded.position == Position(1, NOW, 0)


def test_an_invalid_record_is_cut_to_a_row() -> None:
    (one,) = fold(Position(), [record(0, NOW, b"x" * 1_000_000)], DictStates()).invalid
    assert len(one.raw) == RAW_BYTES
    assert len(one.detail) <= DETAIL_CHARACTERS


def test_an_older_format_is_read() -> None:
    assert clicked().says(VALID.replace(b'"v":1', b'"v":0') % b"") == ["attributed"]


@pytest.mark.parametrize("click_id", ["x" * 10_240, "\0", "c\0d", "🦊", "pops:", " "])
def test_an_odd_click_id_is_a_click_id(click_id: str) -> None:
    join = Join()
    assert join.says(postback(click_id=click_id)) == ["waiting no_click"]
    assert join.says(click(click_id)) == ["attributed"]


@pytest.mark.parametrize("of", ["payouts", "cpa"])
@pytest.mark.parametrize("price", ["a lot", "", "1e400 USD", "NaN USD", "Infinity USD", "0.123456789 USD"])
def test_a_click_with_a_price_that_is_no_amount_is_no_record(of: str, price: str) -> None:
    """Or its postbacks would be attributed, to conversions that no table takes."""
    join = Join()
    assert join.feed(click(payouts={"trial": "1.20 USD"})) == []
    value = encode(click("c2")).replace(
        b"}", b',"%s":{"trial":"1.20 USD","install":"%s"}}' % (of.encode(), price.encode())
    )
    assert join.feed(value) == []
    assert join.refused == ["not_a_record"]
    assert join.says(postback(click_id="c2")) == ["waiting no_click"]


def test_what_comes_of_the_longest_records_fits_one_of_the_next_topic() -> None:
    """A producer that is refused ends the worker, which would read the same records again, for ever."""
    long = "x" * (MOST_EVENT_BYTES - 1_000)
    join = clicked(params={"a": long})
    (first,) = join.feed(postback("p1", "trial", repeat="update", txid=long))
    (second,) = join.feed(postback("p2", "trial", repeat="update", raw_status=long, status="rejected"))
    assert (first.outcome, second.outcome) == ("attributed", "updated")
    assert len(encode(second)) < MAX_MESSAGE_BYTES - 1_000


def odd(postback_id: str, field: str, number: int) -> bytes:
    told = json.loads(encode(postback(postback_id)))
    return json.dumps(told | {field: number}).encode()


def test_a_bug_in_the_decision_costs_the_record_alone() -> None:
    join = clicked()
    with patch("streams.join.fold.decide", side_effect=ZeroDivisionError("a bug")):
        assert join.feed(postback("p1")) == []
    assert join.refused == ["failed"]
    assert join.says(postback("p1")) == ["attributed"]


def test_time_passes_with_a_record_that_cannot_be_used() -> None:
    join = Join()
    join.feed(postback(wait_ms=10))
    assert join.says(b"nonsense", after=10) == ["orphan no_click"]


def test_a_click_with_a_flood_keeps_a_thousand_conversions_and_each_postback_has_its_outcome() -> None:
    """A network that sends one ID for everybody."""
    join = clicked()
    flood = [postback(f"p{n}", "subscribe", repeat="new", txid=f"t{n}") for n in range(MAX_CONVERSIONS + 50)]
    told = Counter(word for one in flood for word in join.says(one))
    assert told == {"attributed": MAX_CONVERSIONS, "unattributed too_many_conversions": 50}
    assert [join.says(flood[n]) for n in (0, 40, MAX_CONVERSIONS - 1, MAX_CONVERSIONS)] == [[]] * 4, "decided twice"
    repeated = [postback(f"again{n}", "subscribe", repeat="new", txid=f"t{n}") for n in range(100)]
    assert {word for one in repeated for word in join.says(one)} == {"duplicate same"}
    changed = postback("change", "subscribe", repeat="new", txid="t7", status="rejected")
    assert join.says(changed) == ["updated"]
    assert join.says(flood[7]) == []


def test_floods_of_several_clicks_do_not_mix() -> None:
    join = Join()
    ids = [f"c{n}" for n in range(20)]
    for click_id in ids:
        join.feed(click(click_id))
    for number in range(60):
        for click_id in ids:
            told = postback(f"{click_id}-{number}", "subscribe", click_id=click_id, repeat="new", txid=f"t{number}")
            assert join.says(told) == ["attributed"]
    for click_id in ids:
        assert join.says(postback(f"{click_id}-0", "trial", click_id=click_id)) == []
        assert join.says(postback(f"{click_id}-0 of another", "trial", click_id=click_id)) == ["attributed"]


def test_an_id_without_a_click_that_gets_a_flood_keeps_a_hundred_waiting() -> None:
    join = Join()
    told = Counter(word for n in range(MAX_WAITING + 200) for word in join.says(postback(f"p{n}", click_id="pops:0")))
    assert told == {"waiting no_click": MAX_WAITING, "unattributed too_many_waiting": 200}
    assert len(msgspec.msgpack.encode(join.store.get(["pops:0"])[0])) < 100_000


@pytest.mark.parametrize("number", [-(1 << 62), -(1 << 61), -1, 0, 1, 1 << 61, 1 << 62, (1 << 63) - 1])
@pytest.mark.parametrize("field", ["received_at", "occurred_at", "wait_ms", "window_ms"])
def test_no_number_makes_a_state_that_cannot_be_read_again(tmp_path: Path, field: str, number: int) -> None:
    """The worker would end at the click's next record, and begin again there, for ever."""
    store = StateStore(tmp_path / "state", Stamp(1, "topic"))
    told: list[str] = []
    for event in (odd("p0", field, number), odd("p1", field, number), encode(click()), odd("p2", field, number)):
        folded = fold(store.position, [record(store.position.next, NOW, event)], store)
        store.write(folded)
        told += [one.postback.postback_id for one in folded.outcomes] + [one.code for one in folded.invalid]
    store.close()
    assert set(told) in ({"p0", "p1", "p2"}, {"not_a_record"})
