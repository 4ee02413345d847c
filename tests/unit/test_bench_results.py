"""Results of a bench are flat, their names stay, and the document is made of them."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import BENCHES, main
from bench.document import document
from bench.join import JOIN
from bench.oracle.run import ORACLE
from bench.results import machine, read_all, spread, write


def test_a_figure_is_the_median_with_the_lowest_and_the_highest_beside_it() -> None:
    assert spread("rate", [3.26, 1.0, 2.04], 1) == {"rate": 2.0, "rate_low": 1.0, "rate_high": 3.3}


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results = {**spread("records_per_cpu_second", [70_000.4]), **machine()}
    write("join", results, tmp_path)
    assert read_all(tmp_path) == {"join": results}


def test_the_document_has_a_table_for_each_bench_that_was_run() -> None:
    counts = {"records": 10, "runs": 3, "stock_faust_records": 1, "state_records": 12, "state_clicks": 10}
    found = {**spread("records_per_cpu_second", [60_000, 70_000, 80_000]), **counts, **machine()}
    text = document([JOIN], {"join": found})
    assert "| records joined per CPU second `records_per_cpu_second` | 70,000 | 60,000 to 80,000 | 60,000 |" in text
    assert f"{machine()['cores']} cores" in text
    assert "## Join" not in document([JOIN], {})


def test_a_bench_that_found_a_difference_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(ORACLE, run=lambda plan: {"differences": 1, "records": plan.records, **machine()})
    monkeypatch.setitem(BENCHES, "oracle", wrong)
    assert main(["oracle", "--records", "10", "--results", str(tmp_path)]) == 1
    assert json.loads((tmp_path / "oracle.json").read_text())["differences"] == 1


def test_an_unknown_bench_is_refused_with_the_names_there_are() -> None:
    done = subprocess.run([sys.executable, "-m", "bench", "joyn"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "join" in done.stderr
