"""What was kept as invalid is read again by the configuration of today, without its key."""

import json

import pytest

from clickjoin.replays.replay import REPLAYED, Replay, Row, as_replayed
from ingest.kept import read_kept
from ingest.landers import lander_click
from ingest.plans import prepare
from ingest.raw import MAX_RAW_BODY, raw_request
from ingest.refusal import Refusal
from schemas.records import Click, Postback
from tests.ingest_samples import KEY, NOW_MS, click_id, plans, settings, tree

REPLAY = Replay(plans(), origin="replay")


def row(raw: str, code: str = "wrong_key", invalid_id: str = "i1") -> Row:
    return Row(invalid_id, NOW_MS - 5, "postback", code, "why", raw, "acme", "", 401)


def kept(path: str, query: str = "", body: bytes = b"", kind: str = "application/json") -> Row:
    return row(raw_request("POST" if body else "GET", path, query, kind, body, KEY.encode()))


def postbacks(found: Row) -> list[Postback]:
    return [record for record in REPLAY.make(found) if isinstance(record, Postback)]


@pytest.mark.parametrize(
    "found",
    [
        kept("/postback/acme", f"key={KEY}&ml_sub1={click_id()}&goal=goal_1&txid=t%201"),
        kept("/postback", f"ml_sub1={click_id()}&goal=goal_1&txid=t+1"),
        kept(f"/postback/acme/{KEY}", f"ml_sub1={click_id()}&goal=goal_1&txid=t%201"),
        kept("/postback/acme", "key=x", f"ml_sub1={click_id()}&goal=goal_1&txid=t%201".encode(), "text/plain"),
        kept("/postback/acme", "", json.dumps({"ml_sub1": click_id(), "goal": "goal_1", "txid": "t 1"}).encode()),
    ],
)
def test_a_postback_that_had_no_key_is_replayed_with_the_time_it_came_at(found: Row) -> None:
    (postback,) = postbacks(found)
    assert (postback.click_id, postback.event, postback.txid) == (click_id(), "install", "t 1")
    assert (postback.received_at, postback.origin, postback.params) == (NOW_MS - 5, "replay", {})


def test_replayed_twice_a_request_is_the_same_records() -> None:
    body = json.dumps([{"ml_sub1": click_id(), "txid": txid} for txid in "123"]).encode()
    found = kept("/postback/acme", "event=trial", body)
    assert REPLAY.make(found) == REPLAY.make(found)
    assert len({one.postback_id for one in postbacks(found)}) == 3
    other = Replay(plans(), origin="replay").make(found._replace(invalid_id="i2"))
    assert not {one.postback_id for one in postbacks(found)} & {getattr(one, "postback_id", "") for one in other}


def test_a_body_is_kept_as_a_whole_as_long_as_that_of_one_record_may_be() -> None:
    said = {"ml_sub1": click_id(), "event": "trial", "note": "x" * (MAX_RAW_BODY - 200), "txid": "last"}
    (postback,) = postbacks(kept("/postback/acme", "", json.dumps(said).encode()))
    assert postback.txid == "last"


def test_a_press_of_a_lander_s_button_is_replayed_with_the_click_it_belongs_to() -> None:
    (found,) = REPLAY.make(kept("/out/spring", f"click_id={click_id()}&offer=game"))
    assert isinstance(found, Postback)
    assert (found.click_id, found.event, found.network, found.received_at) == (
        click_id(),
        "lander_click",
        "",
        NOW_MS - 5,
    )
    assert (found.origin, found.postback_id) == (
        "replay",
        lander_click(click_id(), now_ms=0, wait_ms=0).postback_id,
    )


def test_a_visit_of_a_lander_is_replayed_as_a_click_of_its_own() -> None:
    landers = {"quiz": {"url": "https://quiz.example/?click_id={click_id}"}}
    campaigns = {"spring": tree()["campaigns"]["spring"] | {"landers": ["quiz"]}}
    replay = Replay(prepare(settings(landers=landers, campaigns=campaigns)), origin="replay")
    found = kept("/t/spring", "zoneclick=z-1&creative=c&lander=quiz&unknown=1")
    (click,) = replay.make(found)
    assert replay.make(found) == [click]
    assert isinstance(click, Click)
    assert click.click_id.startswith("pops:")
    assert (click.source_click_id, click.creative, click.lander) == ("z-1", "c", "quiz")
    assert (click.clicked_at, click.origin, click.params) == (NOW_MS - 5, "replay", {"unknown": "1"})


def test_bytes_that_are_no_text_come_back_as_they_were() -> None:
    found = read_kept(raw_request("POST", "/postback/acme", "a=1", "text/plain", b"x=\xff\xfe", None))
    assert (found.body, found.content_type, found.query) == (b"x=\xff\xfe", "text/plain", "a=1")


def test_a_mended_configuration_decides_and_what_is_still_wrong_is_told() -> None:
    found = kept("/postback/newcomer", f"click_id={click_id()}&event=install")
    with pytest.raises(Refusal, match="newcomer"):
        REPLAY.make(found)
    mended = Replay(prepare(settings(networks={"newcomer": {"key": KEY}})), origin="replay")
    assert len(mended.make(found)) == 1


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (kept("/postback/acme", "ml_sub1=forged"), "invalid_click_id"),
        (kept("/postback/acme", "a=1", b"x" * (MAX_RAW_BODY + 1)), "kept_in_part"),
        (row(raw_request("POST", "/postback/acme", "", "", b"", None, unread=90_000)), "kept_in_part"),
        (row("POST /postback/acme\ncontent-type: \n\n" + "x" * 16_383), "kept_in_part"),  # as it was kept before
        (kept("/out/spring", "click_id=forged"), "invalid_click_id"),
        (kept("/out/spring", "zoneclick=1"), "not_replayed"),
        (kept("/out/nobody", f"click_id={click_id()}"), "unknown_campaign"),
        (kept("/t/spring", "", b"a=1"), "not_replayed"),
        (kept("/click/spring", "zoneclick=1"), "not_replayed"),
        (kept("/pixel/acme.gif", f"ml_sub1={click_id()}"), "pixel_not_allowed"),
        (row("\0"), "not_a_request"),
    ],
)
def test_what_cannot_be_replayed_says_why(found: Row, code: str) -> None:
    with pytest.raises(Refusal) as raised:
        REPLAY.make(found)
    assert raised.value.code == code


def test_a_click_that_a_source_reported_without_its_key_is_replayed() -> None:
    (click,) = REPLAY.make(kept("/click/spring", "", b'{"zoneclick":"z"}'))
    assert isinstance(click, Click)
    assert (click.clicked_at, click.source_click_id, click.origin) == (NOW_MS - 5, "z", "replay")
    assert click.click_id.startswith("pops:")


@pytest.mark.parametrize("code", ["wrong_test", "other_click"])
def test_what_was_refused_as_a_test_is_never_replayed_as_anything_else(code: str) -> None:
    sent = kept("/postback/acme", f"ml_sub1={click_id()}&event=trial")
    with pytest.raises(Refusal, match="sent as a test"):
        REPLAY.make(row(sent.raw, code))


def test_a_row_that_was_replayed_is_found_by_its_code_no_more() -> None:
    found = kept("/postback/acme", f"ml_sub1={click_id()}&event=trial")
    again = as_replayed(found, REPLAY.make(found))
    assert (again.invalid_id, again.code, again.raw) == (found.invalid_id, REPLAYED, found.raw)
    assert again.detail.endswith("it was wrong_key: why")
