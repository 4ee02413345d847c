"""The doctor asks a real Kafka and a real ClickHouse."""

import pytest

from clickjoin.doctor.clickhouse import ask_clickhouse
from clickjoin.doctor.kafka import ask_kafka
from schemas.records import Epoch
from schemas.settings.servers import Kafka
from schemas.topics import EVENTS, OUTCOMES, TOPICS
from schemas.wire import decode_event
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of
from tests.kafka_server import KafkaServer
from tests.support.pipeline import Pipeline

PARTITIONS = 2


@pytest.mark.kafka
def test_a_broker_tells_its_topics_its_clock_and_that_it_takes_records(kafka: KafkaServer) -> None:
    settings = Kafka(bootstrap=kafka.bootstrap, partitions=PARTITIONS)
    pipeline = Pipeline(kafka.bootstrap, PARTITIONS)
    try:
        before = ask_kafka(settings, TOPICS)
        assert before.ahead is None  # the first record of all must be the epoch's
        assert pipeline.read(EVENTS) == []
        pipeline.send([Epoch(epoch=0)], 0)
        facts = ask_kafka(settings, [*TOPICS, "no-such-topic"])
        assert (facts.brokers, facts.refused, set(facts.topics)) == (1, "", set(TOPICS))
        assert facts.ahead is not None
        assert abs(facts.ahead) < 60
        assert facts.lost == {"join": 0, "sink": 0, "emit": 0}
        assert facts.topics[EVENTS].configs["message.timestamp.type"] == "LogAppendTime"
        assert facts.topics[OUTCOMES].configs["message.timestamp.type"] == "CreateTime"
        assert {topic[:3] for topic in facts.topics.values()} == {(PARTITIONS, 1, 0)}
        assert [type(decode_event(record.value)).__name__ for record in pipeline.read(EVENTS)] == ["Epoch", "Tick"]
    finally:
        pipeline.close()


def test_clickhouse_tells_its_tables_its_clock_and_its_disk(clickhouse: ClickHouse, database: str) -> None:
    nothing_there = f"http://{clickhouse.user}:{clickhouse.password}@{clickhouse.host}:{clickhouse.port}/{database}"
    assert "001_clicks.sql" in ask_clickhouse(nothing_there).pending
    dsn = dsn_of(clickhouse, database)
    facts = ask_clickhouse(dsn)
    assert (facts.pending, facts.changed, facts.unknown, facts.newest_click_id) == ((), (), (), "")
    assert abs(facts.ahead) < 60
    assert 0 < facts.free_bytes <= facts.total_bytes
