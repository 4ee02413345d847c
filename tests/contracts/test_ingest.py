"""Ingest as networks, sources and visitors see it: a real process, a real broker."""

import json
import signal
import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from schemas.ids import clicked_at_of, verify_click_id
from schemas.records import Postback
from schemas.topics import partition_of
from tests.ingest_process import IngestProcess, Topics, ingest_broker, patient_ingest
from tests.ingest_samples import KEY, SECRET, SOURCE_KEY, click_id
from tests.kafka_server import KafkaServer
from tests.polling import until

pytestmark = pytest.mark.kafka
OURS = click_id()
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    with ingest_broker(tmp_path_factory.mktemp("ingest-kafka"), 4) as server:
        yield server


@pytest.fixture(scope="module")
def ingest(broker: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngestProcess]:
    process = patient_ingest(tmp_path_factory.mktemp("ingest"), broker.bootstrap)
    yield process
    process.stop()
    for secret in (KEY, SOURCE_KEY, SECRET):
        assert secret not in process.log


@pytest.fixture(scope="module")
def topics(broker: KafkaServer) -> Topics:
    return Topics(broker.bootstrap)


def test_a_click_is_on_the_broker_before_its_visitor_is_redirected(ingest: IngestProcess, topics: Topics) -> None:
    reply = ingest.get("/click/spring", zoneclick="a/b+c", zoneid="77")
    assert (reply.status, reply.headers["cache-control"]) == (302, "no-store")
    location = reply.headers["location"]
    minted = location.split("aff_sub=")[1].split("&")[0]
    assert location == f"https://offer.example/%C3%A9?aff_sub={minted}&s=a%2Fb%2Bc&p=77&x=&c=spring"
    assert verify_click_id(minted, (SECRET.encode(),))
    click = topics.click(minted)
    assert (click.source_click_id, click.campaign, click.ip, click.cost) == (
        "a/b+c",
        "spring",
        "127.0.0.1",
        Decimal("0.0004"),
    )
    assert click.clicked_at == clicked_at_of(minted)


@pytest.mark.parametrize(
    "path", ["/click/spring?zoneclick=1", f"/postback/acme?key={KEY}&ml_sub1={OURS}&event=install"]
)
def test_head_answers_like_get_and_records_nothing_d17(ingest: IngestProcess, topics: Topics, path: str) -> None:
    before = topics.size()
    assert ingest.call("HEAD", path).status == (302 if "click/" in path else 200)
    assert ingest.call("HEAD", "/postback/acme").status == 401
    assert topics.size() == before


def test_a_postback_says_the_same_as_query_form_and_json(ingest: IngestProcess, topics: Topics) -> None:
    url, fields = (
        f"/postback/acme?key={KEY}",
        {"ml_sub1": OURS, "goal": "goal_1", "payout": "12.50", "currency": "usd", "x": "é y"},
    )
    query = ingest.get("/postback/acme", key=KEY, **fields)
    form = ingest.call(
        "POST", url, f"ml_sub1={OURS}&goal=goal_1&payout=12%2C50&currency=USD&x=%C3%A9+y".encode(), Content_Type=FORM
    )
    body = ingest.call("POST", url, json.dumps(fields).encode(), Content_Type="application/json")
    records = []
    for reply in (query, form, body):
        assert (reply.status, reply.json["status"]) == (200, "accepted")
        record = topics.postback(reply.json["postback_id"])
        records.append((record.click_id, record.event, record.payout, record.currency, record.params))
    assert records == [(OURS, "install", Decimal("12.50"), "USD", {"x": "é y"})] * 3


def test_every_record_lies_where_its_click_id_says(ingest: IngestProcess, topics: Topics) -> None:
    assert ingest.get("/postback/billing", event="renewal").status == 200
    assert ingest.get("/postback/popsnet", cid="1111111", payout="1", currency="usd").status == 200
    for partition, key, record in topics.events():
        wanted = record.click_id or getattr(record, "postback_id", "")
        assert (key, partition) == (wanted.encode(), partition_of(key, 4))


def test_of_an_array_each_object_is_a_postback_and_a_bad_one_costs_the_others_nothing_d15(
    ingest: IngestProcess, topics: Topics
) -> None:
    body = [{"ml_sub1": OURS, "txid": "1"}, {"ml_sub1": "forged", "txid": "2"}, {"ml_sub1": OURS, "txid": "3"}]
    reply = ingest.call("POST", f"/postback/acme?key={KEY}&event=trial", json.dumps(body).encode())
    assert reply.status == 200
    assert [topics.postback(one).txid for one in reply.json["postback_ids"]] == ["1", "3"]
    assert [(one["index"], one["error"]) for one in reply.json["refused"]] == [(1, "invalid_click_id")]
    assert any('"txid":"2"' in kept.raw and '"txid":"1"' not in kept.raw for kept in topics.invalid("invalid_click_id"))


