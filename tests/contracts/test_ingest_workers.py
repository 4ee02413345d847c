"""Several ingest processes on one port, as one."""

import json
import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from clickjoin.embedded.ports import free_port
from tests.ingest_process import IngestProcess
from tests.ingest_samples import KEY, click_id
from tests.polling import until

COUNT = 2
QUICK = {"click_timeout": "10ms", "spool_after": "10ms", "publish_timeout": "500ms", "workers": COUNT}
SENT = f"/postback/acme?key={KEY}&ml_sub1={click_id()}&event=install&txid="


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[IngestProcess]:
    """Its records lie in its spools, as no broker is there."""
    process = IngestProcess(tmp_path, f"127.0.0.1:{free_port()}", free_port(), ingest=QUICK)
    until(lambda: process.log.count("ingest_listening") == COUNT, 60, "all workers listen")
    yield process
    process.stop()


def workers(ingest: IngestProcess) -> dict[str, float]:
    """Answered postbacks by worker, from one exposition."""
    found = {}
    for family in text_string_to_metric_families(ingest.get("/metrics").body.decode()):
        for sample in family.samples:
            if sample.name == "clickjoin_ingest_requests_total" and sample.labels["route"] == "postback":
                found[sample.labels["worker"]] = sample.value
    return found


def spooled(ingest: IngestProcess) -> set[str]:
    found = set()
    for file in ingest.spool.parent.glob("*.sqlite"):
        with closing(sqlite3.connect(file)) as spool:
            found |= {json.loads(value).get("txid", "") for (value,) in spool.execute("SELECT value FROM records")}
    return found


def children(ingest: IngestProcess) -> list[int]:
    path = Path(f"/proc/{ingest.process.pid}/task/{ingest.process.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


def test_several_processes_answer_as_one_and_one_that_is_killed_comes_back(ingest: IngestProcess) -> None:
    taken = {str(number) for number in range(60) if ingest.get(SENT + str(number)).status == 200}
    assert len(taken) == 60
    counted = workers(ingest)
    assert len(counted) > 1, "the kernel spreads connections"
    assert sum(counted.values()) == 60
    assert ingest.get("/health/ready").json == {"ready": True, "spooled": 60}

    ingest.config.write_text(ingest.config.read_text().replace('"campaigns"."spring"', '"campaigns"."autumn"'))
    ingest.process.send_signal(signal.SIGHUP)
    until(lambda: ingest.log.count("configuration_reloaded") == COUNT, 60, "every worker has read it again")
    assert {ingest.get("/click/autumn").status for _ in range(20)} == {302}

    killed = children(ingest)[0]
    os.kill(killed, signal.SIGKILL)
    until(lambda: ingest.log.count("ingest_listening") == COUNT + 1, 60, "it is started again")
    assert killed not in children(ingest)
    assert re.search(r'"code": ?-9.*worker_ended|worker_ended.*"code": ?-9', ingest.log)
    for number in range(100, 130):
        with suppress(OSError):  # what was waiting for the killed one
            if ingest.get(SENT + str(number)).status == 200:
                taken.add(str(number))
    assert len(taken) > 80
    assert ingest.stop() == 0
    assert ingest.log.count("ingest_stopped") == COUNT
    # Clicks have none: what was answered is in one of the files, whoever had it.
    assert spooled(ingest) - {""} >= taken


def test_when_their_parent_is_killed_the_workers_end_too(ingest: IngestProcess) -> None:
    left = children(ingest)
    assert len(left) == COUNT
    ingest.stop(signal.SIGKILL)
    until(lambda: ingest.log.count("ingest_stopped") == COUNT, 60, "each has seen that it is alone")
    until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in left), 60, "none is left")
