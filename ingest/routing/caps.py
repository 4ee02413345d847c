"""Caps that are below what was used of them already. Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from ingest.routing.figures import Used


class Capped(Protocol):
    """An offer of a campaign, as the configuration has it or as it is prepared."""

    @property
    def offer(self) -> str:
        """Its name."""

    @property
    def daily_clicks(self) -> int | None:
        """After which it gets nobody more on that day."""

    @property
    def daily_conversions(self) -> int | None:
        """The same of conversions."""

    @property
    def cap_event(self) -> str:
        """Whose conversions count; empty: any."""


class Passed(NamedTuple):
    """A cap, and what was used of it on its day."""

    at: int  # which of the rules
    offer: str
    cap: str  # its key in the configuration
    limit: int
    used: int


def passed_caps(rules: Iterable[Capped], used_of: Callable[[str], Used]) -> Iterator[Passed]:
    """Every cap that is lower than what was used. used_of: by offer, on the day that is meant."""
    for at, rule in enumerate(rules):
        used = used_of(rule.offer)
        for cap, limit, had in (
            ("daily_clicks", rule.daily_clicks, used.clicks),
            ("daily_conversions", rule.daily_conversions, used.of(rule.cap_event)),
        ):
            if limit is not None and had > limit:
                yield Passed(at, rule.offer, cap, limit, had)
