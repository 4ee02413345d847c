"""Rows of a file to the records that ingest would have made of them. Pure.

Every ID is derived from what the row says, so that importing it again adds nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from msgspec.structs import replace as changed

from clickjoin.imports.row import BadRow
from ingest.amounts import parse_amount
from ingest.costs import COST_WORDS
from ingest.moments import parse_moment
from ingest.normalize_click import Choose, choose_by_rules, chosen_before, normalize_reported_click
from ingest.normalize_postback import normalize_postback
from ingest.parameters import Params
from ingest.plans import CampaignPlan, NetworkPlan, Plans
from ingest.privacy import Privacy, cut_params
from ingest.refusal import Refusal, bad_value, shown
from ingest.words import Words, first_of
from schemas.ids import brought_click_id, imported_id, verify_click_id
from schemas.records import Click, Postback
from schemas.settings.postbacks import CLICK_WORDS
from schemas.settings.traffic import POSTBACK_WORDS
from schemas.values import Millis, Origin

CLICK_COLUMNS = ("click_id", "campaign", "source_click_id", "offer", *CLICK_WORDS)
CONVERSION_COLUMNS = ("network", "source", "postback_id", "received_at", *POSTBACK_WORDS)
_OF_THE_CLICK = frozenset({*CLICK_COLUMNS, "source", "network", "received_at"})
_OF_THE_POSTBACK = frozenset({*CONVERSION_COLUMNS, "key"})
_ID = re.compile(r"[!-~]{1,64}", re.ASCII)


class Clicks:
    """Makes the records of clicks."""

    def __init__(self, plans: Plans, *, origin: Origin, now_ms: Millis) -> None:
        self._secrets, self._origin, self._now_ms = plans.secrets, origin, now_ms
        self._privacy = plans.privacy
        self._campaigns = {name: _read_by_our_words(plan) for name, plan in plans.campaigns.items()}

    def make(self, params: Params, line: int) -> Click:
        """The click in a row. Raises BadRow."""
        params = _cut(self._privacy, params)
        campaign = _named(params, "campaign")
        try:
            plan = self._campaigns.get(campaign)
            if plan is None:
                raise _unknown("campaign", params)
            return self._click(plan, dict(params))
        except Refusal as refusal:
            raise BadRow(refusal.code, refusal.detail) from None

    def _click(self, plan: CampaignPlan, params: Params) -> Click:
        if not first_of(params, plan.names["clicked_at"])[1]:
            raise Refusal(400, "missing_clicked_at", "clicked_at is missing or empty: say when the click was")
        _check_cost(plan, params)
        minted = self._own_id(plan, params)
        choose = _chosen(plan, params)
        return normalize_reported_click(
            plan, params, minted=minted, now_ms=self._now_ms, choose=choose, imported=self._origin
        )

    def _own_id(self, plan: CampaignPlan, params: Params) -> str:
        """The click ID, where it is one of ours or the row brings none; else the source's own stays in the row."""
        said = params.pop("click_id", "").strip()
        if verify_click_id(said, self._secrets):
            return said
        if said:
            params["click_id"] = said.removeprefix(f"{plan.source}:")
            return ""
        return brought_click_id(plan.source, imported_id(*_flat(params)))


class Conversions:
    """Makes the records of postbacks, each of which reports a conversion."""

    def __init__(self, plans: Plans, sources: Mapping[str, object], *, origin: Origin) -> None:
        self._secrets, self._origin, self._sources = plans.secrets, origin, frozenset(sources)
        self._privacy = plans.privacy
        self._networks = {
            (name, source): replace(_postback_by_our_words(plan), source=source)
            for name, plan in plans.networks.items()
            for source in {"", plan.source, *sources}
        }
        self._own = {name: plan.source for name, plan in plans.networks.items()}

    def make(self, params: Params, line: int) -> Postback:
        """The postback in a row. Raises BadRow."""
        params = dict(_cut(self._privacy, params))
        try:
            network = _named(params, "network")
            if network not in self._own:
                raise _unknown("network", params)
            source = self._source(network, params)
            plan = self._networks[network, source]
            received_at = _received_at(plan, params)
            postback = normalize_postback(plan, params, self._secrets, postback_id="", now_ms=received_at)
            return changed(postback, postback_id=_postback_id(params, postback), origin=self._origin)
        except Refusal as refusal:
            raise BadRow(refusal.code, refusal.detail) from None

    def _source(self, network: str, params: Params) -> str:
        """Whose own the click ID is; empty: ours. SOURCE:ID is taken apart."""
        said = params.get("click_id", "").strip()
        if verify_click_id(said, self._secrets):
            return ""
        prefix, mark, rest = said.partition(":")
        if mark and prefix in self._sources:
            params["click_id"] = rest
            return prefix
        named = _named(params, "source")
        if named and named not in self._sources:
            raise _unknown("source", params)
        return named or self._own[network]


