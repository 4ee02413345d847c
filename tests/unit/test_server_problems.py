"""What does not go together in how servers of one's own are reached is told before anything starts."""

from pathlib import Path
from typing import Any

import pytest

from clickjoin.authorities import unusable_authorities
from schemas.settings.file import Settings
from schemas.settings.validation import validate

SECRETS = ["0123456789abcdef0123456789abcdef"]
OWN = {"kafka": {"bootstrap": "broker:9092"}, "ingest": {"secrets": SECRETS}}
SASL = {"protocol": "SASL_SSL", "mechanism": "PLAIN", "username": "u", "password": "env:PW"}
CERTIFICATE = Path(__file__).parents[1] / "data" / "stand_in.pem"


def told(security: dict[str, Any], **clickhouse: str) -> list[str]:
    kafka = {"bootstrap": "broker:9092", "security": security}
    tree = {"kafka": kafka, "ingest": {"secrets": SECRETS}, "clickhouse": clickhouse}
    return [str(problem) for problem in validate(tree, {"PW": "hunter2-hunter2"})[1]]


@pytest.mark.parametrize("security", [{}, {"protocol": "SSL"}, {"protocol": "SSL", "ca_file": "ca.pem"}, SASL])
def test_what_goes_together_is_right(security: dict[str, Any]) -> None:
    assert told(security) == []


@pytest.mark.parametrize(
    ("security", "words"),
    [
        ({**SASL, "password": ""}, 'kafka.security.password = "***": a secret cannot be empty'),
        ({"protocol": "SASL_SSL", "mechanism": "PLAIN"}, "needs mechanism, username and password: username, password"),
        ({"mechanism": "PLAIN"}, 'kafka.security.mechanism = "PLAIN": counts with SASL alone'),
        ({"ca_file": "ca.pem"}, 'kafka.security.ca_file = "ca.pem": counts with TLS alone'),
        ({"protocol": "TLS"}, "write 'PLAINTEXT', 'SSL'"),
    ],
)
def test_what_does_not_is_told_with_what_would_be_right(security: dict[str, Any], words: str) -> None:
    (problem,) = told(security)
    assert words in problem
    assert "hunter2" not in problem


def test_the_embedded_kafka_speaks_neither_tls_nor_sasl() -> None:
    (problem,) = validate({"kafka": {"security": SASL}}, {"PW": "hunter2-hunter2"})[1]
    assert "name brokers of yours" in str(problem)


def test_an_authority_for_clickhouse_counts_with_https_alone() -> None:
    assert told({}, url="https://u:env:PW@host:8443", ca_file="/etc/ch ca.pem") == []
    (problem,) = told({}, url="http://u:env:PW@host:8123", ca_file="ca.pem")
    assert 'clickhouse.ca_file = "ca.pem": counts with TLS alone: write url = "https://…"' in problem


def test_the_authority_stands_in_the_address_that_clients_are_given() -> None:
    clickhouse = {"url": "https://u:pw@host:8443", "ca_file": "/etc/ch ca.pem"}
    found = Settings.model_validate({"clickhouse": clickhouse}, context={"env": {}})
    assert found.clickhouse.dsn == "https://u:pw@host:8443/clickjoin?ca_cert=%2Fetc%2Fch%20ca.pem"


@pytest.mark.parametrize(("text", "words"), [(None, "cannot be read: No such"), ("no pem", "holds no certificate")])
def test_a_file_of_authorities_that_cannot_be_used_is_named(tmp_path: Path, text: str | None, words: str) -> None:
    file = tmp_path / "ca.pem"
    if text:
        file.write_text(text)
    tree = OWN | {"kafka": {"bootstrap": "broker:9092", "security": {"protocol": "SSL", "ca_file": str(file)}}}
    settings = Settings.model_validate(tree, context={"env": {}})
    (problem,) = unusable_authorities(settings)
    assert (problem.path, problem.value) == ("kafka.security.ca_file", f'"{file}"')
    assert words in problem.message
    file.write_text(CERTIFICATE.read_text())
    assert list(unusable_authorities(settings)) == []
