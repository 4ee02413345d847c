"""What a click is worth at an offer, as far as it is known: a distribution, and draws from it. Pure.

The model: conversions come as a Poisson process of an unknown rate, each worth about the same, `unit`. What is known of
the rate is a Gamma distribution: so many conversions (`shape`) of so many clicks (`clicks`). Where amounts differ, the
conversions count as (sum of amounts)² / (sum of squares), which is their number where all are equal, else less:
then what is earned has the relative spread that it should have.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import NamedTuple

DRAWS = 256
"""How often the offers are drawn against each other: shares are exact to about 3 in 100."""
_A_PRIOR = 1.0  # conversions that what all offers bring together weighs, for each offer
_A_SEGMENT_PRIOR = 3.0  # and that an offer's other segments weigh at most, for one of its segments


class Evidence(NamedTuple):
    """What was seen: clicks that had their time, what they earned, and the sum of the squares of the amounts."""

    clicks: float = 0.0
    worth: float = 0.0
    squares: float = 0.0

    @property
    def conversions(self) -> float:
        """How many conversions of equal worth would say as much."""
        return self.worth * self.worth / self.squares if self.worth > 0 and self.squares > 0 else 0.0

    @property
    def unit(self) -> float:
        """The worth of one of these; 0: not known."""
        return self.squares / self.worth if self.worth > 0 else 0.0

    def plus(self, other: "Evidence") -> "Evidence":
        """Both together."""
        return Evidence(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def minus(self, other: "Evidence") -> "Evidence":
        """Without a part of it. Rounding leaves nothing negative."""
        return Evidence(*(max(mine - theirs, 0.0) for mine, theirs in zip(self, other, strict=True)))


class Worth(NamedTuple):
    """What is known of the worth of a click."""

    shape: float
    clicks: float
    unit: float

    @property
    def mean(self) -> float:
        """What is expected."""
        return self.unit * self.shape / self.clicks

    def draw(self, normal: float) -> float:
        """A draw, by a normally distributed number (Wilson and Hilferty: right to a percent from a conversion on)."""
        base = 1 - 1 / (9 * self.shape) + normal / (3 * sqrt(self.shape))
        return self.mean * base * base * base if base > 0 else 0.0


def of_offers(evidence: Mapping[str, Evidence]) -> dict[str, Worth]:
    """The worth of each offer: where little is known of it, near what all of them bring."""
    everything = _sum(evidence.values())
    unit = everything.unit or 1.0
    mean = unit * (everything.conversions + 0.5) / (everything.clicks + 1)
    return {offer: _worth(one, Worth(_A_PRIOR, _A_PRIOR * unit / mean, unit)) for offer, one in evidence.items()}


def of_segment(segment: Mapping[str, Evidence], evidence: Mapping[str, Evidence]) -> dict[str, Worth]:
    """The worth of each offer in a segment: where little is known there, near what the offer brings elsewhere.

    `evidence`: of all segments together.
    """
    elsewhere = of_offers({offer: all_of_it.minus(segment.get(offer, NONE)) for offer, all_of_it in evidence.items()})
    found = {}
    for offer, prior in elsewhere.items():
        weight = min(prior.shape, _A_SEGMENT_PRIOR) / prior.shape
        found[offer] = _worth(segment.get(offer, NONE), Worth(prior.shape * weight, prior.clicks * weight, prior.unit))
    return found


def share_of_best(worths: Mapping[str, Worth], normals: Sequence[float]) -> dict[str, float]:
    """How likely each is worth most: Thompson sampling, drawn DRAWS times at once. `normals`: DRAWS for each."""
    wins = dict.fromkeys(worths, 0)
    names = list(worths)
    drawn = [
        [worth.draw(normal) for normal in normals[index * DRAWS : (index + 1) * DRAWS]]
        for index, worth in enumerate(worths.values())
    ]
    for values in zip(*drawn, strict=True):
        wins[names[values.index(max(values))]] += 1
    return {name: count / DRAWS for name, count in wins.items()}


NONE = Evidence()


def _worth(seen: Evidence, prior: Worth) -> Worth:
    """Prior and evidence together. An amount that was never seen is the prior's."""
    unit = seen.unit or prior.unit
    # The prior says what a click is worth, not how many conversions: those are counted in this unit.
    return Worth(prior.shape + seen.conversions, prior.shape * unit / prior.mean + seen.clicks, unit)


def _sum(several: Iterable[Evidence]) -> Evidence:
    total = NONE
    for one in several:
        total = total.plus(one)
    return total
