"""What networks really send, each as data of the network's section. The numbers are those of the list of pitfalls."""

from typing import Any

import pytest

from ingest.parameters import parse_body
from schemas.ids import CLICK_ID_LENGTH, conversion_id
from tests.ingest_samples import NOW_MS
from tests.support.messy_network import OURS, read, refused, wrong


def test_names_of_parameters_come_in_any_case_and_macros_keep_theirs_d2() -> None:
    assert read(f"CLICK_ID={OURS}&TxId=Ab&SubId9={{SubId1}}").params == {"subid9": "{SubId1}"}
    assert read(f"CLICK_ID={OURS}&TxId=Ab").txid == "Ab"


def test_a_click_id_in_another_ones_place_is_named_d3() -> None:
    detail = refused(f"click_id=T-77&txid={OURS}").detail
    assert "Our click ID is in 'txid'" in detail


@pytest.mark.parametrize("query", [f"cid=%2520{OURS}", f"cid={OURS}%2520"])
def test_a_click_id_that_was_encoded_twice_is_ours_d5(query: str) -> None:
    assert read(query).click_id == OURS


def test_a_url_that_was_encoded_as_a_whole_is_named_in_the_error_d5() -> None:
    assert "encoded as a whole" in refused(f"click_id={OURS}%26payout%3D1").detail
    assert "encoded as a whole" in refused(f"click_id={OURS}%26amp%3Bpayout%3D1").detail


def test_our_ids_are_shorter_than_any_slot_and_theirs_stay_text_d6() -> None:
    assert CLICK_ID_LENGTH <= 50
    assert (
        read(f"click_id={OURS}&txid=000123456789012345678901234567890AbC").txid
        == "000123456789012345678901234567890AbC"
    )


@pytest.mark.parametrize("sent", ["txid=1&txid=2", "txid[]=1&txid[]=2", "txid=%5B%221%22%2C%222%22%5D", "txid=[1,2]"])
def test_of_several_values_of_a_parameter_the_first_counts_or_the_last(sent: str) -> None:
    assert read(f"click_id={OURS}&{sent}").txid == "1"
    assert read(f"click_id={OURS}&{sent}", duplicates="last").txid == "2"


def test_of_several_members_of_json_the_first_counts_or_the_last() -> None:
    body = b'{"a": "1", "b": ["x", "y"], "a": "2"}'
    assert parse_body(body, "", {})[0]["a"] == "1"
    assert parse_body(body, "", {}, last=True)[0]["a"] == "2"
    assert parse_body(b"a=1&a=2", "", {}, last=True)[0]["a"] == "2"


@pytest.mark.parametrize("sent", ["txid=", "txid[]=", "txid=[]", "txid=%20", "txid", ""])
def test_an_empty_parameter_is_as_good_as_none_d10(sent: str) -> None:
    assert read(f"click_id={OURS}&{sent}&tid=T").txid == "T"


def test_what_is_deep_inside_large_json_never_costs_what_is_outside() -> None:
    inner = ",".join(f'"k{number}": {number}' for number in range(500))
    [params] = parse_body(f'{{"data": {{"object": {{{inner}}}}}, "type": "paid"}}'.encode(), "", {})
    assert params["type"] == "paid"


@pytest.mark.parametrize(
    ("zone", "at_ms"),
    [
        ("", NOW_MS),
        ("+08:00", NOW_MS - 8 * 3_600_000),
        ("-03:30", NOW_MS + 12_600_000),
        ("Asia/Shanghai", NOW_MS - 28_800_000),
    ],
)
def test_a_time_without_a_zone_is_in_the_network_s_own(zone: str, at_ms: int) -> None:
    assert read(f"click_id={OURS}&time=2023-11-14+22:13:20", timezone=zone).occurred_at == at_ms
    assert read(f"click_id={OURS}&time=2023-11-14T22:13:20Z", timezone=zone).occurred_at == NOW_MS
    assert read(f"click_id={OURS}&time=1700000000", timezone=zone).occurred_at == NOW_MS


@pytest.mark.parametrize("zone", ["Mars/Olympus", "8", "+25:00", "../etc"])
def test_what_is_no_time_zone_is_refused_when_the_file_is_read(zone: str) -> None:
    assert wrong(timezone=zone)


JOINED: dict[str, Any] = {
    "params": {"event": "status", "status": "status"},
    "split": "_",
    "statuses": {"ok": "approved", "bad": "rejected"},
    "events": {"first_dep": "subscribe"},
    "event_default": "lead",
}


@pytest.mark.parametrize(
    ("sent", "event", "status"),
    [
        ("reg_ok", "reg", "approved"),
        ("first_dep_bad", "subscribe", "rejected"),
        ("reg_what", "reg", "pending"),
        ("bad", "lead", "rejected"),
        ("reg", "reg", "approved"),
        ("%7Baction%7D_%7Bstatus%7D", "lead", "pending"),
        ("", "lead", "approved"),
    ],
)
def test_event_and_status_come_in_one_field_d9(sent: str, event: str, status: str) -> None:
    found = read(f"click_id={OURS}&status={sent}", **JOINED)
    assert (found.event, found.status) == (event, status)


