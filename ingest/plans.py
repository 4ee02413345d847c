"""The configuration, prepared for the requests: looked up by name, lower-cased, parsed once. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import quote

from pydantic import SecretStr

from ingest.costs import COST_WORDS, CostPlan, cost_plan
from ingest.encryption import EncryptionPlan, encryption_plan
from ingest.matching import Condition, condition
from ingest.payouts import PayoutPlan, payout_plan
from ingest.privacy import Privacy, privacy_plan
from ingest.routing.plan import RoutePlan, route_plan
from ingest.signatures import SignaturePlan, signature_plan
from ingest.words import Names, Words
from schemas.macros import CLICK_MACROS, Template, parse_url_template
from schemas.partner_claims import Claims
from schemas.settings.file import Settings
from schemas.settings.landers import LANDER_MACROS, Lander
from schemas.settings.networks import parse_zone
from schemas.settings.postbacks import CLICK_WORDS
from schemas.settings.traffic import OURS, POSTBACK_WORDS, Campaign, Network, Offer
from schemas.values import STATUSES, Repeat, Status

_NOT_COSTED = frozenset({*COST_WORDS, "currency", "ip", "user_agent", "clicked_at"})
"""Words that count only where a source's configuration names the parameter: a visitor may write them into any URL."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call: with which key, from which addresses."""

    path: str  # in the configuration, for errors
    key: bytes | None
    allow: tuple[IPv4Network | IPv6Network, ...]
    open: bool
    signature: SignaturePlan | None = None
    encryption: EncryptionPlan | None = None
    only_logs: bool = False  # who is in none of these ranges is let in and named in the log


@dataclass(frozen=True, slots=True)
class RulePlan:
    """What is meant where several parameters together tell it."""

    when: Condition
    event: str  # as the network might have said it; empty: as it did
    status: Status | None
    refund: bool  # the amount is taken back, whether it is written with a minus or without


@dataclass(frozen=True, slots=True)
class EventPolicy:
    """What is stamped on a postback of an event."""

    repeat: Repeat = "ignore"
    window_ms: int | None = None


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """How the postbacks of one network are read."""

    name: str
    access: Access
    names: Words
    taken: frozenset[str]  # names that are not kept among the other parameters
    events: Mapping[str, str]  # their word, lower-cased = our event
    statuses: Mapping[str, Status]
    event_default: str
    status_default: Status
    unknown_status: Status
    rules: tuple[RulePlan, ...]
    tests: Condition
    split: str  # what stands between event and status in one parameter
    last: bool  # of several parameters with one name the last counts
    payout: PayoutPlan
    zone: tzinfo
    wait_ms: int
    source: str  # whose own click IDs it sends; empty: ours
    reports_all_users: bool
    pixel: bool
    pixel_payout: bool
    policies: Mapping[str, EventPolicy]


@dataclass(frozen=True, slots=True)
class OfferPlan:
    """Where a visitor is sent, and what is paid."""

    name: str
    network: str
    url: Template
    payouts: Mapping[str, str]
    payout_fixed: bool


@dataclass(frozen=True, slots=True)
class LanderPlan:
    """A page that visitors see before the offer, and how often it is shown."""

    name: str
    url: Template
    weight: int


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """How the clicks of one campaign are read, and where they go."""

    name: str
    source: str
    access: Access  # for clicks that the source records server to server
    click_id_names: Names
    names: Words
    taken: frozenset[str]
    offers: Mapping[str, OfferPlan]  # by name, the trafficback's too; its URL without a name
    route: RoutePlan
    landers: tuple[LanderPlan, ...]
    lander_wait_ms: int
    may_credit: tuple[str, ...]
    costs: CostPlan
    claims: Claims  # by which partner it was brought


@dataclass(frozen=True, slots=True)
class Plans:
    """All of it."""

    networks: Mapping[str, NetworkPlan]
    campaigns: Mapping[str, CampaignPlan]
    default_network: str
    secrets: tuple[bytes, ...]
    privacy: Privacy | None  # None: everything is kept as it comes


