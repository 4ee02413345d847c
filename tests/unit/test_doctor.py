"""What the doctor thinks of what it is told, and that each thing it finds says what to do."""

from typing import Any

import pytest

from clickjoin.doctor import rules
from clickjoin.doctor.facts import ClickHouseFacts, Finding, KafkaFacts, MachineFacts, PortFacts, TopicFacts
from clickjoin.doctor.kafka import ahead_of
from clickjoin.topics.made import EVERY_TOPIC, TOPIC_CONFIGS
from schemas.ids import mint_click_id
from schemas.settings.file import Settings
from schemas.settings.servers import Kafka
from schemas.topics import EVENTS, TOPICS

WANTED = {name: {**EVERY_TOPIC, **TOPIC_CONFIGS[name]} for name in TOPICS}
TOPIC = {name: TopicFacts(8, 1, 0, configs) for name, configs in WANTED.items()}
WELL = KafkaFacts(1, TOPIC, {"join": 0}, "", 0.1)
SECRET = b"0123456789abcdef0123456789abcdef"
TABLES = ClickHouseFacts((), (), (), 0.0, 80 << 30, 100 << 30, mint_click_id(SECRET, 1, b"01234567"))
PORT = PortFacts("[ingest] listen", "127.0.0.1:8080", "free")
MACHINE = MachineFacts("data", True, 80 << 30, 100 << 30, 65536, 0o600, (PORT,))


def of_events(**fields: Any) -> list[Finding]:
    """What is found where the topic `events` differs in this."""
    topics = TOPIC | {EVENTS: TOPIC[EVENTS]._replace(**fields)}
    return wrong(rules.of_kafka(WELL._replace(brokers=3, topics=topics), WANTED, Kafka()), about=f"topic {EVENTS}")


def wrong(found: list[Finding], about: str = "") -> list[Finding]:
    return [finding for finding in found if finding.weight != "good" and finding.about.startswith(about)]


def with_config(key: str, value: str) -> list[Finding]:
    return [one for one in of_events(configs=WANTED[EVENTS] | {key: value}) if one.weight == "bad"]


def test_where_everything_fits_nothing_is_to_be_done() -> None:
    found = rules.of_kafka(WELL, WANTED, Kafka())
    found += rules.of_clickhouse(TABLES, (SECRET,)) + rules.of_machine(MACHINE, Settings())
    assert wrong(found) == []
    assert [finding for finding in found if finding.todo] == []


def test_whatever_does_not_fit_says_what_to_do() -> None:
    ill = KafkaFacts(1, {EVENTS: TopicFacts(4, 1, 2, {})}, {"sink": 7}, "NotEnoughReplicas", -70.0)
    tables = ClickHouseFacts(("001.sql",), ("002.sql",), (99,), 3.0, 1, 100, TABLES.newest_click_id)
    ports = tuple(PORT._replace(state=state) for state in ("another's", "unusable"))
    machine = MachineFacts("data", False, 1, 100, 1024, 0o644, ports)
    found = rules.of_kafka(ill, WANTED, Kafka(replication=3))
    found += rules.of_clickhouse(tables, (b"another",)) + rules.of_machine(machine, Settings())
    assert len(found) > 18
    assert [finding for finding in found if finding.weight != "good" and not finding.todo] == []
    assert {finding.weight for finding in found} == {"warn", "bad"}


def test_topics_that_are_missing_are_named() -> None:
    few = {name: TOPIC[name] for name in TOPICS if name != EVENTS}
    (missing,) = wrong(rules.of_kafka(WELL._replace(topics=few), WANTED, Kafka()))
    assert missing == Finding("bad", "topics", "there is no events", "run: clickjoin migrate")


def test_events_without_the_brokers_clock_are_bad_and_the_command_that_mends_it_is_told() -> None:
    (found,) = with_config("message.timestamp.type", "CreateTime")
    assert found.what == "message.timestamp.type = CreateTime, it needs LogAppendTime"
    assert found.todo.endswith("--alter --topic events --add-config message.timestamp.type=LogAppendTime")


