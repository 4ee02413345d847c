"""What a request that was kept as invalid gives when it is read by the configuration of today. Pure.

An operator replays, so neither key nor signature nor address is asked for: the key is masked in what was kept. Every
record has the time of the request and an ID derived from the kept row, so that replaying it twice adds nothing.
"""

from typing import NamedTuple

from msgspec.structs import replace as changed

from ingest.encryption import EncryptionPlan, decrypt
from ingest.kept import Kept, read_kept
from ingest.landers import handed_on, lander_click, shown_click_id, shown_lander
from ingest.normalize_click import Visitor, normalize_click, normalize_reported_click
from ingest.normalize_postback import normalize_postback
from ingest.own_tests import OTHER_CLICK, WRONG_TEST
from ingest.parameters import Params
from ingest.plans import CampaignPlan, Plans
from ingest.privacy import cut_params
from ingest.refusal import Refusal, shown
from schemas.ids import brought_click_id, imported_id
from schemas.records import Click, Invalid, Postback
from schemas.values import Millis, Origin

REPLAYED = "replayed"
"""The code of an invalid row that was replayed: it is found by its old one no more."""


class Row(NamedTuple):
    """A row of `invalid`."""

    invalid_id: str
    received_at: Millis
    kind: str
    code: str
    detail: str
    raw: str
    network: str
    source: str
    status: int


class Replay:
    """Reads kept requests again."""

    def __init__(self, plans: Plans, *, origin: Origin) -> None:
        self._plans, self._origin = plans, origin

    def make(self, row: Row) -> list[Click | Postback]:
        """The records of a request, one for each object in it. Raises Refusal where any of them still cannot be."""
        if row.code in (WRONG_TEST, OTHER_CLICK):
            raise Refusal(400, "not_replayed", "what was sent as a test is not read as anything else: test again")
        kept = read_kept(row.raw)
        if kept.route in ("postback", "pixel"):
            return list(self._postbacks(row, kept))
        if kept.route == "click" and kept.method == "POST":
            return list(self._clicks(row, kept))
        if kept.route in ("out", "t") and kept.method == "GET":
            return [self._pressed(row, kept) if kept.route == "out" else self._on_lander(row, kept)]
        raise Refusal(400, "not_replayed", "who was not sent on did not click: only reported clicks are replayed")

    def _postbacks(self, row: Row, kept: Kept) -> list[Postback]:
        name = kept.name or self._plans.default_network
        plan = self._plans.networks.get(name)
        if plan is None:
            raise Refusal(404, "unknown_network", f"there is no networks.{shown(name)} in the configuration")
        if kept.route == "pixel" and not plan.pixel:
            raise Refusal(403, "pixel_not_allowed", f"networks.{plan.name} has to say pixel = true")
        found = []
        for index, params in enumerate(self._params(_opened(plan.access.encryption, kept), last=plan.last)):
            postback_id = _id(row, index)
            postback = normalize_postback(
                plan, params, self._plans.secrets, postback_id=postback_id, now_ms=row.received_at
            )
            if kept.route == "pixel" and not plan.pixel_payout:
                postback = changed(postback, payout=None, currency="")
            found.append(changed(postback, origin=self._origin))
        return found

    def _clicks(self, row: Row, kept: Kept) -> list[Click]:
        plan = self._campaign(kept)

        def click(params: Params, index: int) -> Click:
            minted = brought_click_id(plan.source, _id(row, index))
            made = normalize_reported_click(plan, params, minted=minted, now_ms=row.received_at)
            return changed(made, origin=self._origin)

        return [click(params, index) for index, params in enumerate(self._params(kept))]

    def _pressed(self, row: Row, kept: Kept) -> Postback:
        """That a visitor pressed a lander's button. Who brings no click ID would be a new one, and was not sent on."""
        plan = self._campaign(kept)
        (params,) = self._params(kept)
        click_id = shown_click_id(plan.source, params, self._plans.secrets)
        if not click_id:
            raise Refusal(400, "not_replayed", "who brought no click ID and was not sent on did not click")
        pressed = lander_click(click_id, now_ms=row.received_at, wait_ms=plan.lander_wait_ms)
        return changed(pressed, origin=self._origin)

    def _on_lander(self, row: Row, kept: Kept) -> Click:
        """The click of a visitor who was on a lander already: he was there, though his links carry no click ID."""
        plan = self._campaign(kept)
        (params,) = self._params(kept)
        minted = brought_click_id(plan.source, _id(row, 0))
        visit = normalize_click(plan, handed_on(plan, params), Visitor(), click_id=minted, now_ms=row.received_at)
        return changed(visit, lander=shown_lander(plan, params), origin=self._origin)

    def _campaign(self, kept: Kept) -> CampaignPlan:
        plan = self._plans.campaigns.get(kept.name)
        if plan is None:
            raise Refusal(404, "unknown_campaign", f"there is no campaigns.{shown(kept.name)} in the configuration")
        return plan

    def _params(self, kept: Kept, *, last: bool = False) -> list[Params]:
        """As Kept.params, without the personal data of requests that were kept before [privacy] said so."""
        several, privacy = kept.params(last=last), self._plans.privacy
        return [cut_params(privacy, params) for params in several] if privacy else several


def _opened(encryption: EncryptionPlan | None, kept: Kept) -> Kept:
    """The request with its body as it can be read. Raises Refusal."""
    return kept._replace(body=decrypt(encryption, kept.body)) if encryption else kept


def _id(row: Row, index: int) -> str:
    return imported_id("replay", row.invalid_id, str(index))


def as_replayed(row: Row, records: list[Click | Postback]) -> Invalid:
    """The row as it stands from now on."""
    ids = [record.postback_id if isinstance(record, Postback) else record.click_id for record in records]
    return Invalid(
        invalid_id=row.invalid_id,
        received_at=row.received_at,
        kind=row.kind,
        code=REPLAYED,
        detail=f"as {', '.join(ids[:3])}{' …' if len(ids) > 3 else ''}; it was {row.code}: {row.detail}",
        raw=row.raw,
        network=row.network,
        source=row.source,
        status=row.status,
    )