def prepare(settings: Settings) -> Plans:
    """Prepare the whole configuration. Raises MacroError for an offer whose URL is no template."""
    offers = {name: _offer(name, offer) for name, offer in settings.offers.items()}
    claims = Claims(settings.partners, [secret.get_secret_value() for secret in settings.ingest.secrets])
    policies = {name: EventPolicy(event.repeat, event.window) for name, event in settings.events.items()}
    return Plans(
        networks={
            name: _network(name, network, policies, settings.ingest.wait) for name, network in settings.networks.items()
        },
        campaigns={
            name: _campaign(name, campaign, settings, offers, claims) for name, campaign in settings.campaigns.items()
        },
        default_network=settings.ingest.default_network,
        secrets=tuple(secret.get_secret_value().encode() for secret in settings.ingest.secrets),
        privacy=privacy_plan(settings),
    )


def _network(name: str, network: Network, policies: Mapping[str, EventPolicy], wait_ms: int) -> NetworkPlan:
    names = {word: _lower(network.params.get(word, (word,))) for word in POSTBACK_WORDS}
    kept = ("event",) if network.rules else ()  # what the network said, where rules say what it means
    return NetworkPlan(
        name=name,
        access=_network_access(f"networks.{name}", network),
        names=Words(names),
        taken=_all_of({word: each for word, each in names.items() if word not in kept}) | {"key"},
        events={theirs.lower(): ours for theirs, ours in network.events.items()},
        # Our own words need no mapping, unless the network means something else by one of them.
        statuses={status: status for status in STATUSES}
        | {theirs.lower(): ours for theirs, ours in network.statuses.items()},
        event_default=network.event_default,
        status_default=network.status_default,
        unknown_status=network.unknown_status,
        rules=tuple(RulePlan(condition(rule.when), rule.event, rule.status, rule.refund) for rule in network.rules),
        tests=condition(network.tests),
        split=network.split,
        last=network.duplicates == "last",
        payout=payout_plan(network),
        zone=parse_zone(network.timezone) or UTC,
        wait_ms=wait_ms if network.wait is None else network.wait,
        source="" if network.click_ids == OURS else network.click_ids,
        reports_all_users=network.reports_all_users,
        pixel=network.pixel,
        pixel_payout=network.pixel_payout,
        policies=policies,
    )


def _network_access(path: str, network: Network) -> Access:
    guards = signature_plan(path, network.signature), encryption_plan(path, network.encryption)
    return Access(path, _secret(network.key), network.allow, network.open, *guards, network.allow_only_logs)


def _offer(name: str, offer: Offer) -> OfferPlan:
    return OfferPlan(
        name=name,
        network=offer.network,
        url=parse_url_template(_ascii(offer.url), CLICK_MACROS),
        payouts={event: str(money) for event, money in offer.payouts.items()},
        payout_fixed=offer.payout == "fixed",
    )


def _lander(name: str, lander: Lander, weight: int) -> LanderPlan:
    return LanderPlan(name, parse_url_template(_ascii(lander.url), LANDER_MACROS), weight)


def _ascii(url: str) -> str:
    """A header holds ASCII only, so other characters of a URL are encoded here, once."""
    return "".join(char if char.isascii() else quote(char) for char in url)


def _campaign(
    name: str, campaign: Campaign, settings: Settings, offers: Mapping[str, OfferPlan], claims: Claims
) -> CampaignPlan:
    source = settings.sources[campaign.source]
    names = {word: _lower(source.params.get(word, () if word in _NOT_COSTED else (word,))) for word in CLICK_WORDS}
    click_id_names = _lower((source.click_id_param or "source_click_id",))
    return CampaignPlan(
        name=name,
        source=campaign.source,
        access=Access(f"sources.{campaign.source}", _secret(source.key), (), source.key is None),
        click_id_names=click_id_names,
        names=Words(names),
        taken=_all_of(names) | {*click_id_names, "key"},
        offers={offer: offers[offer] for offer in campaign.offer_names} | _trafficback(campaign),
        route=route_plan(campaign),
        landers=tuple(_lander(each, settings.landers[each], weight) for each, weight in campaign.landers.items()),
        lander_wait_ms=settings.ingest.wait,
        may_credit=campaign.may_credit,
        costs=cost_plan(campaign, source),
        claims=claims,
    )


def _trafficback(campaign: Campaign) -> dict[str, OfferPlan]:
    """A third party's URL, as an offer without a name and payouts."""
    back = campaign.trafficback
    return {"": _offer("", Offer(network=back.network, url=back.url))} if back and back.url else {}


def _secret(key: SecretStr | None) -> bytes | None:
    return key.get_secret_value().encode() if key else None


def _lower(names: Names) -> Names:
    return tuple(name.lower() for name in names)


def _all_of(names: Mapping[str, Names]) -> frozenset[str]:
    return frozenset(name for several in names.values() for name in several)
