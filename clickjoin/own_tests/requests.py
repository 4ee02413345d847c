"""An operator's own test of a campaign: the requests of its click and its postbacks, in the network's words. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote, urlencode

from clickjoin.panels.network import asked, network_panel
from schemas.ids import brought_click_id
from schemas.settings.file import Settings
from schemas.settings.networks import ANY_CURRENCY
from schemas.settings.traffic import OURS, Network
from schemas.settings.values import Money, parse_money
from schemas.values import LANDER_CLICK
from streams.emit.routes import Route, Routes, conversion_api_of, destination_of, route_to, routes_of, webhook_of

USER_AGENT = "Mozilla/5.0 (clickjoin, an operator's test)"
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_PAID = "1.00"


class Wanted(NamedTuple):
    """What is to be walked through."""

    campaign: str
    network: str  # whose postbacks are sent; empty: that of its first offer
    source_click_id: str  # what the source calls the click


class Call(NamedTuple):
    """One request to ingest."""

    event: str  # `click`, or what the postback reports
    method: str
    target: str  # path and query: may hold the network's key
    headers: Mapping[str, str] = {}  # may hold it, too
    form: Mapping[str, str] = {}


def wanted_of(settings: Settings, wanted: Wanted) -> Wanted:
    """It with its network. Raises LookupError, with what there is; ValueError where no test of it can be made."""
    if wanted.campaign not in settings.campaigns:
        raise LookupError(f"there is no campaigns.{wanted.campaign}")
    campaign = settings.campaigns[wanted.campaign]
    back = campaign.trafficback.network if campaign.trafficback else ""
    every = [settings.offers[offer].network for offer in campaign.offer_names] + [back] * bool(back)
    networks = tuple(dict.fromkeys(every))
    name = wanted.network or networks[0]
    if name not in networks:
        raise LookupError(f"its offers are of {', '.join(networks)}, not of {name}")
    theirs = settings.networks[name].click_ids
    if theirs not in (OURS, campaign.source):
        raise ValueError(f"{name} sends click IDs of {theirs}, and this campaign's clicks are of {campaign.source}")
    return wanted._replace(network=name)


def click_id_of(settings: Settings, wanted: Wanted, minted: str) -> str:
    """The ID of the test's click: the one that was minted, or what the source brings where its network sends that."""
    if settings.networks[wanted.network].click_ids == OURS:
        return minted
    return brought_click_id(settings.campaigns[wanted.campaign].source, wanted.source_click_id)


def calls_of(settings: Settings, wanted: Wanted, click_id: str) -> tuple[Call, ...]:
    """The click, then a postback of each event that the network's URL can report."""
    return (
        _click(settings, wanted),
        *(_postback(settings, wanted, click_id, event) for event in _events(settings, wanted)),
    )


def tellable(settings: Settings, wanted: Wanted) -> tuple[tuple[str, str], ...]:
    """Destinations that are told of events of this campaign's clicks, each with an event."""
    source, events = settings.campaigns[wanted.campaign].source, _events(settings, wanted)
    return tuple((route.destination, event) for event, route in _routes(settings, routes_of(settings), source, events))


def told_of_tests(settings: Settings) -> dict[str, tuple[str, ...]]:
    """By source the destinations whose own setting has them told of tests at once: also = ["test"]."""
    routes = routes_of(settings)
    return {
        source: tuple(
            dict.fromkeys(
                route.destination
                for _, route in _routes(settings, routes, source, settings.funnel)
                if "test" in route.conditions.also
            )
        )
        for source in settings.sources
    }


def _routes(settings: Settings, routes: Routes, source: str, events: tuple[str, ...]) -> Iterator[tuple[str, Route]]:
    others = [*map(webhook_of, settings.webhooks), *map(conversion_api_of, settings.conversion_apis)]
    for event in events:
        for destination in (destination_of(source), *others):
            route = route_to(routes, destination, source, event)
            if route and route.conditions.statuses and source in (route.conditions.sources or (source,)):
                yield event, route


