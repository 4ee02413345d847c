"""Asks ClickHouse each minute what smart links go by. While it is away, the last figures hold."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog

from ingest.plans import CampaignPlan
from ingest.routing.caps import passed_caps
from ingest.routing.figures import ELSEWHERE, NOTHING, Figures, Used
from ingest.routing.learn import Clicks, Earned, learn
from ingest.routing.plan import RoutePlan, day_begins_ms, moment_of
from ingest.routing.worth import DRAWS

REFRESH_SECONDS = 60.0
_ANSWER_SECONDS = 45.0

Row = Sequence[Any]
Normals = Callable[[int], tuple[float, ...]]
"""So many normally distributed random numbers."""

log = structlog.get_logger()


class AwayError(Exception):
    """ClickHouse cannot be asked now; the text says why."""


class Asker(Protocol):
    """What can be asked of the tables: sql.routing."""

    async def used(self, campaign: str, since: int) -> Sequence[Row]:
        """(offer, event, how many) since a moment. Raises AwayError, as the others do."""

    async def clicks(self, campaign: str, segments: Sequence[str], since: int, now: int) -> Sequence[Row]:
        """(offer, segment, age, how many)."""

    async def earned(
        self, campaign: str, segments: Sequence[str], since: int, now: int, event: str, currency: str
    ) -> Sequence[Row]:
        """(offer, segment, age, delay, how many, worth, squares)."""


class Learner:
    """Keeps the figures of every campaign that has caps or is optimised."""

    def __init__(self, asker: Asker, normals: Normals, clock_ms: Callable[[], int]) -> None:
        self.figures: dict[str, Figures] = {}  # by campaign
        self._asker, self._normals, self._clock_ms = asker, normals, clock_ms
        self._plans: dict[str, RoutePlan] = {}
        self._told: dict[str, RoutePlan] = {}  # whose caps were looked at
        self._is_away = False
        self._changed = asyncio.Event()

    def use(self, campaigns: Mapping[str, CampaignPlan]) -> None:
        """Keep the figures of these campaigns from now on."""
        self._plans = {name: plan.route for name, plan in campaigns.items() if plan.route.needs_figures}
        for name in self.figures.keys() - self._plans.keys():
            del self.figures[name]
        self._changed.set()

    async def run(self) -> None:
        """Refresh for ever; at once where other campaigns are to be used."""
        while True:
            self._changed.clear()
            try:
                await self.refresh(self._changed.is_set)
            except Exception:  # a bug of ours: clicks are sent on by the figures there are
                log.exception("figures_failed")
            try:
                await asyncio.wait_for(self._changed.wait(), REFRESH_SECONDS)
            except TimeoutError:
                continue

    async def refresh(self, is_enough: Callable[[], bool] = lambda: False) -> None:
        """Ask once for each campaign, unless it is enough. What cannot be had stays as it was."""
        for name, plan in self._plans.items():
            if is_enough():
                return
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    found = await figures_of(self._asker, name, plan, self._clock_ms(), self._normals)
            except (AwayError, TimeoutError) as error:
                if not self._is_away:
                    log.warning("figures_held", campaign=name, error=str(error) or "no answer in time")
                self._is_away = True
                return
            if self._plans.get(name) is plan:
                self._tell_caps(name, plan, found)
                self.figures[name] = found
        if self._is_away:
            log.info("figures_fresh")
        self._is_away = False

    def _tell_caps(self, name: str, plan: RoutePlan, found: Figures) -> None:
        """Once for a configuration, where a cap is lower than what was used when it came."""
        if self._told.get(name) == plan:
            return
        self._told[name] = plan
        rules = (rule for rank in plan.ranks for rule in rank)
        for _, offer, cap, limit, used in passed_caps(rules, lambda offer: found.used_of(offer, found.day)):
            log.warning("cap_below_used", path=f"campaigns.{name}", offer=offer, cap=cap, value=limit, used=used)


async def figures_of(asker: Asker, name: str, plan: RoutePlan, now_ms: int, normals: Normals) -> Figures:
    """What the tables say of a campaign now. Raises AwayError."""
    used = await asker.used(name, day_begins_ms(plan, now_ms)) if plan.is_capped else ()
    figures = Figures(now_ms, moment_of(plan, now_ms).day, used_of(used))
    if plan.goal is None:
        return figures
    since, segments = now_ms - plan.goal.span_ms, plan.goal.segments
    clicks = await asker.clicks(name, segments, since, now_ms)
    earned = await asker.earned(name, segments, since, now_ms, plan.goal.event, plan.goal.currency)
    learnt = await asyncio.to_thread(
        learn,
        plan.offers,
        [Clicks(offer, _segment(words), *rest) for offer, words, *rest in clicks],
        [Earned(offer, _segment(words), *rest) for offer, words, *rest in earned],
    )
    worths = {**learnt.segments, ELSEWHERE: learnt.anywhere}
    return replace(figures, worths=worths, normals=normals(DRAWS * len(plan.offers)))


def used_of(rows: Sequence[Row]) -> dict[str, Used]:
    """What each offer had; the clicks are those without an event."""
    found: dict[str, Used] = {}
    for offer, event, times in rows:
        had = found.get(offer, NOTHING)
        found[offer] = Used(had.clicks, {**had.conversions, event: times}) if event else Used(times, had.conversions)
    return found


def _segment(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words)
