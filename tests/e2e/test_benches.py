"""Every bench runs, finds what was sent, and writes the names it promised; quickly, so that it measures nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

PROMISED = (
    "records_per_cpu_second",
    "times_stock_faust",
    "share_of_receiving",
    "two_workers_times_one",
    "mb_per_million_clicks",
    "disk_mb_per_million_clicks",
    "rebuild_seconds_per_million",
    "cores",
    "cpu",
    "memory_gb",
    "python",
    "kafka",
    "faust_streaming",
)


def test_the_join_bench_runs_and_writes_the_promised_names(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "join", "--quick", "--results", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "join.json").read_text())
    assert set(PROMISED) <= set(results)
    assert all(isinstance(value, (int, float, str)) for value in results.values())
    assert "`times_stock_faust`" in (tmp_path / "benchmarks.md").read_text()


def test_the_ingest_bench_finds_all_that_was_answered_on_the_broker_and_writes_the_promised_names(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "bench", "ingest", "--quick", "--results", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "ingest.json").read_text())
    assert {"acked_per_cpu_second", "p99_ms", "spooled_per_second", "cores", "python"} <= set(results)
    assert "`acked_per_cpu_second`" in (tmp_path / "benchmarks.md").read_text()


def test_the_oracle_bench_runs_finds_no_difference_and_writes_the_promised_names(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "oracle", "--quick", "--records", "20000", "--results", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "oracle.json").read_text())
    assert results["differences"] == 0
    assert results["records"] >= 20_000
    words = ("attributed", "updated", "duplicate", "waiting", "late", "orphan", "unattributed")
    assert sum(results[f"outcomes_{word}"] for word in words) == results["postbacks_compared"]
    assert "`differences`" in (tmp_path / "benchmarks.md").read_text()
