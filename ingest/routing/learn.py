"""From what ClickHouse counted to what each offer is worth in each segment, young clicks taken for what they are. Pure.

A conversion comes some time after its click, so of young clicks few are known yet. Clicks therefore count only as far
as they had their time: by the share of conversions that come as early, which is estimated from the conversions seen.
Those are truncated (a conversion that is still to come is not among them), and the estimate accounts for it
(Lynden-Bell's: the product over later times of one minus the hazard in reversed time). It knows nothing of conversions
that come later than the oldest click that is looked at.

Ages and delays are counted in steps that double: 0 is less than a minute, 1 less than three, 2 less than seven ...
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from ingest.routing.figures import Segment
from ingest.routing.worth import Evidence, Worth, of_offers, of_segment

STEPS = 24  # the last is 16 years
_A_DELAY_PRIOR = 20.0  # conversions that the delays of all offers together weigh, for each offer
_LITTLE = 1e-9


class Clicks(NamedTuple):
    """Clicks of an offer in a segment, of one age."""

    offer: str
    segment: Segment
    age: int
    clicks: int


class Earned(NamedTuple):
    """Conversions of an offer in a segment, of clicks of one age, with one delay."""

    offer: str
    segment: Segment
    age: int
    delay: int
    times: int
    worth: float  # of all of them
    squares: float  # sum of the squares of each one's worth


class Learnt(NamedTuple):
    """What each offer is worth."""

    segments: Mapping[Segment, Mapping[str, Worth]]
    anywhere: Mapping[str, Worth]


def learn(offers: Sequence[str], clicks: Iterable[Clicks], earned: Iterable[Earned]) -> Learnt:
    """What is known of these offers; each has a worth in each segment that was seen."""
    earned = [one for one in earned if one.offer in offers]
    shares = _shares_by_offer(offers, earned)
    found: dict[Segment, dict[str, Evidence]] = defaultdict(dict)
    for some in clicks:
        if some.offer in offers:
            seen = Evidence(clicks=some.clicks * shares[some.offer][min(some.age, STEPS)])
            _add(found[some.segment], some.offer, seen)
    for one in earned:
        _add(found[one.segment], one.offer, Evidence(0.0, one.worth, one.squares))
    whole = {offer: Evidence() for offer in offers}
    for segment in found.values():
        for offer, evidence in segment.items():
            whole[offer] = whole[offer].plus(evidence)
    return Learnt({name: of_segment(segment, whole) for name, segment in found.items()}, of_offers(whole))


def shares_known(seen: Iterable[tuple[int, int, float]]) -> list[float]:
    """Of clicks of each age the share of conversions that is known by then. seen: (delay, age of the click, how many).

    Of nothing seen: all is known.
    """
    came, turns = [0.0] * (STEPS + 1), [0.0] * (STEPS + 2)
    for delay, age, times in seen:
        came[delay] += times
        turns[delay] += times  # from here on it could have come
        turns[age + 1] -= times
    could = list(accumulate(turns))
    first = next((step for step, times in enumerate(came) if times), 0)
    by_then = [1.0] * (STEPS + 1)  # the share that comes within a delay
    for step in range(STEPS, 0, -1):
        # Where all that could be seen is in this step, but others came sooner, there is nothing to tell them by.
        is_told = step == first or could[step] - came[step] > _LITTLE
        by_then[step - 1] = (
            by_then[step] * (1 - min(came[step] / could[step], 1)) if came[step] and is_told else by_then[step]
        )
    # A click in a step of ages has been through half of that step.
    return [(by_then[age] + (by_then[age - 1] if age else 0.0)) / 2 for age in range(STEPS + 1)]


def _shares_by_offer(offers: Iterable[str], earned: Iterable[Earned]) -> dict[str, list[float]]:
    """What is known of each offer's conversions by the age of a click: its own delays, beside a few of all offers'."""
    seen: dict[str, Counter[tuple[int, int]]] = {offer: Counter() for offer in offers}
    for one in earned:
        seen[one.offer][min(one.delay, one.age, STEPS), min(one.age, STEPS)] += one.times
    whole: Counter[tuple[int, int]] = sum(seen.values(), Counter())
    prior = min(_A_DELAY_PRIOR / max(whole.total(), 1), 1.0)
    others = [(delay, age, times * prior) for (delay, age), times in whole.items()]
    return {
        offer: shares_known([*others, *((delay, age, float(times)) for (delay, age), times in own.items())])
        for offer, own in seen.items()
    }


def _add(segment: dict[str, Evidence], offer: str, evidence: Evidence) -> None:
    segment[offer] = segment.get(offer, Evidence()).plus(evidence)
