"""What is wrong with the partners: events and campaigns that do not exist, or a campaign of two of them. Pure."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from schemas.settings.errors import Path
from schemas.settings.partners import ANY_EVENT, Partner
from schemas.settings.source_problems import Known, postback_mistakes
from schemas.values import LANDER_CLICK

Mistake = tuple[Path, object, str]
"""Where under [partners], what stands there, what would be right."""


class KnownToPartner(NamedTuple):
    """The names there are."""

    events: Collection[str]
    campaigns: Collection[str]
    networks: Collection[str]


def partner_mistakes(partners: Mapping[str, Partner], known: KnownToPartner) -> Iterator[Mistake]:
    """All of them."""
    owners: dict[str, str] = {}
    owned = {campaign: name for name, partner in partners.items() for campaign in partner.campaigns}
    accepted: dict[str, str] = {}
    for name, partner in partners.items():
        for index, campaign in enumerate(partner.campaigns):
            if campaign not in known.campaigns:
                yield (name, "campaigns", index), campaign, _not_there(campaign, "campaigns", known.campaigns)
            if (owner := owners.setdefault(campaign, name)) != name:
                yield (name, "campaigns", index), campaign, f"is {owner}'s: a click is one partner's"
        for index, claim in enumerate(partner.accept):
            if (owner := accepted.setdefault(claim, name)) != name:
                yield (name, "accept", index), claim, f"is accepted as {owner}'s: a click is one partner's"
        for index, campaign in enumerate(partner.promotes):
            if message := _why_not_promoted(campaign, owned.get(campaign, name), name, known):
                yield (name, "promotes", index), campaign, message
        for place, value, message in (*_of_shares(partner, known), *_told(partner, known)):
            yield (name, *place), value, message


def _of_shares(partner: Partner, known: KnownToPartner) -> Iterator[Mistake]:
    for event in partner.shares:
        if event not in known.events and event != ANY_EVENT:
            yield ("shares", event), None, _not_there(event, "events", known.events)


def _why_not_promoted(campaign: str, owner: str, name: str, known: KnownToPartner) -> str:
    if campaign not in known.campaigns:
        return _not_there(campaign, "campaigns", known.campaigns)
    return f"is {owner}'s: every click of it is" if owner != name else ""


def _told(partner: Partner, known: KnownToPartner) -> Iterator[Mistake]:
    """What is wrong with their postbacks."""
    names = Known({*known.events, LANDER_CLICK}, known.campaigns, known.networks)
    lacks_tracker = any(postback.url.startswith("/") for postback in partner.postbacks.values())
    if lacks_tracker:
        yield ("tracker_url",), None, "is required: where their tracker answers, like https://track.example"
    for place, value, message in postback_mistakes(partner, names):
        if not (lacks_tracker and place[-1:] == ("url",)):
            yield place, value or None, message
    for event, postback in partner.postbacks.items():
        if postback.payout.fixed or postback.payout.part not in (0, 1):
            place = ("postbacks", event, "payout")
            yield place, None, 'they are told what [shares] gives them: leave it out, or write "none"'


def _not_there(name: str, section: str, known: Collection[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    if near:
        return f'there is no [{section}.{name}]: did you mean "{near[0]}"?'
    hint = f"there are {', '.join(sorted(known))}" if known else f"the file has no [{section}.NAME]"
    return f"there is no [{section}.{name}]: {hint}"
