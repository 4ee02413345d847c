"""`clickjoin report | funnel | export` as they are typed, against the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import chdir
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from clickjoin.cli.app import app
from sql.connect import DATABASE, connect
from tests.contracts.clickhouse_front import ClickHouse
from tests.contracts.sink_records import dsn_of
from tests.support.report_rows import load
from tests.support.report_story import story

Run = Callable[..., Result]
CONFIG = """
[clickhouse]
url = "{dsn}"
[events.install]
step = 1
[events.subscribe]
step = 2
repeat = "new"
[networks.acme]
open = true
[networks.acme.events]
lead = "install"
[sources.pops]
"""


@pytest.fixture(scope="module")
def run(clickhouse: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs `clickjoin` in a folder of its own, where a configuration names the tables of the story."""
    folder = tmp_path_factory.mktemp("commands")
    dsn = dsn_of(clickhouse, DATABASE)
    client = connect(dsn)
    load(client, story())
    (folder / "clickjoin.toml").write_text(CONFIG.format(dsn=dsn))

    def typed(*arguments: str) -> Result:
        with chdir(folder):
            return CliRunner().invoke(app, arguments)

    yield typed
    client.command(f"DROP DATABASE {DATABASE}")
    client.close()


def test_a_report_is_a_table_or_json_or_a_file(run: Run, tmp_path: Path) -> None:
    table = run("funnel", "--to", "2026-08-31")
    assert (table.exit_code, table.stderr) == (0, "")
    assert "│ 1    │ install   │     11 │" in table.stdout
    rows = json.loads(run("report", "revenue", "--json", "--decimals", "4").stdout)
    assert [(row["currency"], row["clicks"], Decimal(row["cost"])) for row in rows] == [
        ("EUR", 24, Decimal("0.3168")),
        ("USD", 24, Decimal("0.8064")),
    ]
    file = tmp_path / "revenue.parquet"
    assert run("report", "revenue", "--parquet", str(file)).exit_code == 0
    assert duckdb.execute(f"SELECT currency, cost FROM '{file}' ORDER BY 1").fetchall() == [
        ("EUR", Decimal("0.32")),
        ("USD", Decimal("0.81")),
    ]
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_to_be_kept_is_a_list_as_sources_take_it(run: Run) -> None:
    asked = ("report", "optimise", "--where", "source=pops", "--group-by", "creative")
    rows = json.loads(run(*asked, "--json").stdout)
    assert [(row["creative"], row["clicks"], row["steps"], row["verdict"]) for row in rows] == [
        ("banner-2", 8, {"install": 3, "subscribe": 0}, "keep"),
        ("banner-3", 8, {"install": 4, "subscribe": 1}, "keep"),
    ]
    assert run(*asked, "--list", "white", "--form", "comma").stdout == "banner-2,banner-3\n"
    assert run(*asked, "--list", "black").stdout == ""
    assert run(*asked, "--list", "black", "--form", "json").stdout == "[]\n"


def test_a_networks_statement_and_a_sources_bill_are_compared_with_ours(run: Run, tmp_path: Path) -> None:
    statement = tmp_path / "acme.csv"
    statement.write_text("Click;goal;sum\nclick-00;lead;1.20\nclick-02;lead;1,30\nclick-04;lead;0\nnobody;lead;5\n")
    told = ("--map", "click_id=Click", "--map", "event=goal", "--map", "payout=sum", "--set", "currency=USD")
    done = run("report", "reconcile", str(statement), "--network", "acme", "--to", "2026-08-05", *told, "--json")
    assert done.stderr == ""
    assert [(row["click_id"], row["event"], row["difference"]) for row in json.loads(done.stdout)] == [
        ("click-00", "trial", "missing_there"),
        ("click-02", "install", "amount"),
        ("nobody", "install", "missing_here"),
    ]
    bill = tmp_path / "pops.csv"
    bill.write_text("click_id,cost,currency\nclick-01,0.0504,USD\nclick-02,0.06,USD\n")
    done = run("report", "reconcile", str(bill), "--source", "pops", "--to", "2026-08-04", "--csv")
    assert done.stdout.splitlines()[1:] == ["click-02,amount,,,0.0504 USD,0.06 USD"]


def test_a_table_is_exported_as_its_file_is_called(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    assert run("export", "clicks", "--from", "2026-08-10", "--to", "2026-08", "-o", str(file)).exit_code == 0
    lines = file.read_text().splitlines()
    assert lines[0].startswith('"click_id","clicked_at"')
    assert len(lines) == 1 + 14
    assert run("export", "clicks", "--format", "csv").stdout.count("\n") == 1 + 24


def test_the_bills_of_some_days_are_exported_as_they_count_now(run: Run, tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"
    for cost in ("3", "2.50"):
        lines = [f"2025-03-0{day},pops,{cost},USD" for day in (1, 2, 3)]
        bill.write_text("\n".join(["day,source,cost,currency", *lines]))
        assert run("import", "costs", str(bill), "--data", str(tmp_path)).exit_code == 0
    header, line = run("export", "costs", "--from", "2025-03-02", "--to", "2025-03-02").stdout.splitlines()
    assert header == '"day","cost_id","dimensions","cost","currency"'
    assert line.startswith('"2025-03-02",')
    assert line.endswith(""","{'source':'pops'}",2.5,"USD\"""")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("report", "revenue", "--json", "--csv"), "write one of --json, --csv, --parquet and --sql"),
        (("report", "reconcile", "no.csv", "--network", "acme"), "no.csv: No such file or directory"),
        (("report", "reconcile", "no.csv"), "--network NAME or --source NAME"),
        (("report", "reconcile", "no.csv", "--network", "acne"), "no network 'acne': there are acme"),
        (("report", "funnel", "no.csv"), "are of `report reconcile`"),
        (("report", "optimise", "--list", "grey"), "no list 'grey': there are black, white"),
        (("report", "optimise", "--list", "black", "--group-by", "source,country"), "a list is of one dimension"),
        (("report", "revenue", "--list", "black"), "only optimise has a black and a white list"),
        (("funnel", "--where", "source"), "--where source: write DIM=VALUE, of campaign, source,"),
        (("report", "settlement", "--partner", "bob"), "data holds no secret of the click IDs"),
        (("report", "revenue", "--partner", "bob"), "are of `report settlement`"),
        (("settle", "--partner", "bob", "--month", "2026-10"), "data holds no secret of the click IDs"),
        (("export", "users"), "no table 'users': there are clicks,"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_what_there_is(run: Run, arguments: tuple[str, ...], told: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr
