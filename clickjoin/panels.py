"""What to paste into each network's and source's panel, and what each of them will be told. Pure."""

from typing import NamedTuple
from urllib.parse import quote, urlsplit

from clickjoin.network_panels import NetworkPanel, network_panel
from schemas.settings.file import Settings
from schemas.settings.postbacks import Source
from schemas.settings.traffic import Campaign

CLICK_PARAMETERS = ("placement", "creative", "source_campaign", "keyword")
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


class Panels(NamedTuple):
    """All of it."""

    networks: tuple[NetworkPanel, ...]
    campaigns: tuple[CampaignPanel, ...]
    sources: tuple[SourcePanel, ...]


def panels(settings: Settings, *, hide_keys: bool = False) -> Panels:
    """What to paste and what to expect. The postback URLs hold the networks' keys unless `hide_keys`."""
    base = settings.ingest.public_url
    return Panels(
        tuple(network_panel(base, name, network, hide_keys=hide_keys) for name, network in settings.networks.items()),
        tuple(_campaign(settings, name, campaign) for name, campaign in settings.campaigns.items()),
        tuple(told for name, source in settings.sources.items() for told in _told(name, source)),
    )


def _campaign(settings: Settings, name: str, campaign: Campaign) -> CampaignPanel:
    url = _click_url(settings.ingest.public_url, name, settings.sources[campaign.source])
    networks = dict.fromkeys(settings.offers[offer].network for offer in campaign.offer_names)
    if campaign.trafficback and campaign.trafficback.network:
        networks[campaign.trafficback.network] = None
    mind = "paste it into the panel's own field, not into a browser: that cuts it at the first #" if "#" in url else ""
    return CampaignPanel(name, url, campaign.source, campaign.offer_names, tuple(networks), mind)


def _click_url(base: str, campaign: str, source: Source) -> str:
    names = {"source_click_id": source.click_id_param or "source_click_id"}
    names |= {word: params[0] for word, params in source.params.items()}
    words = source.macros or {word: f"{{{word}}}" for word in _asked_for(source)}
    query = _query([(names.get(word, word), macro) for word, macro in words.items()])
    return f"{base}/click/{campaign}?{query}" if query else f"{base}/click/{campaign}"


def _asked_for(source: Source) -> list[str]:
    """What a source of which no macros are known is to say in a click URL."""
    own = ["source_click_id"] if source.click_id_param else []
    return own + [word for word in CLICK_PARAMETERS if word in source.params]


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
            method=postback.method or ("POST" if postback.form or postback.json_body else "GET"),
            max_click_age_hours=None if postback.max_click_age is None else postback.max_click_age / _HOURS_MS,
        )
        for event, postback in source.postbacks.items()
    ]
