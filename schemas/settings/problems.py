"""Rules over more than one section: what is named exists, what is open says so, templates parse. Pure."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from schemas.macros import CLICK_MACROS, MacroError, parse_url_template
from schemas.requests import find_mistakes
from schemas.settings.alert_problems import KnownToAlert, alert_mistakes
from schemas.settings.conversion_api_problems import Known as KnownToApi
from schemas.settings.conversion_api_problems import conversion_api_mistakes
from schemas.settings.errors import Path, Problem, path_text, value_text
from schemas.settings.file import Settings
from schemas.settings.lander_problems import lander_mistakes
from schemas.settings.masks import shown
from schemas.settings.partner_problems import KnownToPartner, partner_mistakes
from schemas.settings.postbacks import CLICK_WORDS
from schemas.settings.routing_problems import Known, routing_mistakes
from schemas.settings.server_problems import security_mistakes
from schemas.settings.servers import ports_in_use
from schemas.settings.source_problems import Known as KnownToSource
from schemas.settings.source_problems import postback_mistakes
from schemas.settings.traffic import OURS, POSTBACK_WORDS
from schemas.values import LANDER_CLICK


class Context(NamedTuple):
    """What the rules must know besides the settings: the whole file, and which places in it were found wrong before."""

    tree: dict[str, Any]
    broken: frozenset[Path] = frozenset()

    def names(self, section: str) -> set[str]:
        """The names that a section gives, those of wrong entries included: they are there."""
        given = self.tree.get(section)
        return set(given) if isinstance(given, dict) else set()

    def is_broken(self, *place: str) -> bool:
        """Whether something at or below a place was found wrong before."""
        return any(path[: len(place)] == place for path in self.broken)


def find_problems(settings: Settings, context: Context) -> list[Problem]:
    """All that is wrong in the relations between the sections."""
    return [
        *_servers(settings, context),
        *_events(settings),
        *_networks(settings, context),
        *_sources(settings, context),
        *_conversion_apis(settings, context),
        *_webhooks(settings, context),
        *_alerts(settings, context),
        *_partners(settings, context),
        *_offers(settings, context),
        *_campaigns(settings, context),
        *(_problem(*mistake) for mistake in lander_mistakes(settings)),
    ]


def _problem(place: Path, value: object, message: str) -> Problem:
    return Problem(path_text(place), value_text(shown(place, value)), message)


def _unless_known(place: Path, name: str, known: Iterable[str], section: str) -> Iterator[Problem]:
    """A problem where a name is none of those there are."""
    names = sorted(known)
    if name in names:
        return
    near = get_close_matches(name, names, n=1)
    if near:
        hint = f'did you mean "{near[0]}"?'
    else:
        hint = f"there are {', '.join(names)}" if names else f"the file has no [{section}.NAME]"
    yield _problem(place, name, f"there is no [{section}.{name}]: {hint}")


def _servers(settings: Settings, context: Context) -> Iterator[Problem]:
    kafka, ingest = settings.kafka, settings.ingest
    if not (kafka.is_embedded or ingest.secrets or context.is_broken("ingest", "secrets")):
        yield Problem(
            "ingest.secrets",
            "",
            'is required with a Kafka of your own: write secrets = ["env:CLICKJOIN_SECRET"], the same for every ingest',
        )
    if kafka.is_embedded and kafka.replication > 1:
        yield _problem(("kafka", "replication"), kafka.replication, "the embedded Kafka is one node: write 1")
    if not context.is_broken("kafka", "security"):
        yield from (_problem(*mistake) for mistake in security_mistakes(kafka, settings.clickhouse))
    if ingest.default_network:
        place = ("ingest", "default_network")
        yield from _unless_known(place, ingest.default_network, context.names("networks"), "networks")
    taken: dict[int, str] = {}
    for place_text, port in ports_in_use(settings.kafka, settings.clickhouse, settings.ingest, settings.metrics):
        if port in taken:
            yield Problem(place_text, str(port), f"{taken[port]} has the same port: each server needs its own")
        taken[port] = place_text


def _events(settings: Settings) -> Iterator[Problem]:
    if "click" in settings.events:
        yield Problem("events.click", "", "the click is the first step by itself: configure the events after it")


def _networks(settings: Settings, context: Context) -> Iterator[Problem]:
    for name, network in settings.networks.items():
        place = ("networks", name)
        is_listed = network.allow and not network.allow_only_logs
        proof = network.key or network.signature or network.encryption
        is_guarded = proof or is_listed or context.is_broken(*place, "key")
        broken = any(context.is_broken(*place, key) for key in ("allow", "signature", "encryption"))
        if not (is_guarded or network.open or broken):
            yield Problem(
                path_text((*place, "key")),
                "",
                'anybody could send postbacks: write key = "env:NAME" or allow = ["203.0.113.0/24"], '
                "or say open = true",
            )
        if network.click_ids != OURS:
            yield from _click_ids(place, network.click_ids, context)
        for theirs, event in network.events.items():
            yield from _unless_known((*place, "events", theirs), event, context.names("events"), "events")
        if network.event_default:
            yield from _unless_known(
                (*place, "event_default"), network.event_default, context.names("events"), "events"
            )
        yield from _words((*place, "params"), network.params, POSTBACK_WORDS)


def _click_ids(place: Path, source: str, context: Context) -> Iterator[Problem]:
    known = sorted(context.names("sources"))
    if source not in known:
        hint = ", ".join(f'"{name}"' for name in ["ours", *known])
        yield _problem((*place, "click_ids"), source, f'write "ours" or the name of a source: there are {hint}')


def _sources(settings: Settings, context: Context) -> Iterator[Problem]:
    for name, source in settings.sources.items():
        yield from _words(("sources", name, "params"), source.params, CLICK_WORDS)
        events = context.names("events") | {LANDER_CLICK}
        known = KnownToSource(events, context.names("campaigns"), context.names("networks"))
        for place, value, message in postback_mistakes(source, known):
            at = ("sources", name, *place)
            yield _problem(at, value, message) if value else Problem(path_text(at), "", message)


def _webhooks(settings: Settings, context: Context) -> Iterator[Problem]:
    for name, webhook in settings.webhooks.items():
        place = ("webhooks", name)
        for section in ("events", "sources", "campaigns", "networks"):
            for index, each in enumerate(getattr(webhook, section)):
                yield from _unless_known((*place, section, index), each, context.names(section), section)
        for at, error in find_mistakes(webhook.request, frozenset()):
            if at[0] != "json_body":  # that is ours
                value = webhook.headers[str(at[1])] if at[0] == "headers" else webhook.url
                yield _problem((*place, *at), value, str(error))


def _alerts(settings: Settings, context: Context) -> Iterator[Problem]:
    known = KnownToAlert(context.names("webhooks"), context.names("events") | {LANDER_CLICK})
    for name, alert in settings.alerts.items():
        for place, value, message in alert_mistakes(alert, known):
            found = "" if value is None else value_text(value)
            yield Problem(path_text(("alerts", name, *place)), found, message)


def _conversion_apis(settings: Settings, context: Context) -> Iterator[Problem]:
    names = (context.names(section) for section in ("events", "sources", "campaigns", "networks"))
    known = KnownToApi(*names)
    for name, api in settings.conversion_apis.items():
        for place, value, message in conversion_api_mistakes(api, known):
            at = ("conversion_apis", name, *place)
            yield _problem(at, value, message) if value else Problem(path_text(at), "", message)


def _partners(settings: Settings, context: Context) -> Iterator[Problem]:
    known = KnownToPartner(context.names("events"), context.names("campaigns"), context.names("networks"))
    for place, value, message in partner_mistakes(settings.partners, known):
        at = ("partners", *place)
        if context.is_broken(*map(str, at)):
            continue
        yield Problem(path_text(at), "", message) if value is None else _problem(at, value, message)


def _offers(settings: Settings, context: Context) -> Iterator[Problem]:
    for name, offer in settings.offers.items():
        place = ("offers", name)
        yield from _unless_known((*place, "network"), offer.network, context.names("networks"), "networks")
        yield from _template((*place, "url"), offer.url, CLICK_MACROS)
        for event in offer.payouts:
            yield from _unless_known((*place, "payouts", event), event, context.names("events"), "events")


def _campaigns(settings: Settings, context: Context) -> Iterator[Problem]:
    for name, campaign in settings.campaigns.items():
        place = ("campaigns", name)
        yield from _unless_known((*place, "source"), campaign.source, context.names("sources"), "sources")
        for index, rule in enumerate(campaign.offers):
            yield from _unless_known((*place, "offers", index), rule.offer, context.names("offers"), "offers")
        yield from _routing(settings, context, name)
        for lander in campaign.landers:
            yield from _unless_known((*place, "landers", lander), lander, context.names("landers"), "landers")
        for index, network in enumerate(campaign.may_credit):
            yield from _unless_known((*place, "may_credit", index), network, context.names("networks"), "networks")
        for event in campaign.cpa:
            yield from _unless_known((*place, "cpa", event), event, context.names("events"), "events")
        if campaign.cost and campaign.cpm:
            yield _problem(
                (*place, "cpm"), str(campaign.cpm), "cost is given too: write cost (per click) or cpm, not both"
            )


def _routing(settings: Settings, context: Context, name: str) -> Iterator[Problem]:
    place, campaign = ("campaigns", name), settings.campaigns[name]
    networks = dict.fromkeys(context.names("offers"), "") | {one: each.network for one, each in settings.offers.items()}
    known = Known(networks, context.names("events"), context.names("networks"))
    for where, value, message in routing_mistakes(campaign, known):
        if not context.is_broken(*place, str(where[0])):
            found = "" if value is None else value_text(shown((*place, *where), value))
            yield Problem(path_text((*place, *where)), found, message)


def _words(place: Path, params: dict[str, tuple[str, ...]], known: tuple[str, ...]) -> Iterator[Problem]:
    for word, parameter in params.items():
        if word not in known:
            near = get_close_matches(word, known, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known)}"
            yield _problem(
                (*place, word), parameter[0], f'our word stands left, their parameter right; no "{word}": {hint}'
            )


def _template(place: Path, url: str, allowed: frozenset[str]) -> Iterator[Problem]:
    try:
        parse_url_template(url, allowed)
    except MacroError as error:
        yield _problem(place, url, str(error))
