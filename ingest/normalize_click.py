"""From a visit, or a source's report of one, to a Click; and where its visitor is sent. Pure.

Nothing that a visitor's URL holds is a reason to refuse the visit: what cannot be used is left out.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from ingest.bots import is_bot
from ingest.costs import cost_of, owed_for
from ingest.countries import country_code
from ingest.devices import device_of
from ingest.moments import parse_moment
from ingest.normalize_postback import MAX_BROUGHT_BYTES, other_params
from ingest.parameters import BROKEN, Params
from ingest.plans import CampaignPlan
from ingest.refusal import Refusal, bad_value
from ingest.routing.figures import NO_FIGURES
from ingest.routing.plan import TRAIT_WORDS, Traits
from ingest.routing.route import Choice, chance_of, route
from ingest.words import MAX_TEXT, first_of, first_text
from schemas.filters import Value
from schemas.ids import brought_click_id
from schemas.partner_claims import PARAMETER
from schemas.records import Click
from schemas.settings.postbacks import SUBS
from schemas.unreplaced import unreplaced_macro
from schemas.values import Millis, Origin

_DAY_MS = 86_400_000
_AS_SAID = (*TRAIT_WORDS, "placement", "creative", "source_campaign", "keyword", "consent")
_as_said, _traits, _subs = itemgetter(*_AS_SAID), itemgetter(*TRAIT_WORDS), itemgetter(*SUBS)


class Visitor(NamedTuple):
    """Who came, as the connection says."""

    ip: str = ""
    user_agent: str = ""
    languages: str = ""  # the header Accept-Language
    is_prefetch: bool = False
    is_unique: bool = False
    place: Mapping[str, str] = {}  # by our word, where the address is


class Asked(NamedTuple):
    """All that the choice of an offer may go by."""

    plan: CampaignPlan
    traits: Traits
    visitor: Visitor
    click_id: str
    now_ms: int


Choose = Callable[[Asked], Choice]


class Reported(NamedTuple):
    """What whoever reports a click says of it, besides its parameters."""

    clicked_at: Millis
    received_at: Millis
    source_click_id: str = ""  # where no parameter carries it
    origin: Origin = ""


def choose_by_rules(asked: Asked) -> Choice:
    """By the campaign's rules and weights alone: the same for the same click ID, spread as the weights say."""
    plan = asked.plan.route
    return route(plan, asked.traits, NO_FIGURES, asked.now_ms, 0.0 if plan.only else chance_of(asked.click_id))


def normalize_click(
    plan: CampaignPlan,
    params: Params,
    visitor: Visitor,
    *,
    click_id: str,
    now_ms: int,
    choose: Choose = choose_by_rules,
    reported: Reported | None = None,
) -> Click:
    """The record of a visit at `now_ms`. Never refuses."""
    said = plan.names.said(params)
    facts = _facts(said, visitor)
    cost, currency = cost_of(plan.costs, said)
    clicked_at, received_at, source_click_id, origin = reported or (now_ms, now_ms, "", "")
    traits = tuple([value.casefold() for value in _traits(facts)])
    choice = choose(Asked(plan, traits, visitor, click_id, now_ms))
    offer = plan.offers[choice.offer]
    rest = other_params(params, plan.taken)
    return Click(
        click_id=click_id,
        clicked_at=clicked_at,
        received_at=received_at,
        campaign=plan.name,
        source=plan.source,
        source_click_id=_source_click_id(plan, params) or source_click_id,
        offer=offer.name,
        network=offer.network,
        may_credit=plan.may_credit,
        payouts=dict(offer.payouts),
        payout_fixed=offer.payout_fixed,
        **facts,
        params=rest,
        cost=cost,
        currency=currency,
        cpa=owed_for(plan.costs, said),
        origin=origin,
        chosen_by=choice.by,
        choice_reason=choice.reason,
        probability=choice.probability,
        candidates=dict(choice.candidates),
        partner=plan.claims.recorded(rest.get(PARAMETER, ""), plan.name),
    )


def normalize_reported_click(
    plan: CampaignPlan,
    params: Params,
    *,
    minted: str,
    now_ms: int,
    choose: Choose = choose_by_rules,
    imported: Origin | None = None,
) -> Click:
    """The record of a click that a source reports server to server; it may bring its own `click_id` and `clicked_at`.

    imported: the origin of one that somebody else received when it was clicked. Raises Refusal for a click ID or a
    moment that cannot be used.
    """
    brought = _brought(plan, params)
    clicked_at = _clicked_at(plan, params, now_ms)
    names = plan.names
    ip, user_agent = first_text(params, (*names["ip"], "ip")), first_text(params, (*names["user_agent"], "user_agent"))
    click_id = brought_click_id(plan.source, brought) if brought else minted
    rest = params.copy()
    for said in ("click_id", "clicked_at", "ip", "user_agent"):
        rest.pop(said, None)
    reported = Reported(clicked_at, now_ms if imported is None else clicked_at, brought, imported or "")
    visitor = Visitor(ip, user_agent)
    return normalize_click(plan, rest, visitor, click_id=click_id, now_ms=now_ms, choose=choose, reported=reported)


