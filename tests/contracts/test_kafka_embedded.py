"""The embedded Kafka keeps what it acknowledged, and says what is wrong when it cannot start."""

import os
import socket
from itertools import islice
from pathlib import Path

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.record import MemoryRecords

from clickjoin.embedded.children import start
from clickjoin.embedded.errors import CannotStartError
from clickjoin.embedded.kafka import EmbeddedKafka
from clickjoin.embedded.kafka.jars import JARS_VARIABLE, fetch, jar_folder, locked_jars
from clickjoin.embedded.kafka.storage import CHECKPOINT, write_storage
from clickjoin.embedded.ports import Port, check_ports, free_port
from tests.kafka_server import KafkaServer

pytestmark = pytest.mark.kafka


def produce(kafka: KafkaServer, topic: str, values: list[bytes]) -> None:
    """Every value acknowledged, or an error."""
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    for sent in [producer.send(topic, value) for value in values]:
        sent.get(30)
    producer.close()


def consume(kafka: KafkaServer, topic: str) -> list[bytes]:
    """All that lies there; less where nothing comes for so long that no busy machine explains it."""
    consumer = KafkaConsumer(
        bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=30_000
    )
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    values = [record.value for record in islice(consumer, consumer.end_offsets([place])[place])]
    consumer.close()
    return values


def test_what_is_produced_is_consumed(kafka: KafkaServer) -> None:
    topic = kafka.fresh_topic()
    values = [b"%d" % n for n in range(100)]
    produce(kafka, topic, values)
    assert consume(kafka, topic) == values


def test_kill_9_keeps_what_was_acknowledged(kafka: KafkaServer) -> None:
    topic = kafka.fresh_topic()
    values = [b"%d" % n for n in range(1000)]
    produce(kafka, topic, values)
    kafka.kill()
    kafka.restart()
    assert consume(kafka, topic) == values


def test_an_orderly_restart_keeps_everything(kafka: KafkaServer) -> None:
    topic = kafka.fresh_topic()
    produce(kafka, topic, [b"kept"])
    kafka.restart()
    assert consume(kafka, topic) == [b"kept"]


def test_only_loopback_can_reach_it(kafka: KafkaServer) -> None:
    listening = [c.laddr.ip for c in psutil.Process(kafka.pid).net_connections("inet") if c.status == "LISTEN"]
    assert len(listening) == 2  # the broker and its controller
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_the_log_is_a_file_in_its_folder(kafka: KafkaServer) -> None:
    assert (kafka.kafka.folder / "kafka.log").exists()


def test_a_format_that_was_cut_off_is_done_again(kafka: KafkaServer, tmp_path: Path) -> None:
    half_done = tmp_path / "kafka" / "log.new"
    half_done.mkdir(parents=True)
    (half_done / "meta.properties").write_text("version=1\n")
    other = KafkaServer(tmp_path / "kafka")
    other.start()
    try:
        produce(other, other.fresh_topic(), [b"works"])
    finally:
        other.stop()


def test_the_storage_of_a_new_broker_is_what_kafkas_own_tool_formats(kafka: KafkaServer, tmp_path: Path) -> None:
    other = EmbeddedKafka(tmp_path, free_port(), kafka.kafka.jars)
    other.format_by_tool("theirs")
    write_storage(tmp_path / "ours")
    theirs, ours = (_storage(tmp_path / name) for name in ("theirs", "ours"))
    assert ours == theirs


def _storage(folder: Path) -> tuple[set[str], dict[str, str], list[bytes]]:
    """The files of a formatted folder, its properties without the IDs, and the features a new cluster has."""
    lines = (folder / "meta.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert {len(properties.pop("cluster.id")), len(properties.pop("directory.id"))} == {22}
    records = MemoryRecords((folder / CHECKPOINT).read_bytes())
    features = []
    while (batch := records.next_batch()) is not None:
        if not batch.is_control_batch:
            features += [record.value for record in batch]
    assert features
    return {file.name for file in folder.iterdir()}, properties, features


def test_a_taken_port_is_named_together_with_the_key_that_changes_it(kafka: KafkaServer) -> None:
    with pytest.raises(CannotStartError) as caught:
        check_ports([Port(kafka.kafka.port, "[kafka] port")], patience=0)
    assert f"port {kafka.kafka.port}" in str(caught.value)
    assert "change [kafka] port" in str(caught.value)


def test_without_network_and_jars_the_error_says_what_to_set_instead(tmp_path: Path) -> None:
    with socket.socket() as nobody:  # bound, never listening: refused at once
        nobody.bind(("127.0.0.1", 0))
        repository = f"http://127.0.0.1:{nobody.getsockname()[1]}/maven2"
        with pytest.raises(CannotStartError) as caught:
            fetch(tmp_path / "cache" / "kafka", repository, known=[])
    message = str(caught.value)
    assert repository in message
    assert str(tmp_path / "cache" / "kafka") in message
    assert '[kafka] bootstrap = "host:9092"' in message
    assert '[kafka] jars = "DIR"' in message


def test_jars_that_are_there_need_no_network(kafka: KafkaServer, tmp_path: Path) -> None:
    folder = fetch(kafka.kafka.jars, "http://127.0.0.1:1/nothing/listens/here", known=[])
    assert {jar.file_name for jar in locked_jars()} <= set(os.listdir(folder))


def test_a_folder_without_kafkas_jars_is_refused_by_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotStartError, match=r"\[kafka\] jars = .*no kafka_2.13"):
        jar_folder(str(tmp_path))
    monkeypatch.setenv(JARS_VARIABLE, str(tmp_path))
    with pytest.raises(CannotStartError, match=f"{JARS_VARIABLE} = .*no kafka_2.13"):
        jar_folder()


def test_damaged_jars_are_never_used(kafka: KafkaServer, tmp_path: Path) -> None:
    """A local Maven repository with a jar cut short: its bytes are refused, and without network that is the error."""
    jar = locked_jars()[0]
    group, artifact, version = jar.coordinate.split(":")
    place = tmp_path / "m2" / Path(*group.split(".")) / artifact / version
    place.mkdir(parents=True)
    (place / jar.file_name).write_bytes((kafka.kafka.jars / jar.file_name).read_bytes()[:-1])
    with pytest.raises(CannotStartError):
        fetch(tmp_path / "cache" / "kafka", "http://127.0.0.1:1/nothing", known=[tmp_path / "m2"])
    assert not (tmp_path / "cache" / "kafka" / jar.file_name).exists()


def test_storage_that_cannot_be_formatted_says_why(kafka: KafkaServer, tmp_path: Path) -> None:
    broken = EmbeddedKafka(tmp_path / "kafka", free_port(), tmp_path)  # a class path with nothing on it
    with pytest.raises(CannotStartError, match="could not format"):
        start(broken.child())
