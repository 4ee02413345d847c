"""What is wrong with a campaign's offers: weights of nothing, nowhere to go, offers that nobody can reach. Pure."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.macros import CLICK_MACROS, MacroError, parse_url_template
from schemas.settings.errors import Path, Problem, path_text
from schemas.settings.networks import parse_zone
from schemas.settings.offer_rules import CONVERSION, EPC, NOT, TRAITS, OfferRule
from schemas.settings.traffic import Campaign
from schemas.values import Millis

Mistake = tuple[Path, object, str]
"""Where in the campaign, what stands there (None: nothing), what would be right."""


class Known(NamedTuple):
    """The names there are."""

    offers: Mapping[str, str]  # = its network
    events: Collection[str]
    networks: Collection[str]


def routing_mistakes(campaign: Campaign, known: Known) -> Iterator[Mistake]:
    """All of them, besides offers that do not exist."""
    for index, rule in enumerate(campaign.offers):
        yield from ((("offers", index, *place), value, says) for place, value, says in _rule(campaign, rule, known))
    yield from _weights(campaign)
    yield from _hidden(campaign)
    yield from _trafficback(campaign, known)
    yield from _optimise(campaign, known)


def ended(campaigns: Mapping[str, Campaign], now_ms: Millis) -> list[Problem]:
    """Offers of campaigns whose `end` is past: right once, so no mistakes, but nobody is sent there any more."""
    return [
        Problem(
            path_text(("campaigns", name, "offers", index, "end")),
            str(rule.end),
            f"is past ({campaign.timezone or 'UTC'}): nobody is sent to {rule.offer} any more",
        )
        for name, campaign in campaigns.items()
        for index, rule in enumerate(campaign.offers)
        if rule.end and moment_ms(rule.end, campaign.timezone) <= now_ms
    ]


def moment_ms(moment: datetime, zone: str) -> int:
    """Milliseconds since 1970; a moment without a zone is in that one."""
    there = moment if moment.tzinfo else moment.replace(tzinfo=parse_zone(zone) or UTC)
    return round(there.timestamp() * 1000)


def _rule(campaign: Campaign, rule: OfferRule, known: Known) -> Iterator[Mistake]:
    if rule.start and rule.end and moment_ms(rule.end, campaign.timezone) <= moment_ms(rule.start, campaign.timezone):
        yield ("end",), str(rule.end), "nobody can reach this offer: it ends before it starts"
    for trait, key in TRAITS.items():
        wanted = {word.casefold() for word in rule.wanted(trait)}
        named = {word for word in wanted if not word.startswith(NOT)}
        if named and all(NOT + word in wanted for word in named):
            yield (key,), list(rule.wanted(trait)), "nobody can reach this offer: every value is excluded as well"
    for cap in ("daily_clicks", "daily_conversions"):
        if getattr(rule, cap) == 0:
            yield (cap,), 0, "nobody can reach this offer: write paused = true if that is meant"
    if rule.cap_event and rule.cap_event not in known.events:
        yield ("cap_event",), rule.cap_event, f"there is no [events.{rule.cap_event}]"
    if rule.cap_event and rule.daily_conversions is None:
        yield ("cap_event",), rule.cap_event, "says of which event conversions are capped: write daily_conversions too"


def _weights(campaign: Campaign) -> Iterator[Mistake]:
    for index, rule in enumerate(campaign.offers):
        if rule.weight == 0 and not rule.paused:
            rank = [other.weight for other in campaign.offers if other.rank == rule.rank and not other.paused]
            message = "a weight of nothing gets nobody: write paused = true if that is meant"
            if not sum(rank):
                message = "the weights sum to nothing: write at least one above 0"
            yield ("offers", index, "weight"), rule.weight, message


def _hidden(campaign: Campaign) -> Iterator[Mistake]:
    """Offers that an earlier rule leaves nothing for."""
    rules = campaign.offers
    always = min((rule.rank for rule in rules if rule.is_always), default=None)
    for index, rule in enumerate(rules):
        place = ("offers", index)
        if always is not None and rule.rank > always:
            message = f"nobody can reach this offer: one of rank {always} fits everybody, always"
            yield (*place, "rank"), rule.rank, message
        elif any(other.offer == rule.offer and other.rank == rule.rank and other.is_always for other in rules[:index]):
            yield (
                (*place, "offer"),
                rule.offer,
                "stands above for everybody: the first rule of an offer that fits counts",
            )


def _trafficback(campaign: Campaign, known: Known) -> Iterator[Mistake]:
    back, place = campaign.trafficback, ("trafficback",)
    if back is None:
        if not any(rule.is_always for rule in campaign.offers):
            says = 'an offer, or { url = "https://…", network = "…" }'
            yield place, None, f"is required where a visitor may fit no offer: write {says}"
        return
    if bool(back.offer) == bool(back.url) or bool(back.url) != bool(back.network):
        yield place, back.offer or back.url, "write the name of an offer, or url and network"
        return
    network = back.network or known.offers.get(back.offer, "")
    if back.offer and back.offer not in known.offers:
        yield (*place, "offer"), back.offer, f"there is no [offers.{back.offer}]"
    elif network and network not in known.networks:
        yield (*place, "network"), network, f"there is no [networks.{network}]"
    elif network and campaign.may_credit and network not in campaign.may_credit:
        yield place, back.offer or back.url, f"its network {network} may not credit: add it to may_credit"
    if back.url:
        try:
            parse_url_template(back.url, CLICK_MACROS)
        except MacroError as error:
            yield (*place, "url"), back.url, str(error)


def _optimise(campaign: Campaign, known: Known) -> Iterator[Mistake]:
    goal, place = campaign.optimise, ("optimise",)
    if goal is None:
        return
    if goal.by != EPC and goal.event not in known.events:
        names = ", ".join(f'"{CONVERSION}{event}"' for event in sorted(known.events))
        yield (*place, "by"), goal.by, f'write "{EPC}"{" or one of " if names else ""}{names}'
    if goal.by == EPC and not (goal.currency or campaign.cost or campaign.cpm):
        yield (*place, "currency"), None, "is required: amounts of two currencies are never compared"
    if len({rule.offer for rule in campaign.offers}) < 2:
        yield (*place, "by"), goal.by, "there is nothing to choose from: the campaign has one offer"