def test_of_two_parameters_with_one_name_a_pixel_takes_the_one_that_its_network_means(
    ingest: IngestProcess, topics: Topics
) -> None:
    assert ingest.get(f"/pixel/glass.gif?click_id={OURS}&event=first&event=second").status == 200
    assert [one.event for _, _, one in topics.events() if isinstance(one, Postback) and one.network == "glass"] == [
        "second"
    ]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/postback/acme?key={KEY}&ml_sub1={{subacc4}}&event=install", 400, "unreplaced_macro"),
        (f"/postback/acme?key={KEY}&ml_sub1=%7Bsubacc4%7D&event=install", 400, "unreplaced_macro"),
        (f"/postback/acme?key={KEY}&ml_sub1={OURS[:-1]}x&event=install", 400, "invalid_click_id"),
        (f"/postback/acme?key={KEY}&event=install", 400, "missing_click_id"),
        (f"/postback?key={KEY}&event=install", 400, "missing_click_id"),
        (f"/postback/acme?key={KEY}&ml_sub1={OURS}&event=install&payout=NaN", 400, "invalid_payout"),
        (f"/postback/acme?ml_sub1={OURS}&event=install", 401, "missing_key"),
        (f"/postback/acme?key=wrong{KEY[5:]}&ml_sub1={OURS}&event=install", 401, "wrong_key"),
        (f"/postback/near?click_id={OURS}", 403, "address_not_allowed"),
        (f"/postback/nobody?click_id={OURS}", 404, "unknown_network"),
        ("/click/nothing?zoneclick=1", 404, "unknown_campaign"),
        ("/click/spring?x=" + "x" * 9000, 414, "url_too_long"),
        (f"/postback/acme?key={KEY}&x=" + "x" * 9000, 414, "url_too_long"),
    ],
)
def test_what_cannot_be_used_is_kept_with_its_reason_before_it_is_answered(
    ingest: IngestProcess, topics: Topics, path: str, status: int, code: str
) -> None:
    before = len(topics.invalid(code))
    reply = ingest.call("GET", path)
    assert (reply.status, reply.json["error"]) == (status, code)
    assert reply.json["detail"]
    kept = topics.invalid(code)
    assert len(kept) == before + 1
    newest = max(kept, key=lambda record: record.invalid_id)
    assert newest.raw.startswith("GET " + path[:12])
    assert newest.status == status
    assert reply.headers["x-request-id"] == newest.invalid_id
    assert KEY[5:] not in newest.raw


def test_the_key_may_come_in_a_header(ingest: IngestProcess) -> None:
    path = f"/postback/acme?ml_sub1={OURS}&event=install"
    assert ingest.call("GET", path, X_Clickjoin_Key=KEY).status == 200
    assert ingest.call("GET", path, X_Clickjoin_Key="no").status == 401


def test_a_source_records_clicks_server_to_server_with_its_key(ingest: IngestProcess, topics: Topics) -> None:
    body = json.dumps({"click_id": "S-77", "clicked_at": 1_700_000_000, "zoneid": 5}).encode()
    assert ingest.call("POST", "/click/spring", body).json["error"] == "missing_key"
    reply = ingest.call("POST", f"/click/spring?key={SOURCE_KEY}", body)
    assert (reply.status, reply.json) == (200, {"click_id": "pops:S-77"})
    click = topics.click("pops:S-77")
    assert (click.clicked_at, click.placement, click.ip) == (1_700_000_000_000, "5", "")
    lines = b'{"click_id": "S-78"}\n{"click_id": "S-79"}'
    several = ingest.call("POST", "/click/spring", lines, Authorization=f"Bearer {SOURCE_KEY}")
    assert several.json == {"click_ids": ["pops:S-78", "pops:S-79"]}
    minted = ingest.call("POST", f"/click/spring?key={SOURCE_KEY}", b"zoneclick=q").json["click_id"]
    assert topics.click(minted).source_click_id == "q"


def test_a_source_reports_a_thousand_clicks_in_one_call_and_hears_which_were_bad(
    ingest: IngestProcess, topics: Topics
) -> None:
    lines = [json.dumps({"click_id": f"own-{number}", "clicked_at": 1_700_000_000}) for number in range(1000)]
    lines[7] = json.dumps({"click_id": "own-7", "clicked_at": "last week"})
    body = "\n".join(lines).encode()
    reply = ingest.call("POST", f"/click/spring?key={SOURCE_KEY}", body, content_type="application/x-ndjson")
    assert (reply.status, len(reply.json["click_ids"])) == (200, 999)
    assert topics.click("pops:own-999").clicked_at == 1_700_000_000_000
    assert [(one["index"], one["error"]) for one in reply.json["refused"]] == [(7, "invalid_clicked_at")]
    reply = ingest.call("POST", f"/click/spring?key={SOURCE_KEY}", f"[{','.join(lines[:2])}]".encode())
    assert reply.json == {"click_ids": ["pops:own-0", "pops:own-1"]}
    reply = ingest.call("POST", f"/click/spring?key={SOURCE_KEY}", f"[{','.join(['{}'] * 1001)}]".encode())
    assert (reply.status, reply.json["error"]) == (413, "too_many")


