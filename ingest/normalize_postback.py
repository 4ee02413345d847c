"""From a network's parameters to a Postback in our words, with the policy that applies now. Pure."""

import re
from decimal import Decimal

from ingest.amounts import parse_amount, parse_currency
from ingest.moments import parse_moment
from ingest.parameters import BROKEN, Params
from ingest.plans import EventPolicy, NetworkPlan
from ingest.refusal import Refusal, bad_value
from schemas.ids import brought_click_id, verify_click_id
from schemas.records import Postback
from schemas.unreplaced import unreplaced_macro
from schemas.values import Status

MAX_TEXT = 1024
MAX_BROUGHT_BYTES = 255
_MAX_NAME = 64
_EVENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_PLAIN_POLICY = EventPolicy()


def normalize_postback(
    plan: NetworkPlan, params: Params, secrets: tuple[bytes, ...], *, postback_id: str, now_ms: int
) -> Postback:
    """The record of a postback received at `now_ms`. Raises Refusal for what can never be credited or counted."""
    click_id = _click_id(plan, params, secrets)
    event = _event(plan, params)
    policy = plan.policies.get(event, _PLAIN_POLICY)
    status, raw_status = _status(plan, params)
    payout, currency = _money(plan, params)
    return Postback(
        postback_id=postback_id,
        click_id=click_id,
        event=event,
        network=plan.name,
        received_at=now_ms,
        txid=_optional(plan, params, "txid"),
        status=status,
        raw_status=raw_status,
        payout=payout,
        currency=currency,
        occurred_at=_occurred_at(plan, params),
        repeat=policy.repeat,
        window_ms=policy.window_ms,
        wait_ms=plan.wait_ms,
        params=other_params(params, plan.taken),
    )


def other_params(params: Params, taken: frozenset[str]) -> Params:
    """The parameters that have no word of ours, cut to what a record holds."""
    return {name[:_MAX_NAME]: value[:MAX_TEXT] for name, value in params.items() if name not in taken}


def find(plan: NetworkPlan, params: Params, word: str) -> tuple[str, str]:
    """The parameter that carries a word of ours, and its value: the first that has one, stripped. Else the first name
    and nothing."""
    names = plan.names[word]
    for name in names:
        value = params.get(name)
        if value and (value := value.strip()):
            return name, value
    return names[0], ""


def _click_id(plan: NetworkPlan, params: Params, secrets: tuple[bytes, ...]) -> str:
    name, value = find(plan, params, "click_id")
    if not plan.source and verify_click_id(value, secrets):
        return value
    if not value:
        if plan.reports_all_users:
            return ""
        raise Refusal(400, "missing_click_id", f"{name} is missing or empty: it has to carry {_wanted(plan)}")
    if unreplaced_macro(value):
        raise bad_value("unreplaced_macro", name, value, "this macro was sent as it was typed: use the network's own")
    if not plan.source:
        raise bad_value("invalid_click_id", name, value, f"write {_wanted(plan)}")
    if len(value.encode("utf-8", "replace")) > MAX_BROUGHT_BYTES or BROKEN in value:
        raise bad_value("invalid_click_id", name, value, f"write {_wanted(plan)}")
    return brought_click_id(plan.source, value)


def _wanted(plan: NetworkPlan) -> str:
    if plan.source:
        return f"the click ID of the source {plan.source}, UTF-8 text of at most {MAX_BROUGHT_BYTES} bytes"
    return "the 32 characters of {click_id} that our redirect gave"


def _event(plan: NetworkPlan, params: Params) -> str:
    name, value = find(plan, params, "event")
    if not value or unreplaced_macro(value):
        if plan.event_default:
            return plan.event_default
        what = f"{name} is an unreplaced macro" if value else f"{name} is missing or empty"
        raise Refusal(400, "missing_event", f"{what}: name the event, or set networks.{plan.name}.event_default")
    word = value.lower()
    event = plan.events.get(word, word)
    if not _EVENT.fullmatch(event):
        wanted = f"write letters, digits, - and _, 64 at most, or map it in networks.{plan.name}.events"
        raise bad_value("invalid_event", name, value, wanted)
    return event


def _status(plan: NetworkPlan, params: Params) -> tuple[Status, str]:
    """Our status, and the network's word for it."""
    name, value = find(plan, params, "status")
    if not value:
        return plan.status_default, ""
    _check_text("status", name, value)
    return plan.statuses.get(value.lower(), plan.unknown_status), value


def _money(plan: NetworkPlan, params: Params) -> tuple[Decimal | None, str]:
    name, value = find(plan, params, "payout")
    if not value or unreplaced_macro(value):
        return None, ""
    try:
        amount = parse_amount(value)
    except ValueError as error:
        raise bad_value("invalid_payout", name, value, str(error)) from None
    return amount, _currency(plan, params)


def _currency(plan: NetworkPlan, params: Params) -> str:
    name, value = find(plan, params, "currency")
    if not value or unreplaced_macro(value):
        return plan.currency
    try:
        return parse_currency(value)
    except ValueError as error:
        raise bad_value("invalid_currency", name, value, str(error)) from None


def _occurred_at(plan: NetworkPlan, params: Params) -> int | None:
    name, value = find(plan, params, "occurred_at")
    if not value or unreplaced_macro(value):
        return None
    try:
        return parse_moment(value)
    except ValueError as error:
        raise bad_value("invalid_occurred_at", name, value, str(error)) from None


def _optional(plan: NetworkPlan, params: Params, word: str) -> str:
    name, value = find(plan, params, word)
    if not value or unreplaced_macro(value):
        return ""
    _check_text(word, name, value)
    return value


def _check_text(word: str, name: str, value: str) -> None:
    if len(value) > MAX_TEXT or BROKEN in value:
        raise _bad_text(word, name, value)


def _bad_text(word: str, name: str, value: str) -> Refusal:
    return bad_value(f"invalid_{word}", name, value, f"write UTF-8 text without NUL, at most {MAX_TEXT} characters")