@pytest.mark.parametrize(
    ("kept", "fits"), [("-1", True), ("1209600000", True), ("1209600001", True), ("86400000", False)]
)
def test_a_log_may_be_kept_longer_than_is_needed_and_not_shorter(kept: str, fits: bool) -> None:
    assert (with_config("retention.ms", kept) == []) == fits


def test_what_is_kept_for_ever_may_not_be_kept_for_a_time() -> None:
    found = rules.of_kafka(WELL, {EVENTS: {**WANTED[EVENTS], "retention.ms": "-1"}}, Kafka())
    assert [one.what for one in wrong(found)] == ["retention.ms = 1209600000, it needs -1 or more"]


def test_one_copy_on_several_brokers_is_a_warning() -> None:
    assert [(one.weight, one.about) for one in of_events()] == [("warn", "topic events")]
    assert of_events(replicas=3) == []


def test_records_that_were_removed_unread_are_bad() -> None:
    (found,) = wrong(rules.of_kafka(WELL._replace(lost={"join": 0, "sink": 12}), WANTED, Kafka()))
    assert (found.weight, found.about, found.what[:10]) == ("bad", "sink", "12 records")


@pytest.mark.parametrize(("ahead", "weight"), [(0.0, "good"), (1.9, "good"), (-2.0, "warn"), (59, "warn"), (61, "bad")])
def test_clocks_may_differ_by_less_than_two_seconds(ahead: float, weight: str) -> None:
    found = {one.about: one for one in rules.of_kafka(WELL._replace(ahead=ahead), WANTED, Kafka())}["Kafka's clock"]
    assert found.weight == weight
    assert ("after" in found.what) == (ahead < -1)


def test_a_clock_differs_by_what_the_time_of_asking_cannot_explain() -> None:
    assert ahead_of(105.0, 100.0, 110.0) == 0
    assert ahead_of(112.0, 100.0, 110.0) == 2
    assert ahead_of(97.0, 100.0, 110.0) == -3


def test_a_click_id_that_none_of_the_secrets_made_is_found_before_its_postbacks_are_refused() -> None:
    assert [one.about for one in wrong(rules.of_clickhouse(TABLES, (b"another",)))] == ["secrets"]
    assert wrong(rules.of_clickhouse(TABLES, (b"another", SECRET))) == []
    assert wrong(rules.of_clickhouse(TABLES, ())) == []


def test_tables_of_a_newer_release_are_a_warning_and_of_an_older_one_bad() -> None:
    assert [one.weight for one in wrong(rules.of_clickhouse(TABLES._replace(unknown=(99,)), ()))] == ["warn"]
    assert [one.weight for one in wrong(rules.of_clickhouse(TABLES._replace(pending=("014.sql",)), ()))] == ["bad"]


@pytest.mark.parametrize(("free", "weight"), [(16, "good"), (14, "warn"), (4, "bad")])
def test_a_seventh_of_a_disk_is_to_be_free(free: int, weight: str) -> None:
    found = rules.of_machine(MACHINE._replace(free_bytes=free << 30), Settings())
    assert {one.about: one.weight for one in found}["folder data"] == weight


def test_the_spool_must_fit_on_the_disk() -> None:
    (found,) = wrong(rules.of_machine(MACHINE._replace(free_bytes=1 << 29, total_bytes=1 << 30), Settings()))
    assert "spool_bytes" in found.todo


def test_a_process_must_be_allowed_as_many_files_as_emit_has_connections() -> None:
    assert wrong(rules.of_machine(MACHINE._replace(open_files=3072), Settings())) == []
    (found,) = wrong(rules.of_machine(MACHINE._replace(open_files=3071), Settings()))
    assert "LimitNOFILE" in found.todo
