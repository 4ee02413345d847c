"""What the bench of pending deliveries reads from a worker's log."""

import json
from pathlib import Path

import pytest

from bench.kafka import BenchError
from bench.pending import folding


def line(second: int, took: float, pending: int) -> str:
    at = f"2026-11-21T12:00:{second:02d}.000000Z"
    return json.dumps({"event": "pending_folded", "timestamp": at, "seconds": took, "folded": 9, "pending": pending})


def test_a_start_is_from_the_first_partition_that_is_begun_to_the_last_that_is_open(tmp_path: Path) -> None:
    log = tmp_path / "emit.log"
    log.write_text(f'not JSON\n{line(10, 4.0, 5)}\n{{"event": "other"}}\n{line(12, 2.5, 7)}\n')
    assert folding(log, 12) == {"start_s": 6.0, "folded": 18.0}


def test_a_worker_that_forgot_some_is_no_measurement(tmp_path: Path) -> None:
    log = tmp_path / "emit.log"
    log.write_text(line(10, 4.0, 5))
    with pytest.raises(BenchError, match="5 of 6 are pending"):
        folding(log, 6)
