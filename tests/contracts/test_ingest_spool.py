"""What was answered while the broker was away reaches it, whatever dies meanwhile; what cannot be kept is refused."""

import json
import resource
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from clickjoin.embedded.ports import free_port
from ingest.kafka_client import close, producer_options
from schemas.records import Click, Postback
from schemas.settings.servers import Kafka
from schemas.topics import EVENTS
from tests.ingest_broker import emptied
from tests.ingest_process import IngestProcess, Reply, Topics
from tests.ingest_samples import KEY, click_id
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.support.callers import Callers
from tests.support.doorway import Doorway

pytestmark = pytest.mark.kafka
OURS = click_id()
QUICK = {"publish_timeout": "3s", "spool_after": "1s", "click_timeout": "100ms"}
ROUND = 100  # postbacks that are answered before the next blow


@pytest.fixture
def broker(kafka: KafkaServer) -> Iterator[KafkaServer]:
    with emptied(kafka) as emptied_broker:
        yield emptied_broker


@pytest.fixture
def doorway(broker: KafkaServer) -> Iterator[Doorway]:
    door = Doorway(broker.bootstrap)
    yield door
    door.close()


def postback(ingest: IngestProcess, txid: str) -> Reply:
    return ingest.get("/postback/acme", key=KEY, ml_sub1=OURS, event="install", txid=txid)


def until_drained(ingest: IngestProcess) -> None:
    until(lambda: ingest.get("/health/ready").json == {"ready": True, "spooled": 0}, 60, "the spool is drained")


def txids(broker: KafkaServer) -> set[str]:
    return {found.txid for _, _, found in Topics(broker.bootstrap).events() if isinstance(found, Postback)}


def overtaken(events: Iterable[object]) -> list[str]:
    """The clicks that stand behind a postback that was sent after they were answered."""
    seen: set[str] = set()
    early: list[str] = []
    for record in events:
        if isinstance(record, Click):
            seen.add(record.click_id)
        elif isinstance(record, Postback) and record.click_id != OURS and record.click_id not in seen:
            early.append(record.click_id)
    return early


def gone(producer: Any) -> None:
    """A producer whose broker is gone is closed at once, and leaves no thread."""
    waiting = producer.send(EVENTS, key=b"k", value=b"v", partition=0)
    close(producer, 0)
    assert not producer._sender.is_alive()
    assert waiting.is_done
    assert waiting.exception is not None


def test_kill_9_of_broker_and_of_ingest_amid_an_outage_under_load_loses_nothing_that_was_answered(
    broker: KafkaServer, tmp_path: Path
) -> None:
    """The outage is much longer than the time-out; one process is told to stop in it, with records that kafka-python
    could not send; the next, on another port, is killed, and what both left is drained by the third."""
    producer = KafkaProducer(**producer_options(Kafka(bootstrap=broker.bootstrap), 60))
    assert producer.partitions_for(EVENTS)
    ports = free_port(), free_port()
    ingest = IngestProcess(tmp_path, broker.bootstrap, ports[0], ingest=QUICK).wait_for("/health/ready", 200)
    first, load = ingest, Callers(ingest.port)
    try:
        with load.running():
            load.wait_for_more(ROUND)
            broker.kill()
            gone(producer)
            until(lambda: "spool_not_drained" in first.log, 60, "a batch is given up")
            load.wait_for_more(ROUND)
            assert ingest.stop() == 0
            ingest = IngestProcess(tmp_path, broker.bootstrap, ports[1], ingest=QUICK)
            load.port = ports[1]
            load.wait_for_more(ROUND)
            ingest.stop(signal.SIGKILL)
            ingest = IngestProcess(tmp_path, broker.bootstrap, ports[0], ingest=QUICK)
            load.port = ports[0]
            load.wait_for_more(ROUND)
            broker.start()
            load.wait_for_more(ROUND)
        until_drained(ingest)
        assert '"click_lost"' not in ingest.log
    finally:
        assert ingest.stop() == 0
    events = [found for _, _, found in Topics(broker.bootstrap).events()]
    clicks = Counter(found.click_id for found in events if isinstance(found, Click))
    postbacks = Counter(found.postback_id for found in events if isinstance(found, Postback))
    twice = sum(count - 1 for count in [*clicks.values(), *postbacks.values()])
    assert overtaken(events) == []
    print(f"{dict(load.statuses)}, {len(load.clicks)} clicks, {len(load.postbacks)} postbacks, {twice} sent twice")
    assert set(load.statuses) == {200, 302}
    assert load.clicks <= clicks.keys()
    assert load.postbacks <= postbacks.keys()


