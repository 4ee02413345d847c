"""Ingest on bad days: the broker away, killed, told to stop."""

import http.client
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from kafka import KafkaAdminClient

from clickjoin.embedded.ports import free_port
from schemas.records import Click, Postback
from schemas.topics import INVALID
from tests.ingest_broker import emptied
from tests.ingest_process import IngestProcess, Reply, Topics
from tests.ingest_samples import KEY, click_id
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.support.doorway import Doorway

pytestmark = pytest.mark.kafka
OURS = click_id()
QUICK = {"publish_timeout": "2s", "spool_after": "300ms", "click_timeout": "100ms"}


class Taken(NamedTuple):
    click_id: str
    postback_id: str
    txid: str


@pytest.fixture
def broker(kafka: KafkaServer) -> Iterator[KafkaServer]:
    with emptied(kafka) as emptied_broker:
        yield emptied_broker


def taken(ingest: IngestProcess, txid: str) -> Taken:
    """A click, a postback of it, and one that cannot be used: each answered as ever."""
    click = ingest.get("/click/spring")
    assert click.status == 302
    click_id = parse_qs(urlsplit(click.headers["location"]).query)["aff_sub"][0]
    reply = ingest.get("/postback/acme", key=KEY, ml_sub1=click_id, event="install", txid=txid)
    assert reply.status == 200, reply
    assert ingest.get("/postback/acme", key=KEY, ml_sub1="junk", event="install", txid=txid).status == 400
    return Taken(click_id, reply.json["postback_id"], txid)


def are_on_the_broker(topics: Topics, wanted: list[Taken]) -> None:
    """All three of each. They may be there twice."""
    events = [found for _, _, found in topics.events()]
    clicks = {found.click_id for found in events if isinstance(found, Click)}
    postbacks = {found.postback_id for found in events if isinstance(found, Postback)}
    assert {one.click_id for one in wanted} == clicks
    assert {one.postback_id for one in wanted} == postbacks
    raws = [found.raw for found in topics.invalid("invalid_click_id")]
    assert all(any(quote_plus(one.txid) in raw for raw in raws) for one in wanted)


def said(ingest: IngestProcess, event: str) -> list[dict[str, Any]]:
    """The lines of the log about this."""
    lines = [json.loads(line) for line in ingest.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def metric(ingest: IngestProcess, name: str) -> float:
    text = ingest.get("/metrics").body.decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"clickjoin_ingest_{name} "))


def postback(ingest: IngestProcess, txid: str = "") -> Reply:
    return ingest.get("/postback/acme", key=KEY, ml_sub1=OURS, event="install", txid=txid)


def test_while_the_broker_is_away_everything_is_taken_and_the_broker_gets_it_when_it_is_back_d21(
    broker: KafkaServer, tmp_path: Path
) -> None:
    doorway = Doorway(broker.bootstrap)
    ingest = IngestProcess(tmp_path, doorway.address, free_port(), ingest=QUICK).wait_for("/health/ready", 200)
    try:
        at_start = taken(ingest, "at start")
        assert ingest.get("/health/ready").json == {"ready": True, "spooled": 3}
        until(lambda: "kafka_away" in ingest.log, 10, "it says that the broker is away")
        assert doorway.address in ingest.log
        doorway.open()
        until(lambda: ingest.get("/health/ready").json["spooled"] == 0, 30, "the spool is drained")
        until(lambda: said(ingest, "kafka_is_back"), 10, "it says that the broker is back")
        broker.kill()
        under_load = [taken(ingest, f"killed {number}") for number in range(20)]
        until(lambda: metric(ingest, "kafka_away") == 1, 10, "it knows that the broker is away")
        assert metric(ingest, "spool_records") == 60
        assert metric(ingest, "spool_bytes") > 4096
        broker.start()
        until(lambda: ingest.get("/health/ready").json["spooled"] == 0, 30, "the spool is drained again")
        assert metric(ingest, "kafka_away") == 0
        under_load.append(taken(ingest, "after"))
        assert metric(ingest, "spooled_total") == metric(ingest, "drained_total") == 63
        assert [one["spooled"] for one in said(ingest, "kafka_is_back")] == [3, 60]
        assert len(said(ingest, "kafka_away")) == 2
        assert not said(ingest, "click_lost")
        are_on_the_broker(Topics(broker.bootstrap), [at_start, *under_load])
    finally:
        assert ingest.stop() == 0
        doorway.close()