def _cut(privacy: Privacy | None, params: Params) -> Params:
    return cut_params(privacy, params) if privacy else params


def _named(params: Params, word: str) -> str:
    return params.get(word, "").strip()


def _unknown(word: str, params: Params) -> Refusal:
    said = _named(params, word)
    if not said:
        return Refusal(400, f"missing_{word}", f"{word} is missing or empty: map a column, or --set {word}=NAME")
    return bad_value(f"unknown_{word}", word, said, f"there is no {word}s.{shown(said)} in the configuration")


def _read_by_our_words(plan: CampaignPlan) -> CampaignPlan:
    """The plan that reads our words first, then the source's parameters; the operator may bring click IDs."""
    names = {word: (word, *(name for name in known if name != word)) for word, known in plan.names.items()}
    return replace(
        plan,
        names=Words(names),
        click_id_names=("source_click_id", *plan.click_id_names),
        taken=plan.taken | _OF_THE_CLICK,
        access=replace(plan.access, key=plan.access.key or b"import"),
    )


def _postback_by_our_words(plan: NetworkPlan) -> NetworkPlan:
    names = {word: (word, *(name for name in known if name != word)) for word, known in plan.names.items()}
    return replace(plan, names=Words(names), taken=plan.taken | _OF_THE_POSTBACK)


def _check_cost(plan: CampaignPlan, params: Params) -> None:
    """A visitor's cost may be wrong and is left out then; in a file it is a mistake."""
    said = [name for word in COST_WORDS for name in plan.names[word] if params.get(name)]
    for name in said:
        try:
            amount = parse_amount(params[name])
        except ValueError as error:
            raise bad_value("invalid_cost", name, params[name], str(error)) from None
        if amount < 0:
            raise bad_value("invalid_cost", name, params[name], "a click does not cost less than nothing")
    if said and not plan.costs.said_in and not first_of(params, plan.names["currency"])[1]:
        raise Refusal(400, "missing_currency", "currency is missing or empty: map a column, or --set currency=USD")


def _chosen(plan: CampaignPlan, params: Params) -> Choose:
    """The offer that the row names; else one as for a visitor."""
    said = _named(params, "offer")
    if not said:
        return choose_by_rules
    if said not in plan.offers:
        wanted = f"campaigns.{plan.name} has {', '.join(name for name in plan.offers if name)}"
        raise bad_value("unknown_offer", "offer", said, wanted)
    return chosen_before(said)


def _received_at(plan: NetworkPlan, params: Params) -> Millis:
    """When we, or who had it before us, received it; else when it happened."""
    name, value = first_of(params, ("received_at", *plan.names["occurred_at"]))
    if not value:
        raise Refusal(400, "missing_occurred_at", "occurred_at is missing or empty: say when it was")
    try:
        return parse_moment(value, plan.zone)
    except ValueError as error:
        raise bad_value(f"invalid_{name}", name, value, str(error)) from None


def _postback_id(params: Params, postback: Postback) -> str:
    said = _named(params, "postback_id")
    if not said:
        of = postback
        facts = (of.click_id, of.event, of.network, of.txid, of.status, of.raw_status, of.currency)
        return imported_id(*facts, *map(str, (of.payout, of.occurred_at, of.received_at)))
    if not _ID.fullmatch(said):
        raise bad_value("invalid_postback_id", "postback_id", said, "write at most 64 letters and digits")
    return said


def _flat(params: Params) -> list[str]:
    return [text for pair in sorted(params.items()) for text in pair]
