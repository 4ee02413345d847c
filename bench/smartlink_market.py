"""A made-up market for smart links: offers whose rates are known to us alone, drift, and pay late.

Time goes in hours; what ClickHouse would be asked once a minute is asked once an hour here, so what is found is rather
too bad than too good. A rule sees clicks, and of conversions those that have come.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import exp, log2
from random import Random
from typing import NamedTuple

from ingest.routing.learn import Clicks, Earned, learn
from ingest.routing.worth import DRAWS, share_of_best

HOURS = 14 * 24
CLICKS_AN_HOUR = 100
WINDOW_HOURS = 7 * 24
EXPLORE = 0.05
_TRIED = 100  # clicks of an offer before the greedy rule judges it
_DRIFT = 0.02  # of the logarithm of a rate, an hour
_FADES = 0.4  # what the best offer's rate becomes at half time


class Offer(NamedTuple):
    """What we alone know of an offer."""

    payout: float
    rates: tuple[float, ...]  # conversions a click, by the hour
    delay_hours: float  # in the mean

    def worth(self, hour: int) -> float:
        """What a click earns in the end."""
        return self.payout * self.rates[hour]


class Seen(NamedTuple):
    """What a rule may go by."""

    hour: int
    clicks: Sequence[Counter[int]]  # by hour: of each offer
    paid: Sequence[tuple[int, int, float]]  # of conversions that have come: offer, hour of the click, delay in hours
    payouts: tuple[float, ...]


Rule = Callable[[Seen, Random], Mapping[int, float]]
"""With which probability each offer is to be chosen in the next hour."""


def market(random: Random, offers: int = 5) -> list[Offer]:
    """Offers of which one pays much and seldom, another little and often; the best one fades at half time."""
    found = [_offer(random) for _ in range(offers)]
    best = max(range(offers), key=lambda index: sum(found[index].worth(hour) for hour in range(HOURS // 2)))
    rates = found[best].rates
    faded = (*rates[: HOURS // 2], *(rate * _FADES for rate in rates[HOURS // 2 :]))
    found[best] = found[best]._replace(rates=faded)
    return found


def play(offers: Sequence[Offer], rule: Rule, random: Random) -> list[float]:
    """What a rule earns, by the hour: what its clicks are worth in the end, whether or not they were lucky."""
    clicks: list[Counter[int]] = []
    coming: defaultdict[int, list[tuple[int, int, float]]] = defaultdict(list)
    paid: list[tuple[int, int, float]] = []
    earned = []
    payouts = tuple(offer.payout for offer in offers)
    for hour in range(HOURS):
        paid += coming.pop(hour, [])
        shares = rule(Seen(hour, clicks, paid, payouts), random)
        sent = Counter(random.choices(list(shares), list(shares.values()), k=CLICKS_AN_HOUR))
        clicks.append(sent)
        earned.append(sum(count * offers[index].worth(hour) for index, count in sent.items()))
        for index, count in sent.items():
            offer = offers[index]
            for _ in range(sum(random.random() < offer.rates[hour] for _ in range(count))):
                delay = random.expovariate(1 / offer.delay_hours)
                coming[hour + 1 + int(delay)].append((index, hour, delay))
    return earned


def best_fixed(offers: Sequence[Offer]) -> list[float]:
    """What the offer earns, by the hour, that would have earned most had it been taken always."""
    alone = [[CLICKS_AN_HOUR * offer.worth(hour) for hour in range(HOURS)] for offer in offers]
    return max(alone, key=sum)


def equal_weights(seen: Seen, random: Random) -> dict[int, float]:
    """Every offer as often."""
    return dict.fromkeys(range(len(seen.payouts)), 1 / len(seen.payouts))


def greedy(seen: Seen, random: Random) -> dict[int, float]:
    """Always the offer that has earned most for a click so far, once each was tried."""
    tried = sum(seen.clicks[max(0, seen.hour - WINDOW_HOURS) :], Counter[int]())
    untried = [index for index in range(len(seen.payouts)) if tried[index] < _TRIED]
    if untried:
        return {untried[0]: 1.0}
    won: Counter[int] = Counter()
    for index, hour, _ in seen.paid:
        won[index] += hour >= seen.hour - WINDOW_HOURS
    return {max(tried, key=lambda index: seen.payouts[index] * won[index] / tried[index]): 1.0}


def thompson(seen: Seen, random: Random) -> dict[int, float]:
    """As ingest does it: the same functions, asked the same."""
    first = max(0, seen.hour - WINDOW_HOURS)
    grouped: Counter[tuple[int, int]] = Counter()
    for hour, sent in enumerate(seen.clicks[first:], first):
        age = _step(seen.hour - hour)
        for index, count in sent.items():
            grouped[index, age] += count
    won = Counter((index, _step(seen.hour - hour), _step(delay)) for index, hour, delay in seen.paid if hour >= first)
    names = [str(index) for index in range(len(seen.payouts))]
    learnt = learn(
        names,
        [Clicks(str(index), (), age, count) for (index, age), count in grouped.items()],
        [
            Earned(str(index), (), age, delay, times, times * (paid := seen.payouts[index]), times * paid * paid)
            for (index, age, delay), times in won.items()
        ],
    )
    normals = [random.gauss(0, 1) for _ in range(DRAWS * len(names))]
    best = share_of_best(learnt.anywhere, normals)
    return {int(name): EXPLORE / len(best) + (1 - EXPLORE) * share for name, share in best.items()}


def _offer(random: Random) -> Offer:
    payout = random.choice((0.5, 1.2, 2.0, 5.0, 12.0))
    worth = random.uniform(0.01, 0.04)  # of a click
    rates, drift = [], 0.0
    for _ in range(HOURS):
        drift = 0.99 * drift + random.gauss(0, _DRIFT)
        rates.append(min(worth / payout * exp(drift), 0.5))
    return Offer(payout, tuple(rates), random.choice((0.5, 3.0, 12.0, 36.0)))


def _step(hours: float) -> int:
    return int(log2(hours * 60 + 1))