def test_a_topic_that_is_not_made_yet_is_waited_for(tmp_path: Path, broker: KafkaServer) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    try:
        admin.delete_topics([INVALID])
        ingest = IngestProcess(tmp_path, broker.bootstrap, free_port(), ingest=QUICK).wait_for("/health/ready", 200)
        try:
            before = taken(ingest, "no topic")
            until(lambda: said(ingest, "kafka_away"), 20, "it says that it cannot send")
            admin.create_topics({INVALID: {"num_partitions": 4, "replication_factor": 1}})
            until(lambda: ingest.get("/health/ready").json["spooled"] == 0, 30, "the spool is drained")
            are_on_the_broker(Topics(broker.bootstrap), [before])
        finally:
            assert ingest.stop() == 0
    finally:
        admin.close()


def test_sigterm_answers_what_was_taken_and_ends_with_0(broker: KafkaServer, tmp_path: Path) -> None:
    patient = {"spool_after": "10s"}
    ingest = IngestProcess(tmp_path, broker.bootstrap, free_port(), ingest=patient).wait_for("/health/ready", 200)
    until(lambda: metric(ingest, "kafka_away") == 0, 10, "it is connected")
    os.kill(broker.pid, signal.SIGSTOP)
    replies: list[Reply] = []
    caller = threading.Thread(target=lambda: replies.append(postback(ingest, "slow")))
    try:
        caller.start()
        pending = "clickjoin_ingest_pending_records 1.0"
        until(lambda: pending in ingest.get("/metrics").body.decode(), 10, "the postback waits for the broker")
        os.kill(ingest.process.pid, signal.SIGTERM)
        until(lambda: not accepts(ingest.port), 10, "no more connections are taken")
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    assert ingest.process.wait(20) == 0
    caller.join(10)
    assert replies[0].status == 200
    assert Topics(broker.bootstrap).postback(replies[0].json["postback_id"]).txid == "slow"


def test_whatever_was_answered_200_is_stored_after_kill_9_and_no_process_is_left(
    broker: KafkaServer, tmp_path: Path
) -> None:
    ingest = IngestProcess(tmp_path, broker.bootstrap, free_port()).wait_for("/health/ready", 200)
    accepted: list[str] = []

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", ingest.port, timeout=10)
        try:
            while True:
                connection.request("GET", f"/postback/acme?key={KEY}&ml_sub1={OURS}&event=install")
                answer = connection.getresponse()
                body = answer.read()
                assert answer.status == 200
                accepted.append(body.decode().split('"')[-2])
        except (OSError, http.client.HTTPException):
            return

    callers = [threading.Thread(target=send) for _ in range(8)]
    for caller in callers:
        caller.start()
    until(lambda: len(accepted) > 300, 60, "three hundred postbacks are answered")
    os.kill(ingest.process.pid, signal.SIGKILL)
    ingest.process.wait(10)
    for caller in callers:
        caller.join(10)
    assert not accepts(ingest.port)
    ingest = IngestProcess(tmp_path, broker.bootstrap, ingest.port).wait_for("/health/ready", 200)
    try:  # where the broker took too long for any of them, they are in the spool
        until(lambda: ingest.get("/health/ready").json["spooled"] == 0, 30, "the spool is drained")
    finally:
        assert ingest.stop() == 0
    stored = {found.postback_id for _, _, found in Topics(broker.bootstrap).events() if isinstance(found, Postback)}
    assert set(accepted) <= stored
    assert len(set(accepted)) == len(accepted)


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
