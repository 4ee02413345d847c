"""What ClickHouse said of a campaign when it was last asked: what is used of caps, what its offers are worth. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Segment = tuple[str, ...]
"""The values of the traits that a campaign is optimised by."""
Draws = Mapping[str, tuple[float, ...]]
"""By offer what a click is worth, drawn again and again from what is known of it; the n-th draws belong together."""


@dataclass(frozen=True, slots=True)
class Used:
    """What an offer of a campaign had on a day."""

    clicks: int = 0
    conversions: Mapping[str, int] = field(default_factory=dict)  # by event

    def of(self, event: str) -> int:
        """Conversions of an event; of none: of any."""
        return self.conversions.get(event, 0) if event else sum(self.conversions.values())


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one campaign. What was worked out of the draws once is kept in `shares`, as it is asked for at every click."""

    at_ms: int = 0  # when it was asked; 0: never
    day: int = -1  # of `used`, in the campaign's zone
    used: Mapping[str, Used] = field(default_factory=dict)  # by offer
    draws: Mapping[Segment, Draws] = field(default_factory=dict)
    anywhere: Draws = field(default_factory=dict)  # for a segment of which nothing is known
    shares: dict[tuple[Segment, tuple[str, ...]], Mapping[str, float]] = field(default_factory=dict, compare=False)

    def used_of(self, offer: str, day: int) -> Used:
        """What an offer had on this day; on a day that was not asked for yet: nothing."""
        return self.used.get(offer, NOTHING) if day == self.day else NOTHING

    def best(self, segment: Segment, offers: tuple[str, ...]) -> Mapping[str, float] | None:
        """How likely each of these offers is the one that is worth most. None where nothing is known of one of them."""
        key = (segment, offers)
        found = self.shares.get(key)
        if found is None:
            draws = self.draws.get(segment, self.anywhere)
            if any(offer not in draws for offer in offers):
                return None
            found = self.shares[key] = share_of_best({offer: draws[offer] for offer in offers})
        return found


NOTHING = Used()
NO_FIGURES = Figures()


def share_of_best(draws: Draws) -> dict[str, float]:
    """In which share of the draws each is the highest; the first of equals."""
    wins = dict.fromkeys(draws, 0)
    names = list(draws)
    rounds = list(zip(*draws.values(), strict=True))
    for values in rounds:
        wins[names[values.index(max(values))]] += 1
    return {name: count / len(rounds) for name, count in wins.items()}
