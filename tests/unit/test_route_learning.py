import random
from math import exp, log2
from statistics import NormalDist, mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.routing.learn import STEPS, Clicks, Earned, learn, shares_known
from ingest.routing.worth import DRAWS, Evidence, Worth, of_offers, of_segment, share_of_best

NORMALS = tuple(NormalDist().inv_cdf((number + 0.5) / 2000) for number in range(2000))


def step(minutes: float) -> int:
    return int(log2(minutes + 1))


def test_conversions_of_one_amount_count_as_many_as_they_are() -> None:
    assert Evidence(100, 5 * 9.99, 5 * 9.99**2).conversions == pytest.approx(5)
    assert Evidence(100, 5 * 9.99, 5 * 9.99**2).unit == pytest.approx(9.99)


def test_a_few_large_amounts_say_less_than_many_small_ones() -> None:
    assert Evidence(100, 101, 100**2 + 1).conversions < 1.1


def test_refunds_that_outweigh_everything_are_no_worth_and_no_error() -> None:
    assert of_offers({"game": Evidence(100, -5, 25), "quiz": Evidence(100, 5, 25)})["game"].mean < 0.05


@pytest.mark.parametrize("shape", [1, 3, 10, 100])
def test_draws_are_spread_as_a_gamma_distribution(shape: float) -> None:
    drawn = [Worth(shape, 1000, 2.0).draw(normal) for normal in NORMALS]
    assert mean(drawn) == pytest.approx(2 * shape / 1000, rel=0.02)
    assert stdev(drawn) == pytest.approx(2 * shape**0.5 / 1000, rel=0.05)


def test_an_offer_of_which_little_is_known_is_near_what_all_bring() -> None:
    worths = of_offers({"game": Evidence(10_000, 100, 100), "new": Evidence()})
    assert worths["new"].mean == pytest.approx(0.01, rel=0.05)
    assert worths["new"].shape == 1  # and hardly anything is known of it


def test_an_offer_of_which_much_is_known_is_what_it_brought() -> None:
    worths = of_offers({"game": Evidence(10_000, 100, 100), "quiz": Evidence(10_000, 300, 300)})
    assert worths["game"].mean == pytest.approx(0.01, rel=0.03)
    assert worths["quiz"].mean == pytest.approx(0.03, rel=0.03)


def test_a_thin_segment_is_near_the_offer_elsewhere_and_a_full_one_is_what_it_brought() -> None:
    whole = {"game": Evidence(20_000, 1200, 1200)}
    thin = of_segment({"game": Evidence(10, 1, 1)}, whole)["game"]
    full = of_segment({"game": Evidence(10_000, 1000, 1000)}, whole)["game"]
    assert thin.mean == pytest.approx(0.06, rel=0.4)
    assert full.mean == pytest.approx(0.1, rel=0.02)


def test_what_a_segment_saw_is_not_counted_twice() -> None:
    alone = Evidence(1000, 20, 20)
    assert of_segment({"game": alone}, {"game": alone})["game"].shape == pytest.approx(21)


def test_the_share_of_the_best_is_the_probability_that_it_is_the_best() -> None:
    numbers = random.Random(7)
    normals = [numbers.gauss(0, 1) for _ in range(3 * DRAWS)]
    same = Worth(50, 5000, 1.0)
    shares = share_of_best({"a": same, "b": same, "c": Worth(50, 50_000, 1.0)}, normals)
    assert sum(shares.values()) == 1
    assert 0.35 < shares["a"] < 0.65
    assert shares["c"] == 0


@given(st.lists(st.tuples(st.integers(0, STEPS), st.integers(0, STEPS), st.integers(1, 99)), max_size=30))
def test_the_older_a_click_the_more_of_its_conversions_are_known(seen: list[tuple[int, int, int]]) -> None:
    shares = shares_known([(min(delay, age), age, times) for delay, age, times in seen])
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)


def test_delays_are_known_though_late_conversions_of_young_clicks_are_not_there_yet() -> None:
    numbers = random.Random(11)
    print("seed 11")
    seen = []
    for _ in range(40_000):  # delays of a day in the mean, clicks evenly over four days
        delay, age = numbers.expovariate(1 / 1440), numbers.uniform(0, 4 * 1440)
        if delay <= age:
            seen.append((step(delay), step(age), 1))
    shares = shares_known(seen)
    for age in (8, 9, 10, 11):  # of a uniform age within the step, against the exact share
        begin, end = 2**age - 1, 2 ** (age + 1) - 1
        exact = mean(come_by(begin + (end - begin) * part / 50) for part in range(51))
        assert shares[age] == pytest.approx(exact / come_by(4 * 1440), abs=0.05)


def come_by(minutes: float) -> float:
    return 1 - exp(-minutes / 1440)


def test_young_clicks_do_not_make_an_offer_look_bad() -> None:
    old, young = step(10 * 1440), step(5)
    clicks = [Clicks("game", (), old, 10_000), Clicks("quiz", (), old, 10_000), Clicks("quiz", (), young, 50_000)]
    earned = [
        Earned(offer, (), old, delay, 100, 100.0, 100.0) for offer in ("game", "quiz") for delay in (8, 9, 10, 11)
    ]
    worths = learn(("game", "quiz"), clicks, earned).anywhere
    assert worths["quiz"].mean == pytest.approx(worths["game"].mean, rel=0.02)


def test_offers_that_a_campaign_has_no_more_are_not_learnt() -> None:
    learnt = learn(("game",), [Clicks("old", ("de",), 3, 5)], [Earned("old", ("de",), 3, 1, 1, 1.0, 1.0)])
    assert set(learnt.anywhere) == {"game"}
    assert learnt.segments == {}


def test_an_offer_whose_conversions_come_late_is_not_taken_for_a_bad_one() -> None:
    clicks = [Clicks(offer, (), age, 10_000) for offer in ("soon", "late") for age in (9, 10, 11, 12, 13)]
    earned = [Earned("soon", (), age, 2, 100, 100.0, 100.0) for age in (9, 10, 11, 12, 13)]
    earned += [Earned("late", (), age, 11, 100, 100.0, 100.0) for age in (12, 13)]
    earned += [Earned("late", (), 11, 11, 50, 50.0, 50.0)]
    worths = learn(("soon", "late"), clicks, earned).anywhere
    assert worths["late"].mean == pytest.approx(worths["soon"].mean, rel=0.12)
