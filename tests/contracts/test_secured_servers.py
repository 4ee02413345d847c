"""Kafka with TLS and SASL, ClickHouse with TLS and a password: from a click to its row, and clear words."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from clickjoin.doctor.examine import examine
from clickjoin.doctor.facts import Finding
from clickjoin.embedded.ports import free_port
from clickjoin.prepare import prepare
from presets.load import load_settings
from schemas.settings.file import Settings
from sql.connect import connect
from tests.contracts.clickhouse_front import FrontProcess
from tests.forked import Forked
from tests.polling import until
from tests.support.roles import RoleProcess
from tests.support.secured import CERTIFICATE, PASSWORD, USER, SecuredKafka, tls_before

pytestmark = pytest.mark.kafka

SECRETS = {"KAFKA_PASSWORD": PASSWORD, "CH_PASSWORD": "pass/word: 1", "KEY": "a-key-of-acme"}
CONFIG = """
[kafka]
bootstrap = "{kafka}"
partitions = 1
session_timeout = "6s"
[kafka.security]
protocol = "SASL_SSL"
mechanism = "SCRAM-SHA-512"
username = "{user}"
password = "env:KAFKA_PASSWORD"
ca_file = "{ca}"
[clickhouse]
url = "https://clickjoin:env:CH_PASSWORD@localhost:{clickhouse}/clickjoin"
ca_file = "{ca}"
[ingest]
listen = "127.0.0.1:{ingest}"
secrets = ["0123456789abcdef0123456789abcdef"]
[events.install]
step = 1
[networks.acme]
key = "env:KEY"
[sources.pops]
[offers.game]
network = "acme"
url = "https://offer.example/?s={{click_id}}"
[campaigns.spring]
source = "pops"
offers = ["game"]
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("secured")
    (folder / "users.toml").write_text(f'[clickjoin]\npassword = "{SECRETS["CH_PASSWORD"]}"\n')
    server = SecuredKafka(folder / "kafka").start()
    try:
        server.add_user()
        with (
            FrontProcess(folder / "clickhouse", "--users", str(folder / "users.toml")) as front,
            tls_before(front.port) as port,
        ):
            names = {
                "kafka": server.secured,
                "clickhouse": port,
                "ingest": free_port(),
                "user": USER,
                "ca": CERTIFICATE,
            }
            (folder / "clickjoin.toml").write_text(CONFIG.format(**names))
            yield folder / "clickjoin.toml"
    finally:
        server.stop()


def settings(config: Path, **other: str) -> Settings:
    return load_settings(config, SECRETS | other)


def bad(settings: Settings, folder: Path) -> list[Finding]:
    return [one for one in examine(settings, folder) if one.weight == "bad"]


def test_from_a_click_to_its_row_everything_goes_by_tls_and_passwords(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    found = settings(config)
    prepare(found)
    options = ["--config", str(config), "--data", str(tmp_path)]
    roles = [RoleProcess(role, config, tmp_path) for role in ("join", "sink")]
    ingest = Forked("clickjoin", ["ingest", *options], tmp_path / "ingest.log")
    try:
        for role in roles:
            role.until_ready()
        base = f"http://{found.ingest.listen}"
        until(lambda: answers(f"{base}/health/ready"), 60, "ingest is ready")
        click_id = clicked(f"{base}/click/spring?source_click_id=s1")
        assert answers(f"{base}/postback/acme?key={SECRETS['KEY']}&click_id={click_id}&event=install")
        client = connect(found.clickhouse.dsn)
        wanted = f"SELECT count() FROM conversions FINAL WHERE click_id = '{click_id}'"
        until(lambda: client.query(wanted).result_rows == [(1,)], 90, "the conversion is in its table")
        client.close()
        assert bad(found, tmp_path) == []
    finally:
        for process in (ingest, *(role.process for role in roles)):
            process.kill()
            process.wait(30)
    logs = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert [name for name, secret in SECRETS.items() if secret in logs] == []


@pytest.mark.parametrize(("name", "about"), [("KAFKA_PASSWORD", "Kafka"), ("CH_PASSWORD", "ClickHouse")])
def test_a_wrong_password_is_told_as_such_and_is_not_shown(config: Path, tmp_path: Path, name: str, about: str) -> None:
    wrong = settings(config, **{name: "hunter2-hunter2"})

    def refused() -> Finding | None:  # a busy machine may keep a server from answering in the doctor's time
        return next((one for one in bad(wrong, tmp_path) if one.about == about and "uthentication" in one.what), None)

    found = until(refused, 20, "the doctor says who was refused")
    assert found
    assert found.todo
    assert "hunter2" not in str(found)


def test_who_signed_a_certificate_must_be_known(config: Path, tmp_path: Path) -> None:
    found = settings(config)
    kafka = found.kafka.model_copy(update={"security": found.kafka.security.model_copy(update={"ca_file": ""})})
    strangers = found.model_copy(
        update={"kafka": kafka, "clickhouse": found.clickhouse.model_copy(update={"ca_file": ""})}
    )
    told = [one for one in bad(strangers, tmp_path) if one.about in ("Kafka", "ClickHouse")]
    assert len(told) == 2
    assert all("certificate" in one.what for one in told)


def answers(url: str) -> bool:
    """Whether it answers 200."""
    try:
        with urlopen(url, timeout=20) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def clicked(url: str) -> str:
    """The click ID of a visit."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    connection.request("GET", f"{parts.path}?{parts.query}")
    location = connection.getresponse().headers["location"]
    connection.close()
    return str(location).rpartition("=")[2]