def test_a_full_spool_refuses_whole_records_redirects_visitors_and_takes_again_when_it_is_drained(
    broker: KafkaServer, doorway: Doorway, tmp_path: Path
) -> None:
    small = {"spool_bytes": 1 << 16}
    ingest = IngestProcess(tmp_path, doorway.address, free_port(), ingest=small).wait_for("/health/ready", 200)
    try:
        replies = {f"t{number}": postback(ingest, f"t{number}") for number in range(400)}
        accepted = {txid for txid, reply in replies.items() if reply.status == 200}
        refused = [reply for reply in replies.values() if reply.status == 503]
        assert 30 < len(accepted) < 350
        assert len(accepted) + len(refused) == 400
        assert {reply.headers["retry-after"] for reply in refused} == {"5"}
        assert refused[-1].json == {
            "error": "not_stored",
            "detail": f"nothing was stored, please repeat: the spool {ingest.spool.name} is full, or its disk is",
        }
        ids = {reply.headers["x-request-id"] for reply in refused}
        told = [json.loads(line) for line in ingest.log.splitlines() if "request_not_stored" in line]
        assert len(ids) == len(refused)
        assert told[0]["network"] == "acme"
        assert {one["request_id"] for one in told} <= ids
        assert "x-request-id" not in next(reply for reply in replies.values() if reply.status == 200).headers
        ready = ingest.get("/health/ready")
        assert (ready.status, ready.json) == (503, {"ready": False, "spooled": len(accepted)})
        assert ready.headers["retry-after"] == "5"
        assert ingest.get("/click/spring").status == 302
        assert "click_lost" in ingest.log
        assert "clickjoin_ingest_clicks_lost_total 1.0" in ingest.get("/metrics").body.decode()
        assert ingest.spool.stat().st_size <= 1 << 16
        doorway.open()
        until_drained(ingest)
        assert postback(ingest, "after").status == 200
        assert txids(broker) == accepted | {"after"}
    finally:
        assert ingest.stop() == 0


def test_while_the_disk_fails_networks_are_asked_to_repeat_and_when_it_works_again_they_are_not(
    broker: KafkaServer, doorway: Doorway, tmp_path: Path
) -> None:
    ingest = IngestProcess(tmp_path, doorway.address, free_port()).wait_for("/health/ready", 200)
    pid, limit = ingest.process.pid, resource.RLIMIT_FSIZE
    before = resource.prlimit(pid, limit)
    try:
        assert postback(ingest, "before").status == 200
        resource.prlimit(pid, limit, (1 << 15, before[1]))  # no file may grow beyond 32 KiB
        replies = [postback(ingest, f"t{number}") for number in range(60)]
        assert replies[-1].status == 503
        assert "cannot be used: disk I/O error" in replies[-1].json["detail"]
        resource.prlimit(pid, limit, before)
        assert postback(ingest, "after").status == 200
        doorway.open()
        until_drained(ingest)
        accepted = {f"t{number}" for number, reply in enumerate(replies) if reply.status == 200}
        assert txids(broker) == accepted | {"before", "after"}
    finally:
        assert ingest.stop() == 0


def test_a_spool_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / f"ingest-{port}.sqlite").write_bytes(b"something else " * 1000)
    ingest = IngestProcess(tmp_path, "127.0.0.1:1", port)
    assert ingest.process.wait(20) == 1
    assert "spool_unusable" in ingest.log
    assert str(ingest.spool) in ingest.log
