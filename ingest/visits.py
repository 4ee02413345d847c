"""Visitors: their clicks, recorded before they are sent on. They are sent on whatever happens to the record."""

import time
from collections.abc import Mapping

import structlog
from msgspec.structs import replace

from ingest.bots import is_bot, is_prefetch
from ingest.chance import RandomBytes, now_ms
from ingest.exchange import Exchange
from ingest.geo import GeoFiles
from ingest.group import NotStored
from ingest.landers import choose_lander
from ingest.metrics import Metrics
from ingest.normalize_click import Choose, Visitor, choose_by_rules, chosen_before, normalize_click
from ingest.parameters import Params
from ingest.plans import CampaignPlan, Plans
from ingest.privacy import cut_address, cut_user_agent
from ingest.refusal import Refusal, shown
from ingest.routing.route import TRAFFICBACK
from ingest.spool_file import Record
from ingest.store import Store
from ingest.uniques import Uniques
from schemas.ids import mint_click_id
from schemas.records import Click, Postback
from schemas.settings.servers import Ingest
from schemas.topics import EVENTS
from schemas.wire import encode

_TELL_SECONDS = 1.0

log = structlog.get_logger()


class Visits:
    """Makes and stores what visitors bring about."""

    def __init__(
        self,
        plans: Plans,
        store: Store,
        random: RandomBytes,
        metrics: Metrics,
        limits: Ingest,
        geo: GeoFiles,
        choose: Choose = choose_by_rules,
    ) -> None:
        self.choose = choose
        self._random = random
        self._store = store
        self._metrics = metrics
        self._lost = 0
        self._told_at = 0.0
        self._uniques = Uniques()
        self.use(plans, limits, geo)

    def use(self, plans: Plans, limits: Ingest, geo: GeoFiles) -> None:
        """Go by these from now on."""
        self.plans, self.limits, self._geo = plans, limits, geo
        self._patience = limits.click_timeout / 1000

    def campaign(self, name: str) -> CampaignPlan | None:
        """How the clicks of a campaign are read."""
        return self.plans.campaigns.get(name)

    def mint(self, at_ms: int) -> str:
        """A click ID."""
        return mint_click_id(self.plans.secrets[0], at_ms, self._random(8))

    def click(
        self,
        plan: CampaignPlan,
        exchange: Exchange,
        params: Params,
        *,
        click_id: str = "",
        offer: str = "",
    ) -> Click:
        """The record of a visit that happens now. An empty click_id: one is minted. offer: the one chosen before."""
        at_ms = now_ms()
        visitor = self._visitor(plan, exchange, at_ms, is_new=not click_id and not exchange.is_head)
        choose = chosen_before(offer) if offer and offer in plan.offers else self.choose
        click = normalize_click(
            plan, params, visitor, click_id=click_id or self.mint(at_ms), now_ms=at_ms, choose=choose
        )
        # Not before: the choice of an offer, and who is new, go by the true address.
        privacy = exchange.privacy
        if privacy is None:
            return click
        ip, user_agent = cut_address(privacy, click.ip), cut_user_agent(privacy, click.user_agent)
        return replace(click, ip=ip, user_agent=user_agent)

    def _visitor(self, plan: CampaignPlan, exchange: Exchange, at_ms: int, *, is_new: bool) -> Visitor:
        header, address = exchange.header, exchange.peer
        user_agent, ahead = header("user-agent"), is_prefetch(header)
        # Who only looks ahead, or is a robot, must not take the place of the visitor who comes.
        is_counted = is_new and not ahead and not is_bot(user_agent)
        is_unique = is_counted and self._uniques.is_first(plan.name, address, user_agent, at_ms)
        return Visitor(address, user_agent, header("accept-language"), ahead, is_unique, self._place(exchange, address))

    def _place(self, exchange: Exchange, address: str) -> Mapping[str, str]:
        """What a trusted proxy says of where a visitor is, before what the files say."""
        found = self._geo.place(address)
        if self._geo.headers and exchange.is_by_proxy:
            said = {word: exchange.header(name) for word, name in self._geo.headers}
            return {**found, **{word: text for word, text in said.items() if text}}
        return found

    def landed(self, plan: CampaignPlan, click: Click) -> Click:
        """The click of a visitor who sees a lander first; whom no offer fitted sees none."""
        if not plan.landers or click.chosen_by == TRAFFICBACK:
            return click
        lander = choose_lander(plan.landers, int.from_bytes(self._random(4), "big") / (1 << 32))
        return replace(click, lander=lander.name) if lander else click

    async def record(self, record: Click | Postback) -> None:
        """Store what a visitor brought about. Where that fails, it is counted and said."""
        try:
            await self.put(record, self._patience)
        except NotStored as error:
            self._tell_lost(record, error)

    async def put(self, record: Click | Postback, patience: float | None = None) -> None:
        """Store one record. Raises NotStored. patience: as of Store.put."""
        await self._store.put(Record(EVENTS, record.click_id.encode(), encode(record)), patience)

    def _tell_lost(self, record: Click | Postback, error: NotStored) -> None:
        """Count what nothing recorded; say so once a second at most, an outage has thousands."""
        self._metrics.clicks_lost.inc()
        self._lost += 1
        if time.monotonic() - self._told_at >= _TELL_SECONDS:
            whose = {"campaign": record.campaign, "network": record.network} if isinstance(record, Click) else {}
            log.warning("click_lost", clicks=self._lost, click_id=record.click_id, why=str(error), **whose)
            self._lost, self._told_at = 0, time.monotonic()


def unknown_campaign(name: str) -> Refusal:
    """What a call of a campaign that does not exist is told."""
    wanted = "call /click/NAME with a campaign of the configuration, as `clickjoin check` prints it"
    return Refusal(404, "unknown_campaign", f"there is no campaigns.{shown(name)}: {wanted}")