@pytest.mark.parametrize(("word", "event", "status"), [("reg", "install", "approved"), ("reject", "lead", "rejected")])
def test_one_word_says_both_event_and_status_d9(word: str, event: str, status: str) -> None:
    how = {
        "params": {"event": "status"},
        "events": {"reg": "install", "reject": "lead"},
        "statuses": {"reg": "approved"},
    }
    found = read(f"click_id={OURS}&status={word}", **how)
    assert (found.event, found.status, found.raw_status) == (event, status, word)


def test_the_same_word_means_something_else_at_another_network_d9() -> None:
    query = f"click_id={OURS}&status=1"
    assert read(query, statuses={"1": "approved"}).status == "approved"
    assert read(query, statuses={"1": "pending"}).status == "pending"
    assert read(query, unknown_status="rejected").status == "rejected"


def test_no_event_and_no_status_at_all_are_what_the_network_s_section_says_d10() -> None:
    found = read(f"click_id={OURS}", event_default="lead", status_default="pending")
    assert (found.event, found.status, found.raw_status) == ("lead", "pending", "")


@pytest.mark.parametrize(
    ("sent", "is_test"),
    [
        ("env=SANDBOX", True),
        ("env=sandbox", True),
        ("type=TEST_SALE", True),
        ("env=production&type=SALE", False),
        ("", False),
    ],
)
def test_a_test_conversion_is_kept_and_marked_d23(sent: str, is_test: bool) -> None:
    assert read(f"click_id={OURS}&{sent}", tests={"env": "SANDBOX", "type": ["TEST", "TEST_*"]}).is_test is is_test


RULES = [
    {"when": {"type": "INITIAL_PURCHASE", "period": "TRIAL"}, "event": "trial"},
    {"when": {"type": "INITIAL_PURCHASE"}, "event": "subscribe"},
    {"when": {"type": "RENEWAL", "converted": "true"}, "event": "subscribe"},
    {"when": {"type": "CANCELLATION", "reason": ["SUPPORT", ""]}, "event": "subscribe", "status": "rejected"},
    {"when": {"type": "*"}, "event": "other"},
]


@pytest.mark.parametrize(
    ("sent", "event", "status"),
    [
        ("type=INITIAL_PURCHASE&period=TRIAL", "trial", "approved"),
        ("type=INITIAL_PURCHASE&period=NORMAL", "subscribe", "approved"),
        ("type=RENEWAL&converted=true", "subscribe", "approved"),
        ("type=RENEWAL&converted=false", "other", "approved"),
        ("type=CANCELLATION&reason=SUPPORT", "subscribe", "rejected"),
        ("type=CANCELLATION", "subscribe", "rejected"),
        ("", "install", "approved"),
    ],
)
def test_several_parameters_together_tell_the_event_d24(sent: str, event: str, status: str) -> None:
    found = read(f"click_id={OURS}&{sent}", rules=RULES, params={"event": "type"})
    assert (found.event, found.status) == (event, status)


def test_what_the_network_said_is_kept_where_a_rule_says_what_it_means_d24() -> None:
    found = read(f"click_id={OURS}&type=RENEWAL&period=NORMAL", rules=RULES, params={"event": "type"})
    assert found.params == {"type": "RENEWAL", "period": "NORMAL"}


def test_a_url_that_a_browser_cut_at_a_hash_is_named_in_the_error_d1() -> None:
    assert "cut at the #" in refused("payout=1&click_id=").detail
    assert "cut at the #" not in refused("click_id=&payout=1").detail
    assert "cut at the #" not in refused("payout=1").detail
    assert refused("payout=1&cid=").detail.startswith("cid is missing or empty"), "as the sender calls it"
    assert "cut at the #" in refused("payout=1&cid=").detail


@pytest.mark.parametrize("word", ["REPLACE", "REPLACE_ME", "OPTIONAL"])
def test_a_template_with_a_word_to_be_filled_in_counts_for_nothing_d30(word: str) -> None:
    assert refused(f"click_id={word}&payout={word}&currency={word}").code == "unreplaced_macro"
    found = read(f"click_id={OURS}&payout={word}&currency={word}&txid={word}&event={word}")
    assert (found.payout, found.currency, found.txid, found.event) == (None, "", "", "install")


def test_a_second_conversion_of_a_click_has_a_transaction_id_of_its_own_d8() -> None:
    first, second = (read(f"click_id={OURS}&event=subscribe&txid={txid}") for txid in ("1", "2"))
    assert (first.repeat, second.repeat) == ("new", "new")
    ids = {conversion_id(each.click_id, each.event, each.network, each.txid) for each in (first, second)}
    assert len(ids) == 2
