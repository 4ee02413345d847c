"""Which lander a visitor sees first, and what his press of its button says. Pure."""

from collections.abc import Iterable

from ingest.normalize_postback import MAX_BROUGHT_BYTES
from ingest.parameters import BROKEN, Params, in_their_words
from ingest.plans import CampaignPlan, LanderPlan
from ingest.refusal import bad_value
from schemas.ids import brought_click_id, conversion_id, verify_click_id
from schemas.records import Postback
from schemas.unreplaced import unreplaced_macro
from schemas.values import LANDER_CLICK

CLICK_ID, OFFER, LANDER = "click_id", "offer", "lander"
"""What a lander's button says besides what the source said."""


def choose_lander(landers: Iterable[LanderPlan], chance: float) -> LanderPlan | None:
    """One of the landers by weight, of none none. chance: a random number of [0, 1)."""
    known = [lander for lander in landers if lander.weight]
    left = chance * sum(lander.weight for lander in known)
    for lander in known:
        left -= lander.weight
        if left < 0:
            return lander
    return known[-1] if known else None


def shown_click_id(source: str, params: Params, secrets: tuple[bytes, ...]) -> str:
    """The click ID that a lander's button brings; empty where it brings none. source: the campaign's.

    Raises Refusal for one that is neither ours nor in that source's own space.
    """
    value = params.get(CLICK_ID, "").strip()
    if not value or unreplaced_macro(value):
        return ""
    own = brought_click_id(source, "")
    brought = value.removeprefix(own) if value.startswith(own) and BROKEN not in value else ""
    if verify_click_id(value, secrets) or 0 < len(brought.encode("utf-8", "replace")) <= MAX_BROUGHT_BYTES:
        return value
    raise bad_value("invalid_click_id", CLICK_ID, value, "write the {click_id} that the lander's URL brought")


def shown_lander(plan: CampaignPlan, params: Params) -> str:
    """The lander that the visitor says he is on, if it is one of the campaign's."""
    said = params.get(LANDER, "")
    return said if any(said == lander.name for lander in plan.landers) else ""


def handed_on(plan: CampaignPlan, params: Params) -> Params:
    """What the lander hands on of the click's own parameters, as the source spells them or in our words."""
    names = {**plan.names, "source_click_id": plan.click_id_names}
    return in_their_words(names, {name: params[name] for name in params if name not in (CLICK_ID, OFFER, LANDER)})


def lander_click(click_id: str, *, now_ms: int, wait_ms: int) -> Postback:
    """The record of a visitor who went on to the offer. Its ID is derived: to go on twice changes nothing."""
    return Postback(
        postback_id=f"{LANDER_CLICK}-{conversion_id(click_id, LANDER_CLICK)}",
        click_id=click_id,
        event=LANDER_CLICK,
        network="",
        received_at=now_ms,
        wait_ms=wait_ms,
    )
