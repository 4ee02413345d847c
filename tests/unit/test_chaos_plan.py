"""The plan of a storm: whatever the seed, every kind of blow, and no blow to a server that is away."""

from itertools import pairwise
from random import Random

import pytest

from tests.chaos.plan import AWAY, FROZEN, KINDS, WIPED, plan


@pytest.mark.parametrize(("seconds", "blows"), [(16, 10), (60, 13), (600, 41)])
def test_a_storm_has_every_kind_of_blow_and_strikes_clickhouse_when_it_is_there(seconds: float, blows: int) -> None:
    for seed in range(50):
        planned = plan(Random(seed), seconds, blows, 3)
        assert len(planned) == blows
        assert {blow.kind for blow in planned} == {*KINDS} - {WIPED}
        assert [blow.at for blow in planned] == sorted(blow.at for blow in planned)
        away = [(blow.at, blow.at + blow.length) for blow in planned if blow.kind in (AWAY, FROZEN)]
        assert all(end <= begin for (_, end), (begin, _) in pairwise(away))
        assert away[-1][1] <= seconds


def test_the_same_seed_plans_the_same_storm() -> None:
    assert plan(Random(7), 600, 41, 3) == plan(Random(7), 600, 41, 3) != plan(Random(8), 600, 41, 3)


def test_in_ten_minutes_clickhouse_is_away_for_a_whole_one() -> None:
    assert 60 in [blow.length for blow in plan(Random(1), 600, 41, 3) if blow.kind == AWAY]
