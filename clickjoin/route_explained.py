"""Why a visitor would be sent where he is sent: every rule of a campaign with what it says and what he is. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from ingest.routing.figures import Figures
from ingest.routing.plan import TRAIT_WORDS, Moment, RoutePlan, Traits, moment_of, route_plan, trait_value
from ingest.routing.route import explain, route
from schemas.settings.hours import DAYS
from schemas.settings.offer_rules import TRAITS, OfferRule
from schemas.settings.traffic import Campaign


class Explained(NamedTuple):
    """One rule of a campaign."""

    offer: str
    rank: int
    weight: float
    fits: bool
    why_not: str  # what the rule says, and what the visitor is; empty: it fits
    worth: float | None  # of a click there, as far as it is known; None: nothing was learnt
    probability: float


@dataclass(frozen=True)
class Explanation:
    """A whole decision."""

    by: str  # what decides: weight, optimise, trafficback; empty: there is but one offer
    offers: tuple[Explained, ...]
    trafficback: str  # where those go whom none fits: an offer or a URL; empty: nobody is left


def explained(campaign: Campaign, known: dict[str, str], figures: Figures, at_ms: int) -> Explanation:
    """The decision for a visitor of whom this is known, by our words, at a moment."""
    plan = route_plan(campaign)
    traits = tuple(trait_value(word, known.get(word, "")) for word in TRAIT_WORDS)
    rules = sorted(campaign.offers, key=lambda rule: rule.rank)
    verdicts = explain(plan, traits, figures, at_ms)
    moment = moment_of(plan, at_ms)
    back = campaign.trafficback
    return Explanation(
        by=route(plan, traits, figures, at_ms, 0.0).by,
        offers=tuple(
            Explained(
                offer=rule.offer,
                rank=rule.rank,
                weight=rule.weight,
                fits=not verdict.why_not,
                why_not=_told(rule, verdict.why_not, known, moment, figures),
                worth=_worth(plan, traits, figures, rule.offer),
                probability=verdict.probability,
            )
            for rule, verdict in zip(rules, verdicts, strict=True)
        ),
        trafficback=(back.offer or back.url) if back else "",
    )


def _told(rule: OfferRule, key: str, known: dict[str, str], moment: Moment, figures: Figures) -> str:
    """What the rule says there, and what is the case."""
    for trait, trait_key in TRAITS.items():
        if key == trait_key:
            return f"{key}: {', '.join(rule.wanted(trait))} (visitor: {known.get(trait) or 'unknown'})"
    used = figures.used_of(rule.offer, moment.day)
    match key:
        case "hours":
            minute = moment.minute % 1440
            now = f"{DAYS[moment.minute // 1440]} {minute // 60:02}:{minute % 60:02}"
            return f"hours: {', '.join(map(str, rule.hours))} (it is {now})"
        case "start" | "end":
            return f"{key}: {rule.start if key == 'start' else rule.end}"
        case "daily_clicks":
            return f"daily_clicks: {rule.daily_clicks} (used: {used.clicks})"
        case "daily_conversions":
            return f"daily_conversions: {rule.daily_conversions} (used: {used.of(rule.cap_event)})"
    return key


def _worth(plan: RoutePlan, traits: Traits, figures: Figures, offer: str) -> float | None:
    if plan.segments is None:
        return None
    worth = figures.worths_of(tuple([traits[at] for at in plan.segments])).get(offer)
    return worth.mean if worth else None
