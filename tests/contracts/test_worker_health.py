"""A worker's container is healthy while its group counts on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer

from clickjoin.embedded.ports import free_port
from clickjoin.health import in_group, main
from schemas.settings.servers import Kafka
from schemas.topics import JOIN_GROUP
from tests.kafka_server import KafkaServer
from tests.polling import until

pytestmark = pytest.mark.kafka


@pytest.fixture
def member(kafka: KafkaServer) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(kafka.fresh_topic(), bootstrap_servers=kafka.bootstrap, group_id=JOIN_GROUP)
    until(lambda: consumer.poll(100) == {} and consumer.assignment(), 30, "the group took it in")
    yield consumer
    consumer.close()


def test_a_member_of_the_group_is_healthy_and_others_are_not(kafka: KafkaServer, member: KafkaConsumer) -> None:
    settings = Kafka(bootstrap=kafka.bootstrap)
    assert in_group("join", settings)
    assert not in_group("sink", settings)


def test_who_left_the_group_is_not_healthy(kafka: KafkaServer, member: KafkaConsumer) -> None:
    member.close()
    until(lambda: not in_group("join", Kafka(bootstrap=kafka.bootstrap)), 10, "the group knows")


def test_a_broker_that_is_away_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "clickjoin.toml"
    nobody = f"127.0.0.1:{free_port()}"
    config.write_text(f'[kafka]\nbootstrap = "{nobody}"\n[ingest]\nsecrets = ["{"0123456789abcdef" * 2}"]\n')
    assert main("join", str(config)) == 1
    assert nobody in capsys.readouterr().err
