"""Three join workers, a sink, an emit and their servers, for a minute of what `make chaos` does for ten."""

import os
import secrets
from pathlib import Path

import pytest

from tests.chaos.__main__ import show
from tests.chaos.plan import KINDS
from tests.chaos.run import Wanted, run

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]

SEED = int(os.environ.get("CLICKJOIN_TEST_SEED", "0")) or secrets.randbits(32)


def test_blows_of_every_kind_lose_nothing_make_nothing_wrong_and_leave_nothing_stuck(tmp_path: Path) -> None:
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    finished = run(tmp_path, Wanted(seconds=16, blows=13, seed=SEED), print)
    show(finished)
    assert set(finished.blows) == set(KINDS)
    account = finished.account
    assert account.missing == []
    assert account.wrong == []
    assert account.stuck == []
    assert account.told, "nothing was told to the source"
    assert account.waited, "nothing cold came while ClickHouse was away"