def test_a_changed_configuration_counts_after_sighup_and_a_wrong_one_changes_nothing(ingest: IngestProcess) -> None:
    before = ingest.config.read_text()
    assert ingest.get("/click/autumn").status == 404
    try:
        ingest.config.write_text(before.replace("spring", "autumn"))
        ingest.process.send_signal(signal.SIGHUP)
        until(lambda: ingest.get("/click/autumn").status == 302, 30, "the new campaign is known")
        assert ingest.get("/click/spring").status == 404
        ingest.config.write_text(before.replace("24h", "24 parsecs"))
        ingest.process.send_signal(signal.SIGHUP)
        until(lambda: "configuration_kept" in ingest.log, 30, "the wrong file is refused")
        assert "ingest.wait" in ingest.log
        assert "24 parsecs" in ingest.log
        assert ingest.get("/click/autumn").status == 302
    finally:
        ingest.config.write_text(before)
        ingest.process.send_signal(signal.SIGHUP)
        until(lambda: ingest.get("/click/spring").status == 302, 30, "the old one is back")


def test_a_pixel_is_always_an_image_and_its_payout_is_not_believed_unless_configured(
    ingest: IngestProcess, topics: Topics
) -> None:
    def shown(path: str) -> None:
        reply = ingest.get(path)
        assert (reply.status, reply.headers["content-type"], reply.body[:6]) == (200, "image/gif", b"GIF89a")
        assert "no-store" in reply.headers["cache-control"]

    shown(f"/pixel/billing.gif?click_id={OURS}&event=px1&payout=99&currency=EUR")
    shown(f"/pixel/acme.gif?ml_sub1={OURS}&event=px2")
    shown("/pixel/billing.gif?click_id=%7Bclick_id%7D&event=px3")
    shown("/pixel/nobody.gif")
    found = {one.event: one for _, _, one in topics.events() if isinstance(one, Postback)}
    assert (found["px1"].payout, found["px1"].currency) == (None, "")
    assert "px2" not in found
    assert [one.network for one in topics.invalid("pixel_not_allowed")] == ["acme"]
    assert "px3" in next(one.raw for one in topics.invalid("unreplaced_macro") if one.network == "billing")
    assert ingest.call("HEAD", f"/pixel/billing.gif?click_id={OURS}&event=px4").status == 200
    assert "px4" not in {one.event for _, _, one in topics.events() if isinstance(one, Postback)}


def test_a_body_that_is_too_large_is_refused_whether_it_says_its_length_or_not(ingest: IngestProcess) -> None:
    path = f"/postback/acme?key={KEY}"
    assert ingest.call("POST", path, b"x" * 70_000).status == 413
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", ingest.port), timeout=10) as connection:
        connection.sendall(head + b"11170\r\n" + b"x" * 70_000 + b"\r\n0\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nothing/here", 404),
        ("PUT", "/postback/billing", 405),
        ("DELETE", "/click/spring", 405),
        ("POST", "/health/live", 404),
        ("GET", "/health/live", 200),
        ("GET", "/health/ready", 200),
    ],
)
def test_everything_else_has_an_answer_in_json(ingest: IngestProcess, method: str, path: str, status: int) -> None:
    reply = ingest.call(method, path)
    assert reply.status == status
    assert isinstance(reply.json, dict)


def test_the_metrics_count_requests_and_reasons(ingest: IngestProcess) -> None:
    ingest.get("/postback/acme", key=KEY)
    text = ingest.get("/metrics").body.decode()
    assert 'clickjoin_ingest_requests_total{route="postback",status="400"}' in text
    assert 'clickjoin_ingest_invalid_total{code="missing_click_id"}' in text
    assert "clickjoin_ingest_publish_seconds_count" in text
    assert "nothing" not in text


def test_a_taken_port_is_told_with_its_key_and_exit_code_3(
    ingest: IngestProcess, broker: KafkaServer, tmp_path: Path
) -> None:
    second = IngestProcess(tmp_path, broker.bootstrap, ingest.port)
    assert second.process.wait(20) == 3
    assert "ingest.listen" in second.log
    assert str(ingest.port) in second.log
