"""Bad input from the topic to the tables: each record is one row with a reason, and the workers go on."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.records import Postback
from schemas.topics import DELIVERIES, EVENTS, INVALID, OUTCOMES, SINK_GROUP, partition_of
from sql.migrate import migrate
from streams.join.state import MAX_CONVERSIONS, MAX_WAITING
from tests.contracts.clickhouse_front import FrontProcess
from tests.contracts.sink_records import rows
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.support.join_samples import HOUR, NOW, click, postback
from tests.support.pipeline import Pipeline
from tests.support.roles import RoleProcess, write_config

pytestmark = pytest.mark.kafka

PARTITIONS = 2
FLOOD = MAX_CONVERSIONS + 500
WHOLE = b'{"v":1,"type":"postback","postback_id":"bad","click_id":"c1","event":"install","network":"acme"'
LATER = 365 * 24 * HOUR

BAD = {
    "missing a field": (WHOLE + b"}", "not_a_record"),
    "a wrong type": (WHOLE + b',"received_at":"soon"}', "not_a_record"),
    "a payout of 1e400": (WHOLE + b',"received_at":1,"payout":1e400}', "not_a_record"),
    "the same in quotes": (WHOLE + b',"received_at":1,"payout":"1e400"}', "not_a_record"),
    "a NUL byte in it": (WHOLE + b',"received_at":1,"txid":"\0"}', "not_json"),
    "NUL bytes": (b"\0\0\0", "not_json"),
    "no text": (b"\xff\xfe", "not_json"),
    "a newer format": (b'{"v":9,"type":"click"}', "newer_format"),
    "nothing": (b"", "not_json"),
    "three megabytes": (WHOLE + b',"received_at":1,"txid":"' + b"x" * 3_000_000 + b'"}', "too_long"),
    "a fraction that no table holds": (WHOLE + b',"received_at":1,"payout":"0.123456789"}', "not_a_record"),
}


@pytest.fixture
def pipeline(kafka: KafkaServer) -> Iterator[Pipeline]:
    made = Pipeline(kafka.bootstrap, PARTITIONS)
    yield made
    made.close()


@pytest.fixture
def dsn(tmp_path: Path) -> Iterator[str]:
    with FrontProcess(tmp_path / "clickhouse") as front:
        dsn = f"http://default@127.0.0.1:{front.port}/clickjoin"
        migrate(dsn)
        yield dsn


@pytest.fixture
def workers(pipeline: Pipeline, dsn: str, tmp_path: Path) -> Iterator[list[RoleProcess]]:
    config = write_config(tmp_path, pipeline.bootstrap, dsn)
    started = [RoleProcess(role, config, tmp_path) for role in ("join", "sink")]
    yield started
    for one in started:
        one.kill()
        print(one.told())


def written(pipeline: Pipeline, workers: list[RoleProcess]) -> None:
    """Wait until the join has decided everything and the sink has written it."""

    def done() -> bool:
        assert all(one.process.poll() is None for one in workers), [one.told() for one in workers]
        topics = (EVENTS, OUTCOMES, INVALID, DELIVERIES)
        return pipeline.lag() == 0 and not any(pipeline.lag(SINK_GROUP, topic) for topic in topics)

    until(done, 120, "everything is decided and written")


def odd(postback_id: str, event: str = "install", **fields: Any) -> Postback:
    """Unusual, but a record."""
    return postback(postback_id, event, wait_ms=LATER, received_at=NOW, **fields)


def test_each_bad_record_is_one_row_with_a_reason_and_the_workers_go_on(
    pipeline: Pipeline, dsn: str, workers: list[RoleProcess]
) -> None:
    ours = partition_of(b"c1", PARTITIONS)
    pipeline.send([click()])
    pipeline.send([value for value, _ in BAD.values()], ours)
    pipeline.send(
        [
            odd("long", click_id="x" * 10_240),
            odd("nul", click_id="c\0d"),
            odd("nobody configured it", "moon_landing"),
            odd("everything", "e" * 64, txid="t" * 1024),
            odd("good"),
        ]
    )
    written(pipeline, workers)
    codes = rows(dsn, "SELECT code, count() FROM invalid FINAL GROUP BY code")
    assert dict(codes) == Counter(code for _, code in BAD.values())
    assert rows(dsn, "SELECT count() FROM invalid FINAL WHERE detail = '' OR kind != 'record'") == [(0,)]
    told = rows(dsn, "SELECT postback_id, outcome, reason, length(click_id) FROM postbacks FINAL ORDER BY postback_id")
    assert told == [
        ("everything", "attributed", "", 2),
        ("good", "attributed", "", 2),
        ("long", "waiting", "no_click", 10_240),
        ("nobody configured it", "attributed", "", 2),
        ("nul", "waiting", "no_click", 3),
    ]
    events = rows(dsn, "SELECT event FROM conversions FINAL WHERE postback_id = 'nobody configured it'")
    assert events == [("moon_landing",)]


def test_one_click_id_for_everybody_is_bounded_and_each_postback_has_its_row(
    pipeline: Pipeline, dsn: str, workers: list[RoleProcess]
) -> None:
    """Where its click came and where it never does; another click in the same partition is served all the same."""
    lost = "pops:0"
    pipeline.send([click()])
    pipeline.send(odd(f"f{n}", "subscribe", repeat="new", txid=f"t{n}") for n in range(FLOOD))
    pipeline.send(odd(f"w{n}", "subscribe", repeat="new", txid=f"t{n}", click_id=lost) for n in range(FLOOD))
    pipeline.send([odd("after"), click("c2"), odd("other", click_id="c2")])
    written(pipeline, workers)
    told = rows(
        dsn,
        "SELECT click_id, outcome, reason, count() FROM postbacks FINAL GROUP BY 1, 2, 3 ORDER BY ALL",
    )
    assert told == [
        ("c1", "attributed", "", MAX_CONVERSIONS),
        ("c1", "unattributed", "too_many_conversions", FLOOD - MAX_CONVERSIONS + 1),
        ("c2", "attributed", "", 1),
        (lost, "unattributed", "too_many_waiting", FLOOD - MAX_WAITING),
        (lost, "waiting", "no_click", MAX_WAITING),
    ]
    assert rows(dsn, "SELECT count() FROM conversions FINAL") == [(MAX_CONVERSIONS + 1,)]
