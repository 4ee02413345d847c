"""What to paste into a network's panel, in its own macros, and what to mind there. Pure."""

from typing import NamedTuple
from urllib.parse import quote

from schemas.settings.masks import HIDDEN
from schemas.settings.traffic import OURS, POSTBACK_WORDS, Network

ASKED_FOR = ("click_id", "event", "txid", "payout", "currency", "status")
"""What a network is to say of which no macros are known."""

Pairs = list[tuple[str, str]]


class NetworkPanel(NamedTuple):
    """A network: where it sends its postbacks."""

    network: str
    postback_url: str  # with the network's own macros, where they are known; else {word}: to be replaced by its macro
    header: str  # that carries the key, where the URL does not
    offer_parameter: str  # of its offer links: what carries our click ID; empty where that is not known
    guarded_by: str  # in words
    events: dict[str, str]  # their word = our event
    mind: tuple[str, ...]  # what to do by hand, and where to paste


def network_panel(base: str, name: str, network: Network, *, hide_keys: bool) -> NetworkPanel:
    """What to paste for one network, reached at `base`. The URL or the header holds its key unless `hide_keys`."""
    secret = network.key.get_secret_value() if network.key else ""
    key = HIDDEN if secret and hide_keys else secret
    path = f"{base}/postback/{name}"
    if key and network.key_in == "path":
        path += f"/{_quoted(key)}"
    pairs = [("key", _quoted(key))] if key and network.key_in == "parameter" else []
    if network.sends == "url":
        pairs += asked(network).values()
    # Values stand as they are: encoded already, or macros that a panel must recognise.
    query = "&".join(f"{quote(parameter, safe='')}={value}" for parameter, value in pairs)
    carried = "click_id" if network.click_ids == OURS else "source_click_id"
    return NetworkPanel(
        network=name,
        postback_url=f"{path}?{query}" if query else path,
        header=_header(network, key),
        offer_parameter=f"{network.click_id_slot}={{{carried}}}" if network.click_id_slot else "",
        guarded_by=_guard(network),
        events=network.events,
        mind=tuple(_mind(network, query)),
    )


def _quoted(key: str) -> str:
    return key if key == HIDDEN else quote(key, safe="")


def asked(network: Network) -> dict[str, tuple[str, str]]:
    """The parameters of the URL, by our word: the name that we read first, and the macro."""
    ours = network.click_ids == OURS
    words = {word: f"{{{word}}}" for word in (ASKED_FOR if not network.macros else ASKED_FOR[:2])}
    words["click_id"] = "{click_id}" if ours else "{source_click_id}"
    if network.macros and network.event_default:
        del words["event"]
    words |= network.macros
    known = {word: network.params.get(word, (word,))[0] for word in POSTBACK_WORDS}
    pairs = {word: (known.get(word, word), macro) for word, macro in words.items() if macro}
    if "event" in pairs and "status" in pairs and pairs["event"][0] == pairs["status"][0]:
        (name, event), (_, status) = pairs["event"], pairs.pop("status")
        said = event if "event" in network.macros or not network.macros else status
        pairs["event"] = name, f"{event}{network.split}{status}" if network.split else said
    return pairs


def _header(network: Network, key: str) -> str:
    if not key:
        return ""
    match network.key_in:
        case "header":
            return f"X-Clickjoin-Key: {key}"
        case "bearer":
            return f"Authorization: Bearer {key}"
        case "basic":
            return f"Authorization: Basic {key}"
        case "authorization":
            return f"Authorization: {key}"
    return ""


def _guard(network: Network) -> str:
    addresses = ", ".join(map(str, network.allow))
    guards = ["its key"] if network.key else []
    guards += ["its signature"] if network.signature else []
    guards += ["its encryption"] if network.encryption else []
    guards += [f"its addresses ({addresses})"] if addresses and not network.allow_only_logs else []
    logged = f"; other addresses than {addresses} are only logged" if addresses and network.allow_only_logs else ""
    return (" and ".join(guards) or "nothing: it is open to anybody") + logged


def _mind(network: Network, query: str) -> list[str]:
    found = []
    if network.sends == "json":
        fields = " or ".join(network.params.get("click_id", ("click_id",)))
        found.append(f"it sends JSON: our click ID has to be in {fields}")
    elif network.macros:
        left = [word for word in ASKED_FOR[:2] if word not in network.macros and f"{{{word}}}" in query]
        if "click_id" in left:
            found.append("replace {click_id} by its macro for the parameter that brought our click ID")
        if "event" in left:
            found.append("replace {event} by the name of the event: it has no macro for it, so one URL for each event")
    if "#" in query:
        found.append("paste it into the panel's own field, not into a browser: that cuts it at the first #")
    return found
