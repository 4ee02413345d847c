"""/click: record the visit, send the visitor on. A visitor is redirected whatever happens to the record."""

import time

import structlog

from ingest.auth import check_access
from ingest.chance import RandomBytes, now_ms
from ingest.exchange import Answer, Exchange, json_answer, redirect
from ingest.group import NotStored
from ingest.keeper import Keeper, not_stored
from ingest.metrics import Metrics
from ingest.normalize_click import (
    Choose,
    Visitor,
    choose_by_rules,
    destination,
    normalize_click,
    normalize_reported_click,
)
from ingest.parameters import Params
from ingest.plans import CampaignPlan, Plans
from ingest.refusal import Refusal, shown
from ingest.several import Sender, record_each
from ingest.spool_file import Record
from ingest.store import Store
from schemas.ids import mint_click_id
from schemas.records import Click
from schemas.settings.servers import Ingest
from schemas.topics import EVENTS
from schemas.wire import encode

_TELL_SECONDS = 1.0

log = structlog.get_logger()


class ClickCalls:
    """Answers visitors, and sources that report clicks server to server."""

    def __init__(
        self,
        plans: Plans,
        store: Store,
        keeper: Keeper,
        random: RandomBytes,
        metrics: Metrics,
        limits: Ingest,
        choose: Choose = choose_by_rules,
    ) -> None:
        self._random = random
        self._choose = choose
        self._store = store
        self._keeper = keeper
        self._metrics = metrics
        self._lost = 0
        self._told_at = 0.0
        self.use(plans, limits)

    def use(self, plans: Plans, limits: Ingest) -> None:
        """Answer by these from now on."""
        self._plans, self._limits = plans, limits
        self._click_timeout = limits.click_timeout / 1000

    async def answer(self, exchange: Exchange) -> Answer:
        """Answer one call."""
        plan = self._plans.campaigns.get(exchange.name)
        try:
            if plan is None:
                raise Refusal(404, "unknown_campaign", f"there is no campaigns.{shown(exchange.name)}")
            if exchange.method in ("GET", "HEAD"):
                return await self._visit(plan, exchange)
            if exchange.method == "POST":
                return await self._report(plan, exchange)
            raise Refusal(405, "method_not_allowed", f"{exchange.method[:20]} is not answered here: use GET or POST")
        except Refusal as refusal:
            source, secret = (plan.source, plan.access.key) if plan else ("", None)
            return await self._keeper.refuse(exchange, refusal, source=source, secret=secret)
        except NotStored as error:
            return not_stored(error)

    async def _visit(self, plan: CampaignPlan, exchange: Exchange) -> Answer:
        query = exchange.query_params(self._limits.max_url_bytes)
        visitor = Visitor(exchange.peer, exchange.header("user-agent"), exchange.header("accept-language"))
        at_ms = now_ms()
        click = normalize_click(plan, query, visitor, click_id=self._mint(at_ms), now_ms=at_ms, choose=self._choose)
        if not exchange.is_head:
            try:
                await self._publish(click, self._click_timeout)
            except NotStored as error:
                self._tell_lost(click, error)
        return redirect(destination(plan, click))

    async def _report(self, plan: CampaignPlan, exchange: Exchange) -> Answer:
        query = exchange.query_params(self._limits.max_url_bytes)
        check_access(plan.access, exchange.key(query), exchange.peer)
        several = await exchange.read_params(self._limits, query)
        if len(several) != 1:
            return await self._record_many(plan, exchange, several)
        click = self._normalize(plan, several[0])
        await self._publish(click)
        return json_answer(200, {"click_id": click.click_id})

    def _normalize(self, plan: CampaignPlan, params: Params) -> Click:
        at_ms = now_ms()
        return normalize_reported_click(plan, params, minted=self._mint(at_ms), now_ms=at_ms, choose=self._choose)

    async def _record_many(self, plan: CampaignPlan, exchange: Exchange, several: list[Params]) -> Answer:
        sender = Sender(source=plan.source, secret=plan.access.key)
        good, refused = await record_each(
            self._keeper, exchange, sender, several, lambda params: self._normalize(plan, params), self._publish
        )
        content: dict[str, object] = {"click_ids": [click.click_id for click in good]}
        return json_answer(200, content | ({"refused": refused} if refused else {}))

    def _mint(self, at_ms: int) -> str:
        return mint_click_id(self._plans.secrets[0], at_ms, self._random(8))

    async def _publish(self, click: Click, patience: float | None = None) -> None:
        await self._store.put(Record(EVENTS, click.click_id.encode(), encode(click)), patience)

    def _tell_lost(self, click: Click, error: NotStored) -> None:
        """Count a click that nothing recorded; say so once a second at most, an outage has thousands."""
        self._metrics.clicks_lost.inc()
        self._lost += 1
        if time.monotonic() - self._told_at >= _TELL_SECONDS:
            log.warning(
                "click_lost", clicks=self._lost, click_id=click.click_id, campaign=click.campaign, why=str(error)
            )
            self._lost, self._told_at = 0, time.monotonic()
