"""Who may send postbacks to a real process, and what it is answered whatever becomes of them."""

import asyncio
import hmac
import json
import os
import secrets
from collections.abc import Iterator

import pytest

from clickjoin.own_tests.walk import OwnTests
from ingest.kept import read_kept
from ingest.refusal import Refusal
from presets.load import load_settings
from schemas.own_test import mark_of
from schemas.records import Postback
from tests.fuzz.__main__ import on_topics
from tests.fuzz.run import fuzz
from tests.ingest_process import IngestProcess, Topics, ingest_broker, patient_ingest
from tests.ingest_samples import KEY, SECRET, click_id, encrypted
from tests.kafka_server import KafkaServer
from tests.polling import until

pytestmark = pytest.mark.kafka
OURS = click_id()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    with ingest_broker(tmp_path_factory.mktemp("keys-kafka"), 1) as server:
        yield server


@pytest.fixture(scope="module")
def ingest(broker: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngestProcess]:
    process = patient_ingest(tmp_path_factory.mktemp("keys"), broker.bootstrap)
    yield process
    process.stop()
    assert KEY not in process.log


@pytest.fixture(scope="module")
def topics(broker: KafkaServer) -> Topics:
    return Topics(broker.bootstrap)


def test_the_key_may_come_in_the_path_or_as_authorization_and_is_never_kept(
    ingest: IngestProcess, topics: Topics
) -> None:
    params = f"?ml_sub1={OURS}&event=install"
    assert ingest.get(f"/postback/acme/{KEY}{params}").status == 200
    assert ingest.call("GET", f"/postback/acme{params}", Authorization=f"Bearer {KEY}").status == 200
    reply = ingest.get(f"/postback/acme/a-wrong-key-in-the-path{params}")
    assert (reply.status, reply.json["error"]) == (401, "wrong_key")
    assert "a-wrong-key-in-the-path" not in str(topics.invalid("wrong_key"))
    assert KEY not in str(topics.invalid("wrong_key"))


def test_what_had_no_key_is_kept_with_its_body_so_that_it_can_be_replayed(
    ingest: IngestProcess, topics: Topics
) -> None:
    body = json.dumps({"ml_sub1": OURS, "event": "trial", "txid": "kept-1"}).encode()
    assert ingest.call("POST", "/postback/acme", body, Content_Type="application/json").status == 401
    long = b"x" * 70_000
    assert ingest.call("POST", "/postback/near?long=1", long).status == 403
    (kept,) = [read_kept(one.raw) for one in topics.invalid("missing_key") if "kept-1" in one.raw]
    assert (kept.body, kept.content_type) == (body, "application/json")
    (cut,) = [one for one in topics.invalid("address_not_allowed") if "long=1" in one.raw]
    with pytest.raises(Refusal, match="too long to be kept"):
        read_kept(cut.raw)


def test_a_signed_body_is_taken_and_any_other_is_not_d20(ingest: IngestProcess) -> None:
    body = json.dumps({"click_id": OURS, "event": "install"}).encode()
    right = f"sha256={hmac.new(KEY.encode(), body, 'sha256').hexdigest()}"
    assert ingest.call("POST", "/postback/signed", body, X_Signature=right).status == 200
    for changed, signature in ((body + b" ", right), (body, "sha256=00"), (body, "")):
        assert ingest.call("POST", "/postback/signed", changed, X_Signature=signature).status == 401


def test_an_operator_s_test_is_marked_and_nobody_else_marks_one(ingest: IngestProcess, topics: Topics) -> None:
    done = OwnTests(load_settings(ingest.config, os.environ)).walk("spring", "", "AbC+/=")
    assert [(one["event"], one["code"]) for one in done["calls"]] == [
        ("click", 302),
        *((event, 200) for event in ("install", "trial", "subscribe")),
    ]
    assert KEY not in str(done)
    click = topics.click(done["click_id"])
    assert (click.is_test, click.is_bot, click.is_unique, click.source_click_id) == (True, False, False, "AbC+/=")
    sent = [one for _, _, one in topics.events() if isinstance(one, Postback) and one.click_id == click.click_id]
    assert {(one.event, one.is_test, one.network) for one in sent} == {
        (event, True, "acme") for event in ("install", "trial", "subscribe")
    }
    before = topics.size()
    forged = mark_of(b"a guessed secret", OURS)
    assert ingest.call("GET", "/click/spring", X_Clickjoin_Test=forged).json["error"] == "wrong_test"
    postback = f"/postback/acme?key={KEY}&ml_sub1={OURS}&event=install"
    assert ingest.call("GET", postback, X_Clickjoin_Test=forged).json["error"] == "wrong_test"
    other = mark_of(SECRET.encode(), click.click_id)
    assert ingest.call("GET", postback, X_Clickjoin_Test=other).json["error"] == "other_click"
    until(lambda: topics.size() == before + 3, 30, "each of these is kept as invalid, and none is an event")


def test_an_encrypted_body_is_read_and_what_others_send_in_its_place_is_not_d20(
    ingest: IngestProcess, topics: Topics
) -> None:
    sent = json.dumps({"transactionType": "SALE", "receipt": "R1", "trackingCodes": [OURS]}).encode()
    reply = ingest.call("POST", "/postback/sealed", encrypted(sent, KEY))
    found = topics.postback(reply.json["postback_id"])
    assert (found.click_id, found.event, found.txid) == (OURS, "sale", "R1")
    for body in (sent, encrypted(sent, "another secret"), b""):
        assert ingest.call("POST", "/postback/sealed", body).status == 401
    assert ingest.get("/postback/sealed", trackingCodes=OURS, transactionType="SALE").status == 401


def test_a_postback_is_answered_200_whatever_becomes_of_it_and_never_redirected_d7_d16_d18_d22(
    ingest: IngestProcess,
) -> None:
    nobodys = click_id(random=b"no click")
    paths = [f"/postback/acme?key={KEY}&ml_sub1={nobodys}&event=install&txid=1"] * 2
    paths += [paths[0].replace("/acme", "/acme/"), f"/postback?key={KEY}&ml_sub1={nobodys}&event=install"]
    assert [ingest.call(method, path).status for path in paths for method in ("GET", "POST")] == [200] * 8


def test_headers_may_have_so_many_bytes_and_no_more(ingest: IngestProcess) -> None:
    assert ingest.call("GET", "/health/live", X_Long="x" * 60_000).status == 200
    assert ingest.call("GET", "/health/live", X_Long="x" * 70_000, X_More="x" * 60_000).status == 431


def test_whatever_is_sent_is_answered_in_words_and_accounted_for(ingest: IngestProcess, broker: KafkaServer) -> None:
    """A small run of `make fuzz`."""
    seed = int(os.environ.get("CLICKJOIN_TEST_SEED", "0")) or secrets.randbits(32)
    print(f"CLICKJOIN_TEST_SEED={seed}")
    before = on_topics(broker.bootstrap)
    account = asyncio.run(fuzz(ingest.port, 2000, seed))
    assert account.wrong == []
    stored = on_topics(broker.bootstrap) - before
    assert (account.sent, account.holds(stored)) == (2000, True), f"{stored} stored: {account}"
    assert len(account.statuses) > 5
