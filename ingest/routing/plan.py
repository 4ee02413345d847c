"""A campaign's offers, prepared for the decision: words lower-cased, times in milliseconds. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple

from ingest.countries import country_code
from schemas.settings.hours import WEEK_MINUTES
from schemas.settings.networks import parse_zone
from schemas.settings.offer_rules import NOT, TRAITS, OfferRule
from schemas.settings.routing_problems import moment_ms
from schemas.settings.traffic import Campaign

Traits = tuple[str, ...]
"""What is known of a visitor, in the order of TRAIT_WORDS and lower-cased; empty: unknown."""
TRAIT_WORDS = tuple(TRAITS)

_QUARTER_MS = 900_000
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_THURSDAY = 3  # 1970-01-01


class Want(NamedTuple):
    """What a rule wants of one trait."""

    at: int  # in Traits
    key: str  # in the configuration
    allowed: frozenset[str]  # none: any
    refused: frozenset[str]


@dataclass(frozen=True, slots=True)
class RulePlan:
    """An offer, and whom it is for."""

    offer: str
    weight: float
    wants: tuple[Want, ...]
    hours: bytes  # of every minute of the week 1 where it holds, 0 where not; empty: always
    start_ms: int | None
    end_ms: int | None
    paused: bool
    daily_clicks: int | None
    daily_conversions: int | None
    cap_event: str
    is_steady: bool  # whether it goes by the traits alone: by neither time nor figures


class Goal(NamedTuple):
    """What an optimised campaign learns from."""

    event: str  # empty: what is paid
    currency: str
    span_ms: int  # of clicks that are looked at
    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """All that decides on the offer of a campaign's click."""

    ranks: tuple[tuple[RulePlan, ...], ...]  # the first of which somebody fits decides
    trafficback: str  # an offer; empty: a URL, or nothing
    zone: tzinfo
    segments: tuple[int, ...] | None  # in Traits, of an optimised campaign
    explore: float
    sticky_ms: int
    goal: Goal | None  # of an optimised campaign
    offers: tuple[str, ...]  # each once
    is_capped: bool
    is_paused: bool
    has_trafficback: bool
    only: str  # the one offer that fits everybody always; empty: there is something to decide

    @property
    def needs_figures(self) -> bool:
        """Whether anything of it goes by what ClickHouse says."""
        return self.is_capped or self.goal is not None


class Moment(NamedTuple):
    """A moment as the rules see it."""

    ms: int
    minute: int  # of the week in the campaign's zone
    day: int  # since 1970 in the campaign's zone


def route_plan(campaign: Campaign) -> RoutePlan:
    """Prepare a campaign that was found right."""
    ranks = sorted({rule.rank for rule in campaign.offers})
    is_settled = len(campaign.offers) == 1 and campaign.offers[0].is_always and not campaign.paused
    goal = campaign.optimise
    return RoutePlan(
        ranks=tuple(
            tuple(_rule(rule, campaign.timezone) for rule in campaign.offers if rule.rank == rank) for rank in ranks
        ),
        trafficback=campaign.trafficback.offer if campaign.trafficback else "",
        zone=parse_zone(campaign.timezone) or UTC,
        segments=tuple(TRAIT_WORDS.index(trait) for trait in goal.segments) if goal else None,
        explore=goal.explore if goal else 0.0,
        sticky_ms=campaign.sticky,
        goal=_goal(campaign),
        offers=tuple(dict.fromkeys(rule.offer for rule in campaign.offers)),
        is_capped=any(rule.daily_clicks is not None or rule.daily_conversions is not None for rule in campaign.offers),
        is_paused=campaign.paused,
        has_trafficback=campaign.trafficback is not None,
        only=campaign.offers[0].offer if is_settled else "",
    )


def moment_of(plan: RoutePlan, at_ms: int) -> Moment:
    """The moment `at_ms`, by the clock of the campaign's zone."""
    there = at_ms + _offset_ms(plan.zone, at_ms // _QUARTER_MS)
    day, rest = divmod(there, _DAY_MS)
    return Moment(at_ms, (day + _THURSDAY) % 7 * 1440 + rest // _MINUTE_MS, day)


def day_begins_ms(plan: RoutePlan, at_ms: int) -> int:
    """When the day of a moment began in the campaign's zone."""
    there = datetime.fromtimestamp(at_ms / 1000, plan.zone)
    return round(there.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp() * 1000)


def _goal(campaign: Campaign) -> Goal | None:
    goal, price = campaign.optimise, campaign.cost or campaign.cpm
    if goal is None:
        return None
    currency = goal.currency or (price.currency if price else "")
    return Goal(goal.event, currency, goal.days * _DAY_MS, goal.segments)


@lru_cache(maxsize=1024)
def _offset_ms(zone: tzinfo, quarter: int) -> int:
    """How far a zone is ahead of UTC; that changes at full quarters of an hour at most."""
    offset = datetime.fromtimestamp(quarter * _QUARTER_MS / 1000, zone).utcoffset()
    return round(offset.total_seconds() * 1000) if offset else 0


def _rule(rule: OfferRule, zone: str) -> RulePlan:
    return RulePlan(
        offer=rule.offer,
        weight=rule.weight,
        wants=tuple(_want(at, trait, rule.wanted(trait)) for at, trait in enumerate(TRAIT_WORDS) if rule.wanted(trait)),
        hours=_minutes(span for hours in rule.hours for span in hours.spans),
        start_ms=moment_ms(rule.start, zone) if rule.start else None,
        end_ms=moment_ms(rule.end, zone) if rule.end else None,
        paused=rule.paused,
        daily_clicks=rule.daily_clicks,
        daily_conversions=rule.daily_conversions,
        cap_event=rule.cap_event,
        is_steady=not (rule.hours or rule.start or rule.end) and rule.daily_clicks is rule.daily_conversions is None,
    )


def _minutes(spans: Iterable[tuple[int, int]]) -> bytes:
    found = bytearray(WEEK_MINUTES)
    for begin, end in spans:
        found[begin:end] = b"\1" * (end - begin)
    return bytes(found) if any(found) else b""


def _want(at: int, trait: str, words: tuple[str, ...]) -> Want:
    allowed = [word for word in words if not word.startswith(NOT)]
    refused = [word.removeprefix(NOT) for word in words if word.startswith(NOT)]
    return Want(
        at, TRAITS[trait], *(frozenset(trait_value(trait, word) for word in part) for part in (allowed, refused))
    )


def trait_value(trait: str, text: str) -> str:
    """A value as it is compared: in lower case, and of a country, however it is called, the code of two letters."""
    return (country_code(text) if trait == "country" else text).casefold()
