"""From a network's parameters to a Postback in our words, with the policy that applies now. Pure."""

import re
from decimal import Decimal
from urllib.parse import unquote

from ingest.matching import matches_all, matches_any
from ingest.moments import parse_moment
from ingest.parameters import BROKEN, Params
from ingest.payouts import read_payout
from ingest.plans import EventPolicy, NetworkPlan
from ingest.refusal import Refusal, bad_value, shown
from ingest.words import MAX_TEXT, Found
from schemas.ids import brought_click_id, verify_click_id
from schemas.records import Postback
from schemas.unreplaced import unreplaced_macro
from schemas.values import Status

MAX_BROUGHT_BYTES = 255
_MAX_NAME = 64
_EVENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_PLAIN_POLICY = EventPolicy()


def normalize_postback(
    plan: NetworkPlan, params: Params, secrets: tuple[bytes, ...], *, postback_id: str, now_ms: int
) -> Postback:
    """The record of a postback received at `now_ms`. Raises Refusal for what can never be credited or counted."""
    found = plan.names.found(params, plan.last)
    click_id = _click_id(plan, found["click_id"], params, secrets)
    said_event, said_status = found["event"], found["status"]
    if plan.split:
        said_event, said_status = _told_apart(plan, said_event, said_status)
    status, raw_status = _status(plan, said_status)
    rule = next((rule for rule in plan.rules if matches_all(rule.when, params)), None) if plan.rules else None
    if rule:
        said_event, status = (said_event[0], rule.event or said_event[1]), rule.status or status
    event = _event(plan, said_event)
    policy = plan.policies.get(event, _PLAIN_POLICY)
    payout, currency = read_payout(plan.payout, found["payout"], found["currency"])
    if rule and rule.refund and payout:
        payout = -abs(payout)
    return Postback(
        postback_id=postback_id,
        click_id=click_id,
        event=event,
        network=plan.name,
        received_at=now_ms,
        txid=_optional("txid", found["txid"]),
        status=_in_force(status, payout),
        raw_status=raw_status,
        payout=payout,
        currency=currency,
        occurred_at=_occurred_at(plan, found["occurred_at"]),
        repeat=policy.repeat,
        window_ms=policy.window_ms,
        wait_ms=plan.wait_ms,
        params=other_params(params, plan.taken),
        is_test=bool(plan.tests) and matches_any(plan.tests, params),
        consent=_consent(found["consent"]),
    )


def other_params(params: Params, taken: frozenset[str]) -> Params:
    """The parameters that have no word of ours, cut to what a record holds."""
    return {name[:_MAX_NAME]: value[:MAX_TEXT] for name, value in params.items() if name not in taken}


def _click_id(plan: NetworkPlan, found: Found, params: Params, secrets: tuple[bytes, ...]) -> str:
    name, value = found
    if not plan.source and verify_click_id(value, secrets):
        return value
    if not value:
        if plan.reports_all_users:
            return ""
        raise _missing_click_id(plan, params, name)
    if unreplaced_macro(value):
        raise bad_value("unreplaced_macro", name, value, "this macro was sent as it was typed: use the network's own")
    if not plan.source:
        again = unquote(value).strip()  # encoded twice
        if again != value and verify_click_id(again, secrets):
            return again
        raise bad_value("invalid_click_id", name, value, f"write {_wanted(plan)}{_hint(name, value, params, secrets)}")
    if len(value.encode("utf-8", "replace")) > MAX_BROUGHT_BYTES or BROKEN in value:
        raise bad_value("invalid_click_id", name, value, f"write {_wanted(plan)}")
    return brought_click_id(plan.source, value)


def _missing_click_id(plan: NetworkPlan, params: Params, name: str) -> Refusal:
    name = next((known for known in plan.names["click_id"] if known in params), name)  # as this sender calls it
    detail = f"{name} is missing or empty: it has to carry {_wanted(plan)}"
    if name in params and next(reversed(params)) == name:
        detail += ". The URL ends there: where a macro like ##ID## is pasted into a browser, it is cut at the #"
    return Refusal(400, "missing_click_id", detail)


def _hint(name: str, value: str, params: Params, secrets: tuple[bytes, ...]) -> str:
    """What perhaps went wrong with a click ID that is none of ours."""
    if "&" in value:
        return ". The rest of the URL is in this value: it was encoded as a whole; paste it as it is"
    for other, held in params.items():
        if other != name and verify_click_id(held.strip(), secrets):
            return f". Our click ID is in {shown(other)}: its macro and this one stand in each other's place"
    return ""


def _wanted(plan: NetworkPlan) -> str:
    if plan.source:
        return f"the click ID of the source {plan.source}, UTF-8 text of at most {MAX_BROUGHT_BYTES} bytes"
    return "the 32 characters of {click_id} that our redirect gave"


def _told_apart(plan: NetworkPlan, event: Found, status: Found) -> tuple[Found, Found]:
    """What is said of event and status where one parameter carries both."""
    said = event[1]
    if event != status or unreplaced_macro(said):
        return event, status
    left, mark, right = said.rpartition(plan.split)
    if mark:
        return (event[0], left), (status[0], right)
    return ((event[0], ""), status) if said.lower() in plan.statuses else (event, (status[0], ""))


def _event(plan: NetworkPlan, said: Found) -> str:
    name, value = said
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


def _status(plan: NetworkPlan, said: Found) -> tuple[Status, str]:
    """Our status, and the network's word for it."""
    name, value = said
    if not value:
        return plan.status_default, ""
    _check_text("status", name, value)
    return plan.statuses.get(value.lower(), plan.unknown_status), value


def _in_force(status: Status, payout: Decimal | None) -> Status:
    """A negative amount takes money back. Who says "rejected" or "reversed" with it means the sale: the refund counts,
    or what was taken back would stay in every sum."""
    is_refund = payout is not None and payout < 0
    return "approved" if is_refund and status == "rejected" else status


def _occurred_at(plan: NetworkPlan, found: Found) -> int | None:
    name, value = found
    if not value or unreplaced_macro(value):
        return None
    try:
        return parse_moment(value, plan.zone)
    except ValueError as error:
        raise bad_value("invalid_occurred_at", name, value, str(error)) from None


def _consent(found: Found) -> str:
    """What the user consented to, cut. It is no reason to refuse what he did."""
    value = found[1]
    return value[:MAX_TEXT] if value and not unreplaced_macro(value) else ""


def _optional(word: str, found: Found) -> str:
    name, value = found
    if not value or unreplaced_macro(value):
        return ""
    _check_text(word, name, value)
    return value


def _check_text(word: str, name: str, value: str) -> None:
    if len(value) > MAX_TEXT or BROKEN in value:
        raise _bad_text(word, name, value)


def _bad_text(word: str, name: str, value: str) -> Refusal:
    return bad_value(f"invalid_{word}", name, value, f"write UTF-8 text without NUL, at most {MAX_TEXT} characters")
