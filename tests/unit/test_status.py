"""When `clickjoin status` says that something is wrong."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clickjoin.cli.app import app
from clickjoin.embedded.ports import free_port
from clickjoin.status.destinations import Destination, Standing, by_state, destinations_of
from clickjoin.status.limits import Limits, beyond
from clickjoin.status.overall import Lag, RoleStatus, Status, ages

NOW = 1_800_000_000.0


def role(lag: int = 0, workers: int = 1) -> RoleStatus:
    return RoleStatus("sink", workers, lag, (Lag("events", 8, lag, 0, lag),))


WELL = Status(True, 0, (role(),), {}, 0, {}, {"click": 3.0, "postback": 90.0}, ("source/pops",))


def test_where_all_is_well_nothing_is_said() -> None:
    """A source that is away is its own fault: the exit code is about us."""
    assert list(beyond(WELL, Limits())) == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (WELL._replace(ingest_ready=False), "ingest is not ready"),
        (WELL._replace(ingest_ready=False, away={"ingest": "nobody answers"}), "ingest: nobody answers"),
        (WELL._replace(roles=(role(workers=0),)), "no sink is running"),
        (WELL._replace(roles=(role(lag=100_001),)), "sink is 100001 records behind, more than 100000"),
        (WELL._replace(spooled=10_001), "10001 records are spooled, more than 10000"),
    ],
)
def test_what_is_not_well_is_said_once(status: Status, words: str) -> None:
    assert list(beyond(status, Limits())) == [words]


def test_limits_may_be_others_and_are_still_well_themselves() -> None:
    behind = WELL._replace(roles=(role(lag=500),), spooled=500)
    assert list(beyond(behind, Limits(lag=500, spooled=500))) == []
    assert len(list(beyond(behind, Limits(lag=499, spooled=499)))) == 2


def test_silence_is_wrong_only_where_an_age_is_given() -> None:
    quiet = WELL._replace(newest={"postback": 7200.0})
    assert list(beyond(quiet, Limits())) == []
    assert list(beyond(quiet, Limits(age=7200))) == []
    (said,) = beyond(quiet, Limits(age=3600))
    assert said == "the newest click or postback in ClickHouse is 7200 s old, more than 3600"
    assert len(list(beyond(WELL._replace(newest={}), Limits(age=1)))) == 1


def test_an_age_is_counted_from_when_it_came_and_of_nothing_there_is_none() -> None:
    came = datetime.fromtimestamp(NOW - 12.5, UTC)
    assert ages({"click": came, "postback": datetime.fromtimestamp(0, UTC)}, NOW) == {"click": 12.5}
    assert ages({"click": came}, NOW - 60) == {"click": 0.0}  # clocks differ
    assert WELL.freshness == 3.0


def test_a_destination_shows_what_waits_how_old_it_is_and_how_it_answered() -> None:
    standings = [
        Standing("source/pops", "delivered", 7, datetime.fromtimestamp(NOW - 9000, UTC)),
        Standing("source/pops", "held", 2, datetime.fromtimestamp(NOW - 60, UTC)),
        Standing("source/pops", "retry", 1, datetime.fromtimestamp(NOW - 90, UTC)),
        Standing("source/push", "delivered", 1, datetime.fromtimestamp(NOW - 9000, UTC)),
    ]
    row = {"destination": "source/pops", "attempts": 9, "delivered": 7, "p50_ms": 12.0, "p95_ms": 80.5, "refused": 2}
    breakers = {"source/pops": True, "source/quiet": False}
    assert destinations_of(standings, [row], breakers, NOW) == {
        "source/pops": Destination("open", 3, 90.0, 9, 7, 12.0, 80.5),
        "source/push": Destination("", 0, None, 0, 0, None, None),
        "source/quiet": Destination("closed", 0, None, 0, 0, None, None),
    }
    assert destinations_of(standings, [row], None, NOW)["source/pops"].breaker == ""
    assert by_state(standings) == {"delivered": 8, "held": 2, "retry": 1}


def test_where_nobody_answers_the_exit_code_is_one_and_everything_is_told(tmp_path: Path) -> None:
    config = tmp_path / "clickjoin.toml"
    ports = [free_port() for _ in range(4)]
    config.write_text(
        f'kafka.port = {ports[0]}\nclickhouse.port = {ports[1]}\ningest.listen = "127.0.0.1:{ports[2]}"\n'
        f'metrics.emit = "127.0.0.1:{ports[3]}"\n'
    )
    done = CliRunner().invoke(app, ["status", "--json", "--config", str(config)])
    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert set(told["away"]) == {"ingest", "kafka", "clickhouse"}
    assert len(told["beyond"]) == 3
    assert (told["freshness"], told["breakers_open"], told["destinations"]) == (None, None, {})


def test_an_age_that_is_no_duration_makes_the_call_wrong(tmp_path: Path) -> None:
    config = tmp_path / "clickjoin.toml"
    config.write_text("")
    done = CliRunner().invoke(app, ["status", "--max-age", "soon", "--config", str(config)])
    assert done.exit_code == 2
    assert "24h" in done.stderr
