"""The parent of several ingest processes, and what they say together."""

import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ingest.metrics import Metrics
from ingest.peers import labelled

RUN = """
import os, signal, sys
from ingest.workers import Workers
sys.exit(Workers(2, lambda worker: %s).run())
"""


@pytest.mark.parametrize(
    ("life", "code", "ends"),
    [
        ("3 if worker.number else signal.pause()", 3, 1),  # a port that is taken stays taken
        ("1", 1, 5),
        ("os.kill(os.getpid(), signal.SIGKILL)", 1, 5),
    ],
)
def test_workers_that_end_again_and_again_end_all_of_it_loudly(life: str, code: int, ends: int) -> None:
    done = subprocess.run([sys.executable, "-c", RUN % life], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    log = done.stdout + done.stderr
    assert log.count("worker_ended") == ends
    assert log.count("workers_given_up") == 1


def test_what_is_told_to_the_parent_is_told_to_all_and_its_end_is_theirs() -> None:
    life = "(os.write(1, b'up\\n'), signal.pause())"
    with subprocess.Popen([sys.executable, "-c", RUN % life], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        said = [parent.stdout.readline() for _ in range(2)]
        parent.terminate()
        assert said == ["up\n"] * 2
        assert parent.wait(60) == 1  # they were killed by it, as nothing in them took the signal
        assert "worker_ended" not in parent.stdout.read()


def test_what_several_count_is_one_exposition_with_a_family_once() -> None:
    texts = {}
    for number in range(3):
        metrics = Metrics()
        for _ in range(number + 1):
            metrics.count_request("postback", 200)
        metrics.publish_seconds.observe(0.003)
        texts[number] = metrics.text().decode()
    families = list(text_string_to_metric_families(labelled(texts).decode()))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    requests = next(family for family in families if family.name == "clickjoin_ingest_requests")
    counted = {one.labels["worker"]: one.value for one in requests.samples if one.name.endswith("_total")}
    assert counted == {"0": 1, "1": 2, "2": 3}
    alone = {family.name: family.type for family in text_string_to_metric_families(texts[0])}
    assert {family.name: family.type for family in families} == alone
