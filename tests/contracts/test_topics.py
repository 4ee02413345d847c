"""Topics are made as the design wants them, and refused where they are not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from clickjoin.cli.app import app
from clickjoin.embedded.errors import CannotStartError
from clickjoin.embedded.ports import free_port
from clickjoin.topics.made import TOPIC_CONFIGS, ensure_topics
from schemas.settings.servers import Kafka
from schemas.topics import CATALOGUE, DELIVERIES, EVENTS, INVALID, TOPICS
from tests.kafka_server import KafkaServer
from tests.polling import until

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A broker of our own: the topics have fixed names."""
    server = KafkaServer(tmp_path_factory.mktemp("topics"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def broker(empty: KafkaServer) -> Iterator[KafkaServer]:
    yield empty
    admin = KafkaAdminClient(bootstrap_servers=empty.bootstrap)
    if topics := admin.list_topics():
        admin.delete_topics(topics)
        until(lambda: admin.list_topics() == [], 30, "the topics are deleted")
    admin.close()


def settings(broker: KafkaServer, partitions: int = 2, replication: int = 1) -> Kafka:
    return Kafka(bootstrap=broker.bootstrap, partitions=partitions, replication=replication)


def make(broker: KafkaServer, name: str, partitions: int, **configs: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": configs}
    admin.create_topics({name: wanted}, wait_for_metadata=True)
    admin.close()


def test_all_are_made_with_equal_partitions_but_for_the_catalogue_s_one_and_their_settings(broker: KafkaServer) -> None:
    ensure_topics(settings(broker))
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    assert {t["name"]: len(t["partitions"]) for t in admin.describe_topics()} == {
        **dict.fromkeys(TOPICS, 2),
        CATALOGUE: 1,
    }
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in TOPIC_CONFIGS]
    found = admin.describe_configs(resources)["topic"]
    admin.close()
    for name, wanted in TOPIC_CONFIGS.items():
        assert {key: found[name][key]["value"] for key in wanted} == dict(wanted)
    assert found[EVENTS]["message.timestamp.type"]["value"] == "LogAppendTime"


def test_doing_it_again_changes_nothing(broker: KafkaServer) -> None:
    ensure_topics(settings(broker))
    ensure_topics(settings(broker))


def test_what_is_missing_is_made_beside_what_is_there(broker: KafkaServer) -> None:
    make(broker, INVALID, 2)
    ensure_topics(settings(broker))


def test_another_number_of_partitions_is_refused_with_both_numbers(broker: KafkaServer) -> None:
    make(broker, INVALID, 3)
    with pytest.raises(
        CannotStartError, match=r"\[kafka\] partitions = 2.*invalid has 3.*set \[kafka\] partitions = 3"
    ):
        ensure_topics(settings(broker))


def test_events_that_carry_the_senders_clocks_are_refused(broker: KafkaServer) -> None:
    make(broker, EVENTS, 2)
    with pytest.raises(CannotStartError, match="CreateTime, it must be LogAppendTime"):
        ensure_topics(settings(broker))


def test_more_replicas_than_brokers_is_refused_in_the_brokers_words(broker: KafkaServer) -> None:
    with pytest.raises(CannotStartError, match=r"refused the topic .*eplication factor"):
        ensure_topics(settings(broker, replication=3))


def test_a_broker_that_is_away_is_named_with_its_key(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with pytest.raises(CannotStartError, match=rf"no Kafka listens on {nobody}.*\[kafka\] bootstrap"):
        ensure_topics(Kafka(bootstrap=nobody), patience=0)


def test_check_holds_waits_against_what_the_topics_there_really_keep(broker: KafkaServer, tmp_path: Path) -> None:
    day = 86_400_000
    make(broker, DELIVERIES, 2, **{"retention.ms": str(day // 2)})
    make(broker, EVENTS, 2, **{"retention.ms": "-1"})
    file = tmp_path / "clickjoin.toml"
    file.write_text(f'[kafka]\nport = {broker.bootstrap.rpartition(":")[2]}\n[emit]\nhold = "12h"\n')
    told = json.loads(CliRunner().invoke(app, ["check", "--json", "--config", str(file)]).stdout)
    assert [(one["path"], one["value"]) for one in told["warnings"]] == [("emit.schedule[7]", "1d")]
    assert "deliveries keeps records for 12h" in told["warnings"][0]["message"]
