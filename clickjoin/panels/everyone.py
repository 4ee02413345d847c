"""What to paste into each network's and source's panel, and what each of them will be told. Pure."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from clickjoin.panels.network import NetworkPanel, network_panel
from schemas.partner_claims import PARAMETER
from schemas.settings.file import Settings
from schemas.settings.postbacks import ANY_EVENT, Source, SourcePostback
from schemas.settings.traffic import Campaign

CLICK_PARAMETERS = ("placement", "creative", "source_campaign", "keyword")
_NOT_OF_VISITORS = ("ip", "user_agent", "clicked_at")
_HOURS_MS = 3_600_000


class CampaignPanel(NamedTuple):
    """A campaign: where its source sends visitors."""

    campaign: str
    click_url: str  # with the source's own macros, where they are known; else {word}: to be replaced by its macro
    source: str
    offers: tuple[str, ...]
    networks: tuple[str, ...]  # whose postbacks its conversions come by
    mind: str  # where to paste it


class SourcePanel(NamedTuple):
    """One postback that a source gets."""

    source: str
    event: str
    statuses: tuple[str, ...]
    host: str  # the rest of the URL may hold a token
    method: str
    max_click_age_hours: float | None


class OtherPanel(NamedTuple):
    """A partner, a webhook or a conversion API: of what it is told, in which words."""

    destination: str
    title: str
    events: dict[str, str]  # our event = its name there; empty: all, by our own names
    statuses: tuple[str, ...]
    sources: tuple[str, ...]  # whose clicks; empty: all
    host: str
    max_click_age_hours: float | None = None
    method: str = "POST"


class Panels(NamedTuple):
    """All of it."""

    networks: tuple[NetworkPanel, ...]
    campaigns: tuple[CampaignPanel, ...]
    sources: tuple[SourcePanel, ...]
    others: tuple[OtherPanel, ...]


def panels(settings: Settings, *, hide_keys: bool = False) -> Panels:
    """What to paste and what to expect. The postback URLs hold the networks' keys unless `hide_keys`."""
    base = settings.ingest.public_url
    return Panels(
        tuple(network_panel(base, name, network, hide_keys=hide_keys) for name, network in settings.networks.items()),
        tuple(_campaign(settings, name, campaign) for name, campaign in settings.campaigns.items()),
        tuple(told for name, source in settings.sources.items() for told in _told(name, source)),
        (*_partners(settings), *_webhooks(settings), *_conversion_apis(settings)),
    )


def _partners(settings: Settings) -> Iterator[OtherPanel]:
    for name, one in settings.partners.items():
        for event, postback in one.postbacks.items():
            told = postback.events or ((event,) if event != ANY_EVENT else ())
            events = {each: one.goals.get(each) or one.goals.get(ANY_EVENT) or each for each in told}
            hours = None if postback.max_click_age is None else postback.max_click_age / _HOURS_MS
            host = urlsplit(postback.url).hostname or ""
            method = _method(postback)
            yield OtherPanel(f"partner/{name}", "a partner", events, postback.statuses, (), host, hours, method)


def _webhooks(settings: Settings) -> Iterator[OtherPanel]:
    for name, one in settings.webhooks.items():
        if not one.conversions:  # it is told of alerts alone
            continue
        events = {event: event for event in one.events}
        yield OtherPanel(
            f"webhook/{name}", "a webhook", events, one.statuses, one.sources, urlsplit(one.url).hostname or ""
        )


def _conversion_apis(settings: Settings) -> Iterator[OtherPanel]:
    for name, one in settings.conversion_apis.items():
        host = urlsplit(one.base_url).hostname or ""
        hours = None if one.max_click_age is None else one.max_click_age / _HOURS_MS
        title = one.title or one.kind
        yield OtherPanel(f"conversion_api/{name}", title, one.events, one.statuses, one.sources, host, hours)


def _campaign(settings: Settings, name: str, campaign: Campaign) -> CampaignPanel:
    source, base = settings.sources[campaign.source], settings.ingest.public_url
    appended = _appended(settings, campaign.source)
    url = _click_url(base, name, source, appended)
    networks = dict.fromkeys(settings.offers[offer].network for offer in campaign.offer_names)
    if campaign.trafficback and campaign.trafficback.network:
        networks[campaign.trafficback.network] = None
    mind = "paste it into the panel's own field, not into a browser: that cuts it at the first #" if "#" in url else ""
    if appended:
        mind = f"{appended} is appended by the platform itself"
    return CampaignPanel(name, url, campaign.source, campaign.offer_names, tuple(networks), mind)


def _click_url(base: str, campaign: str, source: Source, appended: str) -> str:
    names = _names(source)
    words = source.macros or {word: f"{{{word}}}" for word in _asked_for(source)}
    query = _query([(names.get(word, word), macro) for word, macro in words.items() if names.get(word) != appended])
    return f"{base}/click/{campaign}?{query}" if query else f"{base}/click/{campaign}"


def _appended(settings: Settings, name: str) -> str:
    """The parameter of a source's click ID, where that is a platform's own and no macro is known for it; else empty.

    Such a platform (fbclid, gclid, ttclid) appends it by itself: beside a placeholder its own would come second.
    """
    source = settings.sources[name]
    is_own = any(api.names_source_click_id and name in api.sources for api in settings.conversion_apis.values())
    return source.click_id_param if is_own and "source_click_id" not in source.macros else ""


def _names(source: Source) -> dict[str, str]:
    """Our words = its parameters."""
    names = {"source_click_id": source.click_id_param or "source_click_id"}
    return names | {word: params[0] for word, params in source.params.items()}


def _asked_for(source: Source) -> list[str]:
    """What a source of which no macros are known is to say in a click URL: also what it has a name of its own for."""
    own = ["source_click_id"] if source.click_id_param else []
    named = [word for word, params in source.params.items() if params[0] != word and word not in _NOT_OF_VISITORS]
    return [*own, *dict.fromkeys([*(word for word in CLICK_PARAMETERS if word in source.params), *named])]


def partner_url(settings: Settings, campaign: str, partner: str, said: str) -> str:
    """The URL of a campaign that is a partner's, with the macros of their tracker. `said`: their claim, or nothing."""
    source = settings.sources[settings.campaigns[campaign].source]
    names = _names(source)
    macros = [(names.get(word, word), macro) for word, macro in settings.partners[partner].macros.items()]
    query = _query([(PARAMETER, said)] * bool(said) + macros)
    return f"{settings.ingest.public_url}/click/{campaign}" + (f"?{query}" if query else "")


def _query(parameters: list[tuple[str, str]]) -> str:
    """Values stand as they are: they are encoded already, or macros that a panel must recognise."""
    return "&".join(f"{quote(name, safe='')}={value}" for name, value in parameters)


def _told(name: str, source: Source) -> list[SourcePanel]:
    return [
        SourcePanel(
            source=name,
            event=event,
            statuses=postback.statuses,
            host=urlsplit(postback.url).hostname or "",
            method=_method(postback),
            max_click_age_hours=None if postback.max_click_age is None else postback.max_click_age / _HOURS_MS,
        )
        for event, postback in source.postbacks.items()
    ]


def _method(postback: SourcePostback) -> str:
    return postback.method or ("POST" if postback.form or postback.json_body else "GET")
