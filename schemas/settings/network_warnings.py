"""What is allowed in a network's section, or in an offer of it, but perhaps not meant. Pure."""

import re
from collections.abc import Iterator
from typing import Any

from schemas.settings.errors import Problem, path_text, value_text
from schemas.settings.file import Settings
from schemas.settings.traffic import OURS, Network, Offer

_NO_CLICK_ID = re.compile(
    r"trans|order|lead|conver|program|offer|payout|amount|revenue|status|goal|event", re.IGNORECASE
)
"""What stands in a macro that is certainly not the parameter which brought our click ID."""
_TO_FILL_IN = re.compile(r"(?<![A-Z])(?:REPLACE(?:_ME)?|OPTIONAL|YOUR_[A-Z_]+)(?![A-Z])")
"""What templates hold where something is to be filled in."""


def network_warnings(settings: Settings, tree: dict[str, Any]) -> Iterator[Problem]:
    """What `check` points out. `tree` is the file as it was written."""
    for name, network in settings.networks.items():
        yield from _no_key(name, network)
        yield from _macros(name, network, _written(tree, name))
        yield from _no_currency(name, network)
    for name, offer in settings.offers.items():
        yield from _offer(name, offer, settings.networks.get(offer.network))


def _written(tree: dict[str, Any], name: str) -> dict[str, str]:
    """The macros that the file itself gives, not a preset."""
    macros: dict[str, str] = tree.get("networks", {}).get(name, {}).get("macros", {})
    return macros


def _no_key(name: str, network: Network) -> Iterator[Problem]:
    if network.allow_only_logs:  # nobody is refused for his address
        return
    if network.allow and not (network.key or network.signature or network.encryption):
        message = "no key is asked for: networks change their addresses, and a proxy hides them; a key stays"
        yield Problem(path_text(("networks", name, "allow")), "", message)


def _macros(name: str, network: Network, written: dict[str, str]) -> Iterator[Problem]:
    place = ("networks", name, "macros")
    click_id = network.macros.get("click_id", "")
    if _NO_CLICK_ID.search(click_id):
        message = "our click ID belongs here: the macro of the parameter that brought it, which this is not"
        yield Problem(path_text((*place, "click_id")), value_text(click_id), message)
    elif "click_id" in written and network.click_id_slot.lower() not in click_id.lower():
        message = f"its offer links carry our click ID in {network.click_id_slot}: ask for that"
        yield Problem(path_text((*place, "click_id")), value_text(click_id), message)
    first: dict[str, str] = {}
    for word, macro in network.macros.items():
        other = first.setdefault(macro, word)
        if macro and other != word:
            yield Problem(path_text((*place, word)), value_text(macro), f"{other} is the same macro")
        if _TO_FILL_IN.search(macro):
            yield Problem(path_text((*place, word)), value_text(macro), "this was to be filled in")


def _no_currency(name: str, network: Network) -> Iterator[Problem]:
    says = network.sends == "json" or not network.macros or "currency" in network.macros
    if not (says or network.currency) and "payout" in network.macros:
        message = 'its amounts come without a currency: write the one of your account, like "USD"'
        yield Problem(path_text(("networks", name, "currency")), "", message)


def _offer(name: str, offer: Offer, network: Network | None) -> Iterator[Problem]:
    place = path_text(("offers", name, "url"))
    if _TO_FILL_IN.search(offer.url):
        yield Problem(place, value_text(offer.url), "something was to be filled in here")
    slot = network.click_id_slot if network and network.click_ids == OURS else ""
    if slot and "{click_id}" in offer.url and not re.search(rf"[?&]{re.escape(slot)}=\{{click_id\}}", offer.url):
        message = f"{offer.network} gives back what came in {slot}: write {slot}={{click_id}}"
        yield Problem(place, value_text(offer.url), message)
