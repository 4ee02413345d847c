"""What is allowed in the configuration but perhaps not meant. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from schemas.macros import ACCOUNT
from schemas.settings.errors import Path, Problem, path_text, value_text
from schemas.settings.file import Settings
from schemas.settings.lander_problems import lander_warnings
from schemas.settings.masks import HIDDEN, is_secret_place
from schemas.settings.network_warnings import network_warnings
from schemas.settings.postbacks import ANY_EVENT, Postbacks
from schemas.settings.rates import leads_into
from schemas.settings.secrets import is_hash, is_reference
from schemas.settings.traffic import OURS

SHORTEST_SECRET = 12


def find_warnings(settings: Settings, tree: dict[str, Any]) -> list[Problem]:
    """Everything that `check` points out. `tree` is the file as it was written."""
    return [
        *_plain_secrets(tree, ()),
        *_short_secrets(settings),
        *_same_steps(settings),
        *_open_networks(settings),
        *_offers(settings),
        *_costs(settings),
        *_postbacks(settings),
        *_goals(settings),
        *_partners_who_cannot_log_in(settings),
        *network_warnings(settings, tree),
        *lander_warnings(settings),
    ]


def _plain_secrets(node: Any, place: Path) -> Iterator[Problem]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _plain_secrets(value, (*place, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _plain_secrets(value, (*place, index))
    elif isinstance(node, str) and is_secret_place(place) and not _is_no_plain_secret(node):
        yield Problem(path_text(place), HIDDEN, 'a secret in plain text: "env:NAME" keeps it out of the file')


def _is_no_plain_secret(text: str) -> bool:
    """Whether it names a variable, is a hash, or is a template that takes what [account] holds."""
    return is_reference(text) or is_hash(text) or f"{{{ACCOUNT}" in text


def _short_secrets(settings: Settings) -> Iterator[Problem]:
    keys: dict[Path, SecretStr | None] = {
        ("ingest", "secrets", index): secret for index, secret in enumerate(settings.ingest.secrets)
    }
    keys |= {("networks", name, "key"): network.key for name, network in settings.networks.items()}
    keys |= {("sources", name, "key"): source.key for name, source in settings.sources.items()}
    for place, secret in keys.items():
        if secret and len(secret.get_secret_value()) < SHORTEST_SECRET:
            yield Problem(path_text(place), HIDDEN, f"easy to guess: {SHORTEST_SECRET} random characters are not")


def _same_steps(settings: Settings) -> Iterator[Problem]:
    first: dict[int, str] = {}
    for name, event in settings.events.items():
        other = first.setdefault(event.step, name)
        if other != name:
            yield Problem(path_text(("events", name, "step")), str(event.step), f"{other} is the same step")


def _open_networks(settings: Settings) -> Iterator[Problem]:
    for name, network in settings.networks.items():
        if network.open:
            allow = "" if network.allow_only_logs else "allow"
            guard = "key" if network.key else allow if network.allow else ""
            message = f"{guard} is given too, and counts" if guard else "anybody can send postbacks"
            yield Problem(path_text(("networks", name, "open")), "true", message)


def _offers(settings: Settings) -> Iterator[Problem]:
    for name, offer in settings.offers.items():
        network = settings.networks.get(offer.network)
        needed = "click_id" if network is None or network.click_ids == OURS else "source_click_id"
        if f"{{{needed}}}" not in offer.url:
            message = f"without {{{needed}}} the network cannot say which click an event belongs to"
            yield Problem(path_text(("offers", name, "url")), value_text(offer.url), message)


def _costs(settings: Settings) -> Iterator[Problem]:
    for name, source in settings.sources.items():
        of = [campaign for campaign in settings.campaigns.values() if campaign.source == name]
        known = source.currency or "currency" in source.macros
        if {"cost", "cpm"} & source.macros.keys() and not known and any(not (one.cost or one.cpm) for one in of):
            message = (
                'what it says that a click costs names no currency and is left out: write that of your account, "USD"'
            )
            yield Problem(path_text(("sources", name, "currency")), "", message)


def _partners_who_cannot_log_in(settings: Settings) -> Iterator[Problem]:
    users = settings.dashboard.users
    for name, partner in settings.partners.items():
        message = f"{name} is a user of the dashboard, who logs in instead" if name in users else ""
        if not users:
            message = "nobody logs in while the dashboard has no users: add one (clickjoin dashboard user add NAME)"
        if partner.password and message:
            yield Problem(path_text(("partners", name, "password")), HIDDEN, message)


def _goals(settings: Settings) -> Iterator[Problem]:
    """The events that a postback for any event is told of, and has no word for."""
    told: dict[Path, Postbacks] = {("sources", name): source for name, source in settings.sources.items()}
    told |= {("partners", name): partner for name, partner in settings.partners.items()}
    for place, entry in told.items():
        postback = entry.postbacks.get(ANY_EVENT)
        if postback is None or "{goal" not in str(postback.request) or ANY_EVENT in entry.goals:
            continue
        events = postback.events or [event for event in settings.events if event not in entry.postbacks]
        if wordless := [event for event in events if event not in entry.goals]:
            why = f'its postback names {{goal}}, so they are not sent: write {wordless[0]} = "…", or "*"'
            yield Problem(path_text((*place, "goals")), "", f"no word for {', '.join(wordless)}: {why}")


def _postbacks(settings: Settings) -> Iterator[Problem]:
    told: tuple[tuple[str, Mapping[str, Postbacks], tuple[str, ...]], ...] = (
        ("sources", settings.sources, ("{source_click_id}",)),
        ("partners", settings.partners, ("{source_click_id}", "{sub", "{param.")),
    )
    for section, entries, known_by in told:
        for name, entry in entries.items():
            for event, postback in entry.postbacks.items():
                place = (section, name, "postbacks", event)
                if postback.currency and not leads_into(settings.rates, postback.currency):
                    message = "[rates] has no rate into it: what is paid in another currency is held until it has"
                    yield Problem(path_text((*place, "currency")), postback.currency, message)
                if not any(each in str(postback.request) for each in known_by):  # it may stand in the body
                    named = " or ".join(f"{each}…}}" if each[-1] != "}" else each for each in known_by)
                    message = f"without {named} the {section[:-1]} cannot say which click an event belongs to"
                    yield Problem(path_text((*place, "url")), "", message)
