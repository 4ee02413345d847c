"""From a visit, or a source's report of one, to a Click; and where its visitor is sent. Pure.

Nothing that a visitor's URL holds is a reason to refuse the visit: what cannot be used is left out.
"""

from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2s

from msgspec.structs import replace

from ingest.amounts import parse_amount, parse_currency
from ingest.bots import is_bot
from ingest.moments import parse_moment
from ingest.normalize_postback import MAX_BROUGHT_BYTES, MAX_TEXT, other_params
from ingest.parameters import BROKEN, Params
from ingest.plans import CampaignPlan, Names, OfferPlan
from ingest.refusal import Refusal, bad_value
from schemas.filters import Value
from schemas.ids import brought_click_id
from schemas.records import Click
from schemas.settings.postbacks import SUBS
from schemas.unreplaced import unreplaced_macro

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who came, as the connection says."""

    ip: str = ""
    user_agent: str = ""


def normalize_click(plan: CampaignPlan, params: Params, visitor: Visitor, *, click_id: str, now_ms: int) -> Click:
    """The record of a visit at `now_ms`. Never refuses."""
    offer = choose_offer(plan, click_id)
    cost, currency = _cost(plan, params)

    def said(word: str) -> str:
        return _text(params, plan.names[word])

    return Click(
        click_id=click_id,
        clicked_at=now_ms,
        received_at=now_ms,
        campaign=plan.name,
        source=plan.source,
        source_click_id=_source_click_id(plan, params),
        offer=offer.name,
        network=offer.network,
        may_credit=plan.may_credit,
        payouts=dict(offer.payouts),
        payout_fixed=offer.payout_fixed,
        country=said("country"),
        device=said("device"),
        os=said("os"),
        browser=said("browser"),
        region=said("region"),
        isp=said("isp"),
        connection_type=said("connection_type"),
        language=said("language"),
        placement=said("placement"),
        creative=said("creative"),
        source_campaign=said("source_campaign"),
        keyword=said("keyword"),
        subs={word: text for word in SUBS if (text := said(word))},
        params=other_params(params, plan.taken),
        cost=cost,
        currency=currency,
        ip=visitor.ip[:MAX_TEXT],
        user_agent=visitor.user_agent[:MAX_TEXT],
        is_bot=is_bot(visitor.user_agent),
    )


def normalize_reported_click(plan: CampaignPlan, params: Params, *, minted: str, now_ms: int) -> Click:
    """The record of a click that a source reports server to server; it may bring its own `click_id` and `clicked_at`.

    Raises Refusal for a click ID or a moment that cannot be used.
    """
    brought = _brought(plan, params)
    clicked_at = _clicked_at(plan, params, now_ms)
    ip, user_agent = (_text(params, (*plan.names[word], word)) for word in ("ip", "user_agent"))
    click_id = brought_click_id(plan.source, brought) if brought else minted
    rest = {name: value for name, value in params.items() if name not in ("click_id", "clicked_at", "ip", "user_agent")}
    click = normalize_click(plan, rest, Visitor(ip, user_agent), click_id=click_id, now_ms=now_ms)
    return replace(click, clicked_at=clicked_at, source_click_id=click.source_click_id or brought)


def choose_offer(plan: CampaignPlan, click_id: str) -> OfferPlan:
    """The offer of a click: the same for the same click ID, evenly spread over the campaign's offers."""
    if len(plan.offers) == 1:
        return plan.offers[0]
    digest = blake2s(click_id.encode("utf-8", "replace"), digest_size=8).digest()
    return plan.offers[int.from_bytes(digest, "big") % len(plan.offers)]


def destination(plan: CampaignPlan, click: Click) -> str:
    """The URL that the visitor of a click is sent to."""
    template = choose_offer(plan, click.click_id).url
    values: dict[str, Value] = {
        word: getattr(click, word) for word in ("click_id", "source_click_id", "campaign", "source", "offer")
    }
    values |= {
        word: getattr(click, word) for word in ("network", "placement", "creative", "source_campaign", "keyword")
    }
    values |= {word: click.subs.get(word, "") for word in SUBS}
    return template.render(values | {"country": click.country, "clicked_at": click.clicked_at})


def _source_click_id(plan: CampaignPlan, params: Params) -> str:
    """Their click ID byte for byte. One that was cut or mangled would be worse than none."""
    value = next((params[name] for name in plan.click_id_names if params.get(name)), "")
    return "" if len(value) > MAX_TEXT or BROKEN in value or unreplaced_macro(value) else value


def _text(params: Params, names: Names) -> str:
    """What the source says, cut. A macro that it did not replace says nothing."""
    for name in names:
        value = params.get(name)
        if value and not unreplaced_macro(value):
            return value[:MAX_TEXT]
    return ""


def _cost(plan: CampaignPlan, params: Params) -> tuple[Decimal | None, str]:
    """What the click cost: as the source says where it does so in a known currency, else as the campaign says."""
    said = _text(params, plan.names["cost"])
    if said:
        try:
            amount = parse_amount(said)
            currency = parse_currency(_text(params, plan.names["currency"]) or plan.currency)
        except ValueError:
            return plan.cost, plan.currency
        if amount >= 0:
            return amount, currency
    return plan.cost, plan.currency


def _brought(plan: CampaignPlan, params: Params) -> str:
    value = params.get("click_id", "").strip()
    if not value:
        return ""
    if unreplaced_macro(value):
        raise bad_value("unreplaced_macro", "click_id", value, "this macro was sent as it was typed")
    if plan.access.key is None:
        wanted = f"only a source with a key may bring its own: set {plan.access.path}.key, or leave click_id out"
        raise Refusal(401, "key_required", f"click_id: {wanted}")
    if len(value.encode("utf-8", "replace")) > MAX_BROUGHT_BYTES or BROKEN in value:
        raise bad_value("invalid_click_id", "click_id", value, f"write UTF-8 text of at most {MAX_BROUGHT_BYTES} bytes")
    return value


def _clicked_at(plan: CampaignPlan, params: Params, now_ms: int) -> int:
    name = next((name for name in (*plan.names["clicked_at"], "clicked_at") if params.get(name)), "")
    if not name or unreplaced_macro(params[name]):
        return now_ms
    try:
        at_ms = parse_moment(params[name])
    except ValueError as error:
        raise bad_value("invalid_clicked_at", name, params[name], str(error)) from None
    if at_ms > now_ms + _DAY_MS:
        raise bad_value("invalid_clicked_at", name, params[name], "this lies in the future")
    return at_ms
