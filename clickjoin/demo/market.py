"""The market behind the demo's smart link: how many visitors each offer wins over. Only here is it known. Pure."""

from typing import NamedTuple

CAMPAIGN = "best"
RATES = {"quiz": 0.05, "poll": 0.10, "duel": 0.25}
"""Of the campaign's offers (demo.toml), all of which pay the same: the share of visitors who install."""


class OfferFigures(NamedTuple):
    """What ClickHouse has of an offer of the smart link."""

    offer: str
    clicks: int
    lately: int  # clicks of the last minute
    installs: int


def wins_over(offer: str, chance: float) -> bool:
    """Whether a visitor installs; `chance` is 0 to 1, evenly spread."""
    return chance < RATES[offer]
