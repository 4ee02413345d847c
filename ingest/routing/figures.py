"""What ClickHouse said of a campaign when it was last asked: what is used of caps, what its offers are worth. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.routing.worth import Worth, share_of_best

Segment = tuple[str, ...]
"""The values of the traits that a campaign is optimised by."""
ELSEWHERE: Segment = ()
"""Stands for every segment of which nothing is known."""


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
    """Of one campaign. What was worked out once is kept in `shares`, as it is asked for at every click."""

    at_ms: int = 0  # when it was asked; 0: never
    day: int = -1  # of `used`, in the campaign's zone
    used: Mapping[str, Used] = field(default_factory=dict)  # by offer
    worths: Mapping[Segment, Mapping[str, Worth]] = field(default_factory=dict)  # ELSEWHERE too
    normals: tuple[float, ...] = ()  # normally distributed random numbers, DRAWS for each offer
    shares: dict[tuple[Segment, tuple[str, ...]], Mapping[str, float]] = field(default_factory=dict, compare=False)

    def used_of(self, offer: str, day: int) -> Used:
        """What an offer had on this day; on a day that was not asked for yet: nothing."""
        return self.used.get(offer, NOTHING) if day == self.day else NOTHING

    def worths_of(self, segment: Segment) -> Mapping[str, Worth]:
        """What each offer is worth there; nothing where nothing was learnt."""
        return self.worths.get(segment) or self.worths.get(ELSEWHERE, {})

    def best(self, segment: Segment, offers: tuple[str, ...], explore: float) -> Mapping[str, float] | None:
        """With which probability each of these offers is to be chosen: as likely as it is the one that is worth most.

        explore: the share that is spread evenly. None where nothing is known of one of them.
        """
        known = segment if segment in self.worths else ELSEWHERE
        found = self.shares.get((known, offers))
        if found is None:
            worths = self.worths_of(known)
            if any(offer not in worths for offer in offers):
                return None
            best = share_of_best({offer: worths[offer] for offer in offers}, self.normals)
            found = {offer: explore / len(best) + (1 - explore) * share for offer, share in best.items()}
            self.shares[known, offers] = found
        return found


NOTHING = Used()
NO_FIGURES = Figures()
