"""compose.yaml is valid, and says the same as the code and the configuration beside it. (It is not run: no Docker.)"""

import json
import re
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from clickjoin.alerts.run import EVERY_SECONDS
from clickjoin.data_folder import looked_file
from clickjoin.embedded.kafka.jars import VERSION
from clickjoin.embedded.kafka.properties import broker_properties
from presets.load import load_settings
from schemas.settings.file import Settings

ROOT = Path(__file__).parents[2]
ROLES = ("ingest", "join", "sink", "emit")
PAGES = "dashboard"
ALERTS = "alerts"
ONCE = ("migrate",)
PROFILES = {"prometheus": "monitoring", "grafana": "monitoring", "caddy": "https"}
"""Of others' images."""
SERVICES = ("kafka", "clickhouse", *ONCE, *ROLES, PAGES, ALERTS, *PROFILES)
HASH = "DASHBOARD_PASSWORD_HASH"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = YAML(typ="safe", pure=True).load(ROOT / "compose.yaml")
    assert isinstance(loaded, dict)
    return loaded


def secrets_named_in(text: str) -> set[str]:
    return set(re.findall(r"\benv:([A-Z_]+)", re.sub(r"#.*", "", text)))


def mounted_settings() -> Settings:
    path = ROOT / "deploy" / "clickjoin.toml"
    names = secrets_named_in(path.read_text())
    return load_settings(path, dict.fromkeys(names, "0123456789abcdef0123456789abcdef") | {HASH: "$argon2id$v=19$hash"})


def test_it_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    """With the schema that `check-jsonschema --builtin-schema vendor.compose-spec compose.yaml` uses."""
    (schema,) = (file for file in files("check-jsonschema") or () if file.name == "compose-spec.json")
    validator = Draft7Validator(json.loads(schema.read_text()))
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(compose)] == []


def test_every_role_is_a_service(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == set(SERVICES)
    for role in (*ROLES, PAGES, ALERTS):
        assert compose["services"][role]["command"][0] == role


def test_what_is_optional_has_a_profile_and_the_roles_have_none(compose: dict[str, Any]) -> None:
    found = {name: service.get("profiles") for name, service in compose["services"].items()}
    profiles = {**PROFILES, ALERTS: ALERTS}
    assert found == {name: [profiles[name]] if name in profiles else None for name in SERVICES}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_limits(name: str, compose: dict[str, Any]) -> None:
    assert set(compose["services"][name]["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ONCE])
def test_every_service_that_stays_has_a_health_check(name: str, compose: dict[str, Any]) -> None:
    assert {"test", "interval", "timeout", "retries"} <= set(compose["services"][name]["healthcheck"])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_healthy_while_it_says_that_it_is_ready(role: str, compose: dict[str, Any]) -> None:
    """At the port of the mounted configuration."""
    settings = mounted_settings()
    listen = settings.ingest.listen if role == "ingest" else settings.metrics.listen(role)
    port = listen.rpartition(":")[2]
    assert f'"http://127.0.0.1:{port}/health/ready"' in compose["services"][role]["healthcheck"]["test"][-1]


def test_alerts_are_healthy_while_they_look(compose: dict[str, Any]) -> None:
    service = compose["services"][ALERTS]
    folder = Path(service["command"][service["command"].index("--data") + 1])
    said = service["healthcheck"]["test"][-1]
    assert f'"{looked_file(folder)}"' in said
    assert int(said.rpartition("> ")[2].rstrip(")")) >= 3 * EVERY_SECONDS


@pytest.mark.parametrize("role", ROLES)
def test_roles_wait_for_topics_and_tables(role: str, compose: dict[str, Any]) -> None:
    waits = compose["services"][role]["depends_on"]
    assert all(waits[name] == {"condition": "service_completed_successfully"} for name in ONCE)
    assert waits["kafka"] == waits["clickhouse"] == {"condition": "service_healthy"}


def test_ports_are_open_on_loopback_only_but_for_https(compose: dict[str, Any]) -> None:
    opened = {port: name for name, service in compose["services"].items() for port in service.get("ports", ())}
    outside = {port: name for port, name in opened.items() if not port.startswith("127.0.0.1:")}
    assert len(opened) > len(outside)
    assert outside == dict.fromkeys(("80:80", "443:443", "443:443/udp"), "caddy")


def test_the_dashboard_stands_where_it_reaches_ingest_and_its_port_is_ingests(compose: dict[str, Any]) -> None:
    assert compose["services"][PAGES]["network_mode"] == "service:ingest"
    port = mounted_settings().dashboard.listen.rpartition(":")[2]
    assert f"127.0.0.1:{port}:{port}" in compose["services"]["ingest"]["ports"]
    assert f"http://127.0.0.1:{port}/health/ready" in compose["services"][PAGES]["healthcheck"]["test"][-1]


def test_what_is_mounted_is_there(compose: dict[str, Any]) -> None:
    mounts = [str(one) for service in compose["services"].values() for one in service.get("volumes", ())]
    found = {mount.split(":")[0] for mount in mounts if mount.startswith("./")}
    assert len(found) == 5
    assert [path for path in found if not (ROOT / path).exists()] == []


def test_images_are_pinned_and_kafka_is_the_embedded_version(compose: dict[str, Any]) -> None:
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{VERSION}"
    assert re.fullmatch(r"clickhouse/clickhouse-server:\d+\.\d+", compose["services"]["clickhouse"]["image"])
    assert all(re.fullmatch(r"[\w/-]+:v?\d+(\.\d+)+", compose["services"][name]["image"]) for name in PROFILES)


def test_kafka_is_configured_like_the_embedded_one(compose: dict[str, Any]) -> None:
    """But for where it listens and keeps its data, for its threads and memory, and for what only one of them needs."""
    lines = broker_properties(9092, 9093, "log").splitlines()
    embedded = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    image = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in compose["services"]["kafka"]["environment"].items()
        if name.startswith("KAFKA_")
    }
    shared = embedded.keys() & image.keys() - {"log.dirs", "listeners", "advertised.listeners"}
    assert {key: image[key] for key in shared} == {key: embedded[key] for key in shared}
    for key in ("auto.create.topics.enable", "group.min.session.timeout.ms", "offsets.retention.minutes"):
        assert key in shared


def test_the_mounted_configuration_is_valid_and_names_the_services() -> None:
    settings = mounted_settings()
    assert settings.kafka.bootstrap == "kafka:9092"
    assert "@clickhouse:8123/" in settings.clickhouse.dsn
    assert settings.ingest.listen == "0.0.0.0:8080"


def test_every_secret_of_the_configuration_is_handed_to_the_roles(compose: dict[str, Any]) -> None:
    names = secrets_named_in((ROOT / "deploy" / "clickjoin.toml").read_text())
    assert names
    for role in (*ONCE, *ROLES, PAGES, ALERTS):
        assert set(compose["services"][role]["environment"]) == names
    example = (ROOT / "deploy" / "example.env").read_text()
    assert set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)) == names | {"TRACKING_DOMAINS"}


def test_no_secret_is_written_down(compose: dict[str, Any]) -> None:
    for role in ROLES:
        for name, value in compose["services"][role]["environment"].items():
            assert value.startswith(f"${{{name}:?")


def test_the_image_runs_without_root_and_with_locked_packages() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "\nUSER clickjoin\n" in text
    assert "--require-hashes -r requirements.lock" in text
    assert text.count("FROM python:3.11-slim") == 2
