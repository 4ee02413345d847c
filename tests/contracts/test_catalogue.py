"""The catalogue on a real broker, and an ingest that follows it."""

import http.client
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from prometheus_client.parser import text_string_to_metric_families

from clickjoin.catalogue.change import Writer
from clickjoin.catalogue.kept import FILE, read_kept
from clickjoin.catalogue.topic import KafkaLog, TopicAwayError, append
from clickjoin.embedded.ports import free_port
from clickjoin.topics.made import ensure_topics
from schemas.catalogue import NONE, Change, ChangedMeanwhileError, Revision
from schemas.settings.servers import Kafka
from schemas.topics import CATALOGUE, TOPICS
from tests.forked import Forked
from tests.ingest_process import toml
from tests.ingest_samples import tree
from tests.kafka_server import KafkaServer
from tests.polling import until

pytestmark = pytest.mark.kafka
SUMMER = "campaigns/summer"


class FollowingIngest:
    """`clickjoin ingest`, as it is started on one machine or another."""

    def __init__(self, folder: Path, bootstrap: str) -> None:
        self.port, self.data = free_port(), folder / "data"
        self._log, config = folder / "ingest.log", folder / "clickjoin.toml"
        listen = {"listen": f"127.0.0.1:{self.port}", "click_timeout": "30s", "spool_after": "30s"}
        config.write_text(toml(tree(kafka={"bootstrap": bootstrap}, ingest=listen)), encoding="utf-8")
        options = ["--config", str(config), "--data", str(self.data)]
        self.process = Forked("clickjoin", ["ingest", *options], self._log)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def where(self, campaign: str) -> tuple[int, str]:
        """Status of a click, and where its visitor is sent, without what comes behind the host."""
        assert self.process.poll() is None, self.log
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", f"/click/{campaign}")
            answer = connection.getresponse()
            return answer.status, (answer.getheader("location") or "").partition("/?")[0]
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def version(self) -> int:
        """Of the catalogue by which it says that it answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/metrics")
        families = text_string_to_metric_families(connection.getresponse().read().decode())
        connection.close()
        name = "clickjoin_ingest_catalogue_version"
        return next(int(one.value) for family in families for one in family.samples if one.name == name)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log


@pytest.fixture(scope="module")
def servers(kafka: KafkaServer) -> Kafka:
    """The broker with new topics."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    ours = {*TOPICS, CATALOGUE}
    if old := sorted(ours & set(admin.list_topics())):
        admin.delete_topics(old)
        until(lambda: not ours & set(admin.list_topics()), 30, "the old topics are gone")
    admin.close()
    settings = Kafka(bootstrap=kafka.bootstrap, partitions=2)
    ensure_topics(settings)
    return settings


@pytest.fixture(scope="module")
def ingest(servers: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FollowingIngest]:
    process = FollowingIngest(tmp_path_factory.mktemp("following"), servers.bootstrap)
    until(lambda: process.where("spring")[0] == 302, 60, "ingest answers")
    yield process
    process.stop()


@pytest.fixture(scope="module")
def writer(servers: Kafka) -> Writer:
    whole = tree(kafka={"bootstrap": servers.bootstrap})
    return Writer(lambda: whole, KafkaLog(servers), lambda catalogue: None)


def campaign(**more: object) -> Change:
    return Change("campaigns", "summer", {"source": "free", "offers": ["quiz"], **more})


def test_a_change_is_in_effect_within_seconds_and_without_a_restart(writer: Writer, ingest: FollowingIngest) -> None:
    assert ingest.where("summer")[0] == 404
    rest = Change("offers", "rest", {"network": "near", "url": "https://rest.example/?c={click_id}"})
    writer.change("anna", [rest, campaign(trafficback="rest")], {SUMMER: NONE})
    until(lambda: ingest.where("summer") == (302, "https://quiz.example"), 10, "summer leads to its offer")
    writer.change("anna", [campaign(trafficback="rest", paused=True)], {})
    until(lambda: ingest.where("summer") == (302, "https://rest.example"), 10, "summer is paused")
    writer.take_back("ben", writer.read().version)
    until(lambda: ingest.where("summer") == (302, "https://quiz.example"), 10, "summer runs again")
    assert [past.revision.author for past in writer.past()][:2] == ["ben", "anna"]
    assert ingest.version() == writer.read().version >= 2


def test_of_two_who_append_on_one_version_the_broker_s_order_decides(writer: Writer, servers: Kafka) -> None:
    base = writer.read().version
    change = Change("landers", "one", {"url": "https://lander.example/?click_id={click_id}"})
    for author in ("first", "second"):
        append(servers, Revision(base=base, at=1, author=author, changes=(change,)))
    found = writer.read()
    assert (found.version, found.entries["landers/one"].author) == (base + 1, "first")
    with pytest.raises(ChangedMeanwhileError):
        writer.change("third", [change], {"landers/one": NONE})
    writer.change("third", [Change("landers", "one")], {"landers/one": base + 1})
    assert writer.read().entries.keys() == {SUMMER, "offers/rest"}


def test_a_whole_that_is_wrong_changes_nothing_in_who_follows_and_is_told(
    writer: Writer, servers: Kafka, ingest: FollowingIngest
) -> None:
    broken = Change("offers", "rest")  # as one whose environment holds other variables might have it
    append(servers, Revision(base=writer.read().version, at=1, author="anna", changes=(broken,)))
    until(lambda: "configuration_kept" in ingest.log, 10, "ingest says that it keeps what it had")
    assert "there is no [offers.rest]" in ingest.log
    assert ingest.where("summer") == (302, "https://quiz.example")
    assert ingest.version() == writer.read().version - 1  # and its metrics say that it is behind
    writer.take_back("anna", writer.read().version)


def test_who_starts_while_the_broker_is_away_goes_by_the_last_copy(
    writer: Writer, ingest: FollowingIngest, tmp_path: Path
) -> None:
    until(lambda: read_kept(ingest.data) == writer.read(), 10, "the copy is as the topic")
    (tmp_path / "data").mkdir()
    os.link(ingest.data / FILE, tmp_path / "data" / FILE)
    alone = FollowingIngest(tmp_path, f"127.0.0.1:{free_port()}")
    until(lambda: alone.where("summer") == (302, "https://quiz.example"), 60, "summer is known")
    assert "catalogue_away" in alone.log
    alone.stop()


def test_a_broker_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with pytest.raises(TopicAwayError, match=f"nobody answers at {nobody}"):
        Writer(tree, KafkaLog(Kafka(bootstrap=nobody)), lambda catalogue: None).read()
