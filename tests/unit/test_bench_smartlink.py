from collections import Counter
from random import Random

import pytest

from bench.smartlink_market import (
    CLICKS_AN_HOUR,
    HOURS,
    Seen,
    best_fixed,
    equal_weights,
    greedy,
    market,
    play,
    thompson,
)

HOUR = 200
CLICKS = [Counter({0: 50, 1: 50}) for _ in range(HOUR)]
PAID = [(index, hour, 1.0) for hour in range(100, HOUR - 2) for index in (0, 1, 1, 1)]
SEEN = Seen(HOUR, CLICKS, PAID, (1.0, 1.0))


def test_a_market_is_the_same_for_the_same_seed() -> None:
    assert market(Random(7)) == market(Random(7)) != market(Random(8))


def test_the_best_fixed_offer_earns_more_than_any_other_and_than_equal_weights() -> None:
    offers = market(Random(3))
    best = sum(best_fixed(offers))
    assert best == pytest.approx(max(CLICKS_AN_HOUR * sum(map(offer.worth, range(HOURS))) for offer in offers))
    earned = play(offers, equal_weights, Random(3))
    mean = sum(CLICKS_AN_HOUR * sum(map(offer.worth, range(HOURS))) for offer in offers) / len(offers)
    assert sum(earned) == pytest.approx(mean, rel=0.05)
    assert sum(earned) < best


@pytest.mark.parametrize("rule", [equal_weights, greedy, thompson])
def test_every_rule_spreads_all_visitors(rule: object) -> None:
    assert callable(rule)
    assert sum(rule(SEEN, Random(1)).values()) == pytest.approx(1)


def test_rules_that_learn_prefer_what_brought_more() -> None:
    assert greedy(SEEN, Random(1)) == {1: 1.0}
    assert thompson(SEEN, Random(1))[1] > 0.95
