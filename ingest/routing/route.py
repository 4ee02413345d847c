"""The decision: which offer a visitor is sent to. Pure.

Of the lowest rank in which an offer fits, those that fit are the candidates: by their weights, or by what was learnt of
them, `chance` (from 0 to before 1) picks one. Where none fits in any rank, it is the campaign's trafficback.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2s
from typing import NamedTuple

from ingest.routing.figures import Figures
from ingest.routing.plan import Moment, RoutePlan, RulePlan, Traits, moment_of

WEIGHT, OPTIMISE, STICKY, TRAFFICBACK = "weight", "optimise", "sticky", "trafficback"
PAUSED = "paused"
"""The reason of a paused campaign."""
_MAX_REASON = 256


class Choice(NamedTuple):
    """An offer, and how it was chosen."""

    offer: str  # empty: the trafficback's URL
    by: str  # WEIGHT, OPTIMISE, STICKY, TRAFFICBACK; empty: there was nothing to choose
    reason: str = ""  # of trafficback, and of a paused campaign
    probability: float | None = None
    candidates: Mapping[str, float] = {}


class Verdict(NamedTuple):
    """What the decision makes of one rule."""

    offer: str
    rank: int  # counted from 1, as the ranks are asked
    weight: float
    why_not: str  # empty: it fits
    probability: float


def route(plan: RoutePlan, traits: Traits, figures: Figures, at_ms: int, chance: float) -> Choice:
    """The choice for a visitor at a moment."""
    if plan.only:
        return Choice(plan.only, "")
    if plan.is_paused and plan.has_trafficback:
        return Choice(plan.trafficback, TRAFFICBACK, PAUSED, 1.0)
    moment = moment_of(plan, at_ms)
    for rules in plan.ranks:
        fitting = _fitting(rules, traits, moment, figures)
        if fitting:
            shares, by = _shares(plan, traits, figures, fitting)
            offer = picked(shares, chance)
            return Choice(offer, by, PAUSED if plan.is_paused else "", shares[offer], shares)
    return Choice(plan.trafficback, TRAFFICBACK, _reasons(plan, traits, moment, figures), 1.0)


def stays(plan: RoutePlan, kept: Choice, traits: Traits, figures: Figures, at_ms: int) -> bool:
    """Whether a visitor may still be sent to the offer that was chosen before."""
    moment = moment_of(plan, at_ms)
    return any(kept.offer in _fitting(rules, traits, moment, figures) for rules in plan.ranks)


def explain(plan: RoutePlan, traits: Traits, figures: Figures, at_ms: int) -> list[Verdict]:
    """Every rule of a campaign: whether it fits, why not, and how likely its offer is chosen by it."""
    moment = moment_of(plan, at_ms)
    verdicts, is_decided = [], False
    for rank, rules in enumerate(plan.ranks, 1):
        fitting = {} if is_decided else _fitting(rules, traits, moment, figures)
        shares = _shares(plan, traits, figures, fitting)[0] if fitting else {}
        seen: set[str] = set()
        for rule in rules:
            why_not = unfit(rule, traits, moment, figures)
            if not why_not and is_decided:
                why_not = "a lower rank fits"
            elif not why_not and rule.offer in seen:
                why_not = "an earlier rule of this offer fits"
            verdicts.append(
                Verdict(rule.offer, rank, rule.weight, why_not, 0.0 if why_not else shares.get(rule.offer, 0.0))
            )
            if not why_not:
                seen.add(rule.offer)
        is_decided = is_decided or bool(fitting)
    return verdicts


def unfit(rule: RulePlan, traits: Traits, moment: Moment, figures: Figures) -> str:
    """What a visitor or the moment does not fit, as the rule's key; empty: it fits."""
    if rule.paused:
        return "paused"
    for at, key, allowed, refused in rule.wants:
        trait = traits[at]
        if trait in refused or (allowed and trait not in allowed):
            return key
    if rule.is_steady:
        return ""
    return _untimely(rule, moment) or _used_up(rule, moment, figures)


def picked(shares: Mapping[str, float], chance: float) -> str:
    """The one whose stretch of the line from 0 to 1 the chance falls into."""
    end, last = 0.0, ""
    for offer, share in shares.items():
        if share > 0:
            end, last = end + share, offer
            if chance < end:
                return offer
    return last  # the shares sum to a little less than 1


def chance_of(text: str) -> float:
    """A number from 0 to before 1: the same for the same text, evenly spread over texts."""
    return (int.from_bytes(blake2s(text.encode("utf-8", "replace"), digest_size=8).digest(), "big") >> 11) / (1 << 53)


def _fitting(rules: tuple[RulePlan, ...], traits: Traits, moment: Moment, figures: Figures) -> dict[str, float]:
    """The offers that fit, with their weights; of several rules for an offer the first that fits counts."""
    fitting: dict[str, float] = {}
    for rule in rules:
        if rule.offer not in fitting and not unfit(rule, traits, moment, figures):
            fitting[rule.offer] = rule.weight
    return fitting


def _shares(
    plan: RoutePlan, traits: Traits, figures: Figures, fitting: Mapping[str, float]
) -> tuple[Mapping[str, float], str]:
    """With which probability each is to be chosen, and by what."""
    if plan.segments is not None:
        best = figures.best(tuple([traits[at] for at in plan.segments]), tuple(fitting), plan.explore)
        if best is not None:
            return best, OPTIMISE
    return by_weight(tuple(fitting.items())), WEIGHT


@lru_cache(maxsize=4096)
def by_weight(weights: tuple[tuple[str, float], ...]) -> Mapping[str, float]:
    """Shares of a whole; not to be changed."""
    total = sum(weight for _, weight in weights)
    return {offer: weight / total for offer, weight in weights}


def _untimely(rule: RulePlan, moment: Moment) -> str:
    if rule.start_ms is not None and moment.ms < rule.start_ms:
        return "start"
    if rule.end_ms is not None and moment.ms >= rule.end_ms:
        return "end"
    if rule.hours and not rule.hours[moment.minute]:
        return "hours"
    return ""


def _used_up(rule: RulePlan, moment: Moment, figures: Figures) -> str:
    if rule.daily_clicks is None and rule.daily_conversions is None:
        return ""
    used = figures.used_of(rule.offer, moment.day)
    if rule.daily_clicks is not None and used.clicks >= rule.daily_clicks:
        return "daily_clicks"
    if rule.daily_conversions is not None and used.of(rule.cap_event) >= rule.daily_conversions:
        return "daily_conversions"
    return ""


def _reasons(plan: RoutePlan, traits: Traits, moment: Moment, figures: Figures) -> str:
    """Why no offer fitted, each rule's first reason: "game: countries; quiz: paused"."""
    rules = (rule for rank in plan.ranks for rule in rank)
    return "; ".join(f"{rule.offer}: {unfit(rule, traits, moment, figures)}" for rule in rules)[:_MAX_REASON]
