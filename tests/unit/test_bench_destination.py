"""The stand-in of the benches of emit: what it counts is the result, so it counts right."""

import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bench.destination import destination


def test_a_stand_in_counts_requests_and_deliveries_by_name_and_how_late_the_first_was(tmp_path: Path) -> None:
    with destination(tmp_path) as stand:
        began = time.time_ns() // 1000 - 2_000_000
        for id_ in ("a", "a", "b"):
            urllib.request.urlopen(f"{stand.url}/pops/ok?id={id_}&at={began}&goal=install").close()
        with pytest.raises(urllib.error.HTTPError, match="500"):
            urllib.request.urlopen(f"{stand.url}/push/failing?id=c&at=0")
        counts = stand.counts()
        assert (counts["pops"].requests, counts["pops"].deliveries) == (3, 2)
        assert counts["pops"].p50_ms >= 2000
        assert counts["push"].deliveries == 1
        assert (counts[""].requests, counts[""].deliveries) == (4, 3)
        stand.forget()
        assert stand.counts()[""].requests == 0
