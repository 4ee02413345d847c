"""`clickjoin import` as it is typed, on a real broker; and bills in the real engine."""

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from clickjoin.imports.costs import Costs
from clickjoin.imports.targets import costs_into
from schemas.records import Click, Postback
from schemas.topics import EVENTS, partition_of
from schemas.wire import decode_event
from sql.migrate import migrate
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of
from tests.ingest_process import toml
from tests.ingest_samples import click_id, settings, tree
from tests.kafka_server import KafkaServer
from tests.support.pipeline import Pipeline

PARTITIONS = 2


@pytest.fixture
def pipeline(kafka: KafkaServer) -> Iterator[Pipeline]:
    made = Pipeline(kafka.bootstrap, PARTITIONS)
    yield made
    made.close()


def call(folder: Path, code: int, *arguments: str, given: bytes = b"") -> Any:
    command = [sys.executable, "-m", "clickjoin", "import", *arguments, "--config", str(folder / "clickjoin.toml")]
    options = ["--data", str(folder / "data"), "--errors", str(folder), "--json"]
    done = subprocess.run([*command, *options], input=given, capture_output=True, timeout=120)
    assert done.returncode == code, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.mark.kafka
def test_what_is_imported_twice_is_the_same_on_the_broker(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "clickjoin.toml").write_text(toml(tree(kafka={"bootstrap": pipeline.bootstrap})))
    lines = [f"{1699990000 + number},zone {number % 7},a{number}" for number in range(50)]
    (tmp_path / "clicks.csv.gz").write_bytes(
        gzip.compress("\n".join(["when,zone,theirs", *lines, "never,x,y"]).encode())
    )
    mapped = ("--map", "clicked_at=when", "--map", "placement=zone", "--map", "click_id=theirs")
    for _ in range(2):
        figures = call(tmp_path, 1, "clicks", str(tmp_path / "clicks.csv.gz"), *mapped, "--set", "campaign=spring")
        assert [(file["rows"], file["bad"], file["skipped"]) for file in figures["files"]] == [(51, 1, 0)]
    (error,) = map(json.loads, (tmp_path / "clicks.csv.gz.errors.ndjson").read_text().splitlines())
    assert (error["line"], error["error"], error["row"]["theirs"]) == (52, "invalid_clicked_at", "y")

    sale = {"click_id": click_id(), "event": "goal_1", "occurred_at": 1699999000, "payout": 1.10, "currency": "USD"}
    call(tmp_path, 0, "conversions", "-", "--set", "network=acme", given=json.dumps(sale).encode())
    call(tmp_path, 0, "conversions", "-", "--set", "network=acme", "--dry-run", given=json.dumps(sale).encode())

    found = [(record, decode_event(record.value)) for record in pipeline.read(EVENTS)]
    clicks = [event for _, event in found if isinstance(event, Click)]
    (postback,) = (event for _, event in found if isinstance(event, Postback))
    assert len(clicks) == 100
    assert {click.click_id for click in clicks} == {f"pops:a{number}" for number in range(50)}
    assert len({record.value for record, _ in found}) == 51
    assert {event.origin for _, event in found if isinstance(event, (Click, Postback))} == {"import"}
    assert (postback.payout, postback.received_at) == (Decimal("1.10"), 1699999000_000)
    assert all(record.partition == partition_of(record.key, PARTITIONS) for record, _ in found)


def test_a_bill_is_in_the_table_and_a_corrected_one_takes_its_place(
    clickhouse: ClickHouse, database: str, client: Client
) -> None:
    migrate(dsn_of(clickhouse, database))
    bill = {"day": "2026-11-20", "campaign": "spring", "creative": "b1", "cost": "12.50", "currency": "USD"}
    for version, cost in ((1, "12.50"), (2, "11.25"), (2, "11.25")):
        row = Costs(settings(), version=version).make(bill | {"cost": cost}, 2)
        asyncio.run(costs_into(client)([row]))
    found = client.query("SELECT toString(day), dimensions, cost, currency FROM costs FINAL").result_rows
    assert found == [("2026-11-20", {"campaign": "spring", "creative": "b1"}, Decimal("11.25"), "USD")]
