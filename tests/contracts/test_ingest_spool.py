"""What was answered while the broker was away reaches it, whatever dies meanwhile; what cannot be kept is refused."""

import http.client
import json
import resource
import signal
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from clickjoin.embedded.ports import free_port
from ingest.kafka_client import close, producer_options
from schemas.records import Click, Postback
from schemas.settings.servers import Kafka
from schemas.topics import EVENTS, INVALID
from tests.ingest_process import IngestProcess, Reply, Topics
from tests.ingest_samples import KEY, click_id
from tests.kafka_server import KafkaServer
from tests.polling import until

pytestmark = pytest.mark.kafka
OURS = click_id()
QUICK = {"publish_timeout": "3s", "spool_after": "1s", "click_timeout": "100ms"}
CALLERS = 6
PAUSE = 0.02  # seconds; a steady load leaves the machine to what is tried here
ROUND = 200  # postbacks that are answered before the next blow


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KafkaServer]:
    server = KafkaServer(tmp_path / "kafka").start()
    admin = KafkaAdminClient(bootstrap_servers=server.bootstrap)
    wanted = {"num_partitions": 4, "replication_factor": 1}
    admin.create_topics({EVENTS: wanted, INVALID: wanted}, wait_for_metadata=True)
    admin.close()
    yield server
    server.stop()


class Load:
    """Callers that click and send a postback of it, over and over; who gets no answer goes on with another."""

    def __init__(self, port: int) -> None:
        self.clicks: set[str] = set()
        self.postbacks: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self._port = port
        self._stopped = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        callers = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            self._stopped.set()
            for caller in callers:
                caller.join(30)

    def wait_for_more(self, count: int) -> None:
        wanted = len(self.postbacks) + count
        until(lambda: len(self.postbacks) >= wanted, 60, f"{count} more postbacks are answered")

    def _call(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._stopped.is_set():
            try:
                self._click_and_report(connection)
                self._stopped.wait(PAUSE)
            except (OSError, http.client.HTTPException):
                connection.close()
                self._stopped.wait(0.02)
        connection.close()

    def _click_and_report(self, connection: http.client.HTTPConnection) -> None:
        connection.request("GET", "/click/spring")
        answer = connection.getresponse()
        answer.read()
        self.statuses[answer.status] += 1
        clicked = parse_qs(urlsplit(answer.headers["location"]).query)["aff_sub"][0]
        self.clicks.add(clicked)
        query = urlencode({"key": KEY, "ml_sub1": clicked, "event": "install"})
        connection.request("GET", f"/postback/acme?{query}")
        answer = connection.getresponse()
        body = answer.read().decode()
        self.statuses[answer.status] += 1
        if answer.status == 200:
            self.postbacks.add(body.split('"')[-2])


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


def test_kill_9_of_broker_and_of_ingest_amid_an_outage_under_load_loses_nothing_that_was_answered(
    broker: KafkaServer, tmp_path: Path
) -> None:
    port = free_port()
    ingest = IngestProcess(tmp_path, broker.bootstrap, port, ingest=QUICK).wait_for("/health/ready", 200)
    load = Load(port)
    try:
        with load.running():
            load.wait_for_more(ROUND)
            broker.kill()
            for _ in range(3):
                load.wait_for_more(ROUND)
                ingest.stop(signal.SIGKILL)
                ingest = IngestProcess(tmp_path, broker.bootstrap, port, ingest=QUICK)
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


def test_an_outage_much_longer_than_the_time_out_loses_nothing_and_ends_no_process(
    broker: KafkaServer, tmp_path: Path
) -> None:
    ingest = IngestProcess(tmp_path, broker.bootstrap, free_port(), ingest=QUICK).wait_for("/health/ready", 200)
    load = Load(ingest.port)
    try:
        with load.running():
            load.wait_for_more(ROUND)
            broker.kill()
            until(lambda: "spool_not_drained" in ingest.log, 20, "a batch is given up")
            load.wait_for_more(ROUND)
            broker.start()
            load.wait_for_more(ROUND)
        until_drained(ingest)
        broker.kill()
        assert postback(ingest, "last").status == 200
    finally:
        assert ingest.stop() == 0  # with records that kafka-python could not send
    broker.start()
    ingest = IngestProcess(tmp_path, broker.bootstrap, ingest.port, ingest=QUICK).wait_for("/health/ready", 200)
    try:
        until_drained(ingest)
    finally:
        assert ingest.stop() == 0
    found = [record for _, _, record in Topics(broker.bootstrap).events()]
    assert set(load.statuses) == {200, 302}
    assert load.clicks <= {record.click_id for record in found if isinstance(record, Click)}
    assert load.postbacks <= {record.postback_id for record in found if isinstance(record, Postback)}
    assert "last" in txids(broker)
    assert overtaken(found) == []


def test_a_producer_whose_broker_is_gone_is_closed_at_once_and_leaves_no_thread(broker: KafkaServer) -> None:
    timeout = 60
    producer = KafkaProducer(**producer_options(Kafka(bootstrap=broker.bootstrap), timeout))
    producer.send(EVENTS, key=b"k", value=b"v", partition=0).get(10)
    broker.kill()
    waiting = producer.send(EVENTS, key=b"k", value=b"v", partition=0)
    close(producer, 0)
    assert not producer._sender.is_alive()
    assert waiting.is_done
    assert waiting.exception is not None


def test_a_full_spool_refuses_whole_records_redirects_visitors_and_takes_again_when_it_is_drained(
    broker: KafkaServer, tmp_path: Path
) -> None:
    broker.stop()
    small = {"spool_bytes": 1 << 16}
    ingest = IngestProcess(tmp_path, broker.bootstrap, free_port(), ingest=small).wait_for("/health/ready", 200)
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
        broker.start()
        until_drained(ingest)
        assert postback(ingest, "after").status == 200
        assert txids(broker) == accepted | {"after"}
    finally:
        assert ingest.stop() == 0


def test_while_the_disk_fails_networks_are_asked_to_repeat_and_when_it_works_again_they_are_not(
    broker: KafkaServer, tmp_path: Path
) -> None:
    broker.stop()
    ingest = IngestProcess(tmp_path, broker.bootstrap, free_port()).wait_for("/health/ready", 200)
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
        broker.start()
        until_drained(ingest)
        accepted = {f"t{number}" for number, reply in enumerate(replies) if reply.status == 200}
        assert txids(broker) == accepted | {"before", "after"}
    finally:
        assert ingest.stop() == 0


def test_what_is_left_is_drained_at_the_next_start_even_on_another_port(broker: KafkaServer, tmp_path: Path) -> None:
    broker.stop()
    ingest = IngestProcess(tmp_path, broker.bootstrap, free_port(), ingest=QUICK).wait_for("/health/ready", 200)
    assert postback(ingest, "killed").status == 200
    ingest.stop(signal.SIGKILL)
    ingest = IngestProcess(tmp_path, broker.bootstrap, ingest.port, ingest=QUICK).wait_for("/health/ready", 200)
    assert ingest.get("/health/ready").json["spooled"] == 1
    assert postback(ingest, "stopped").status == 200
    assert ingest.stop() == 0
    broker.start()
    ingest = IngestProcess(tmp_path, broker.bootstrap, free_port(), ingest=QUICK).wait_for("/health/ready", 200)
    try:
        until_drained(ingest)
        assert txids(broker) == {"killed", "stopped"}
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