def _click(settings: Settings, wanted: Wanted) -> Call:
    source = settings.sources[settings.campaigns[wanted.campaign].source]
    path = f"/click/{quote(wanted.campaign, safe='')}"
    if settings.networks[wanted.network].click_ids == OURS:
        query = urlencode({source.click_id_param or "source_click_id": wanted.source_click_id})
        return Call("click", "GET", f"{path}?{query}", {"user-agent": USER_AGENT})
    key = {"x-clickjoin-key": source.key.get_secret_value()} if source.key else {}
    return Call("click", "POST", path, {**_FORM, **key}, {"click_id": wanted.source_click_id, "user_agent": USER_AGENT})


def _events(settings: Settings, wanted: Wanted) -> tuple[str, ...]:
    """Those that are configured. Where rules give some of them, these; where the network's URL names none, the one that
    it means then."""
    network = settings.networks[wanted.network]
    default = network.event_default
    if default and not network.rules and "event" not in asked(network):
        return (_ours(network, default),)
    ruled = {_ours(network, rule.event) for rule in network.rules}
    events = [event for event in settings.funnel if event != LANDER_CLICK]
    return tuple([event for event in events if event in ruled] or events)


def _postback(settings: Settings, wanted: Wanted, click_id: str, event: str) -> Call:
    network = settings.networks[wanted.network]
    panel = network_panel("", wanted.network, network, hide_keys=False)
    path, _, query = panel.postback_url.partition("?")
    key = f"?{query.partition('&')[0]}" if query.startswith("key=") else ""
    header, _, value = panel.header.partition(": ")
    headers = {"user-agent": USER_AGENT, **({header: value} if header else {})}
    said = _said(settings, wanted, click_id, event)
    if network.sends == "json":
        return Call(event, "POST", path + key, {**headers, **_FORM}, said)
    return Call(event, "GET", f"{path}{key}{'&' if key else '?'}{urlencode(said)}", headers)


def _said(settings: Settings, wanted: Wanted, click_id: str, event: str) -> dict[str, str]:
    """The parameters of a postback. What the network says besides is left out."""
    network = settings.networks[wanted.network]
    paid = _paid(settings, wanted, event)
    decimals = network.payout_decimals.get(paid.currency, network.payout_decimals.get(ANY_CURRENCY, 0))
    values = {
        "click_id": click_id if network.click_ids == OURS else wanted.source_click_id,
        "event": _theirs(network, event),
        "status": next((theirs for theirs, ours in network.statuses.items() if ours == "approved"), "approved"),
        "txid": f"test-{click_id}-{event}",
        "payout": f"{paid.amount.scaleb(decimals):f}",
        "currency": paid.currency,
    }
    said: dict[str, str] = {}
    words = asked(network)
    for word, (parameter, _) in words.items():
        if word in values and parameter not in said:
            said[parameter] = values[word]
    if network.split and "status" not in words and network.params.get("status", ("",))[0] in said:
        said[network.params["status"][0]] += network.split + values["status"]
    ruled = (rule for rule in network.rules if rule.event and _ours(network, rule.event) == event)
    for rule in ruled:
        return said | {name: of[0].rstrip("*") for name, of in rule.when.items()}
    return said


def _paid(settings: Settings, wanted: Wanted, event: str) -> Money:
    """What an offer of the campaign pays for it, else a little."""
    offers = [settings.offers[name] for name in settings.campaigns[wanted.campaign].offer_names]
    found = [offer.payouts[event] for offer in offers if offer.network == wanted.network and event in offer.payouts]
    return found[0] if found else parse_money(f"{_PAID} {settings.networks[wanted.network].currency or 'USD'}")


def _theirs(network: Network, event: str) -> str:
    return next((theirs for theirs, ours in network.events.items() if ours == event), event)


def _ours(network: Network, word: str) -> str:
    return {theirs.lower(): ours for theirs, ours in network.events.items()}.get(word.lower(), word.lower())