def _facts(said: Mapping[str, str], visitor: Visitor) -> dict[str, Any]:
    """What the source says of its visitor; what it does not, as far as it is known otherwise."""
    ip, user_agent, languages, is_prefetch, is_unique, place = visitor
    facts: dict[str, Any] = dict(zip(_AS_SAID, _as_said(said), strict=True))
    if not (facts["device"] and facts["os"] and facts["browser"]):
        kind, os, browser = device_of(user_agent)
        facts["device"] = facts["device"] or kind
        facts["os"] = facts["os"] or os
        facts["browser"] = facts["browser"] or browser
    for word, known in place.items():
        facts[word] = facts[word] or known[:MAX_TEXT]
    if facts["country"]:
        facts["country"] = country_code(facts["country"])
    if languages and not facts["language"]:
        facts["language"] = first_language(languages)
    facts["subs"] = {word: text for word, text in zip(SUBS, _subs(said), strict=True) if text}
    facts["ip"], facts["user_agent"] = ip[:MAX_TEXT], user_agent[:MAX_TEXT]
    facts["is_bot"], facts["is_prefetch"] = is_prefetch or is_bot(user_agent), is_prefetch
    facts["is_unique"] = is_unique
    return facts


@lru_cache(maxsize=4096)
def first_language(header: str) -> str:
    """The language that a browser asks for first, without its country: "de" of "de-AT,en;q=0.8"."""
    return header.partition(",")[0].partition(";")[0].partition("-")[0].strip().lower()[:8]


def chosen_before(offer: str) -> Choose:
    """The choice of an offer that was made already."""
    return lambda asked: Choice(offer, "")


def destination(plan: CampaignPlan, click: Click, *, to_offer: bool = False) -> str:
    """The URL that the visitor of a click is sent to: of its lander where it has one, else of its offer."""
    is_first = click.lander and not to_offer
    lander = next((each.url for each in plan.landers if each.name == click.lander), None) if is_first else None
    template = lander or plan.offers[click.offer].url
    values: dict[str, Value] = {
        word: getattr(click, word) for word in ("click_id", "source_click_id", "campaign", "source", "offer")
    }
    values |= {
        word: getattr(click, word) for word in ("network", "placement", "creative", "source_campaign", "keyword")
    }
    values |= {word: click.subs.get(word, "") for word in SUBS}
    values |= {"country": click.country, "clicked_at": click.clicked_at, "lander": click.lander}
    return template.render(values)


def _source_click_id(plan: CampaignPlan, params: Params) -> str:
    """Their click ID byte for byte. One that was cut or mangled would be worse than none."""
    value = first_of(params, plan.click_id_names)[1]
    return "" if not value or len(value) > MAX_TEXT or BROKEN in value or unreplaced_macro(value) else value


def _brought(plan: CampaignPlan, params: Params) -> str:
    value = params.get("click_id", "").strip()
    if not value:
        return ""
    if unreplaced_macro(value):
        raise bad_value("unreplaced_macro", "click_id", value, "this macro was sent as it was typed")
    if plan.access.key is None:
        wanted = f"only a source with a key may bring its own: set {plan.access.path}.key, or leave click_id out"
        raise Refusal(401, "key_required", f"click_id: {wanted}")
    if len(value.encode("utf-8", "replace")) > MAX_BROUGHT_BYTES or BROKEN in value:
        raise bad_value("invalid_click_id", "click_id", value, f"write UTF-8 text of at most {MAX_BROUGHT_BYTES} bytes")
    return value


def _clicked_at(plan: CampaignPlan, params: Params, now_ms: int) -> int:
    name, value = first_of(params, (*plan.names["clicked_at"], "clicked_at"))
    if not value or unreplaced_macro(value):
        return now_ms
    try:
        at_ms = parse_moment(value)
    except ValueError as error:
        raise bad_value("invalid_clicked_at", name, value, str(error)) from None
    if at_ms > now_ms + _DAY_MS:
        raise bad_value("invalid_clicked_at", name, value, "this lies in the future")
    return at_ms
