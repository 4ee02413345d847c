"""/click: record the visit, send the visitor on. A visitor is redirected whatever happens to the record."""

from ingest.auth import check_access
from ingest.chance import now_ms
from ingest.exchange import Answer, Exchange, json_answer, redirect
from ingest.group import NotStored
from ingest.keeper import Keeper, not_stored
from ingest.normalize_click import destination, normalize_reported_click
from ingest.own_tests import access_of_test, marked, own_test
from ingest.parameters import Params
from ingest.plans import CampaignPlan
from ingest.refusal import Refusal
from ingest.several import Sender, record_each
from ingest.visits import Visits, unknown_campaign
from schemas.own_test import HEADER as TEST_HEADER
from schemas.records import Click


class ClickCalls:
    """Answers visitors, and sources that report clicks server to server."""

    def __init__(self, visits: Visits, keeper: Keeper) -> None:
        self._visits, self._keeper = visits, keeper

    async def answer(self, exchange: Exchange) -> Answer:
        """Answer one call."""
        plan = self._visits.campaign(exchange.name)
        try:
            if plan is None:
                raise unknown_campaign(exchange.name)
            if exchange.method in ("GET", "HEAD"):
                return await self._visit(plan, exchange)
            if exchange.method == "POST":
                return await self._report(plan, exchange)
            raise Refusal(405, "method_not_allowed", f"{exchange.method[:20]} is not answered here: use GET or POST")
        except Refusal as refusal:
            source, secret = (plan.source, plan.access.key) if plan else ("", None)
            limits = self._visits.limits
            return await self._keeper.refuse(exchange, refusal, source=source, secret=secret, limits=limits)
        except NotStored as error:
            return not_stored(error)

    async def _visit(self, plan: CampaignPlan, exchange: Exchange) -> Answer:
        visits = self._visits
        query = exchange.query_params(visits.limits.max_url_bytes)
        test = own_test(exchange.header(TEST_HEADER), visits.plans.secrets)
        click = visits.landed(plan, marked(visits.click(plan, exchange, query, click_id=test), test))
        exchange.click_id = click.click_id
        if not exchange.is_head:
            await visits.record(click)
        return redirect(destination(plan, click))

    async def _report(self, plan: CampaignPlan, exchange: Exchange) -> Answer:
        limits = self._visits.limits
        query = exchange.query_params(limits.max_url_bytes)
        test = own_test(exchange.header(TEST_HEADER), self._visits.plans.secrets)
        access = access_of_test(plan.access) if test else plan.access
        check_access(access, exchange.key(query), exchange.peer, exchange.header("authorization"))
        several = await exchange.read_params(limits, query)
        if len(several) != 1:
            return await self._record_many(plan, exchange, several, test)
        click = self._normalize(plan, several[0], test)
        exchange.click_id = click.click_id
        await self._visits.put(click)
        return json_answer(200, {"click_id": click.click_id})

    def _normalize(self, plan: CampaignPlan, params: Params, test: str) -> Click:
        at_ms = now_ms()
        visits = self._visits
        minted = visits.mint(at_ms)
        click = normalize_reported_click(plan, params, minted=minted, now_ms=at_ms, choose=visits.choose)
        return marked(click, test)

    async def _record_many(self, plan: CampaignPlan, exchange: Exchange, several: list[Params], test: str) -> Answer:
        sender = Sender(source=plan.source, secret=plan.access.key)
        good, refused = await record_each(
            self._keeper,
            exchange,
            sender,
            several,
            lambda params: self._normalize(plan, params, test),
            self._visits.put,
        )
        content: dict[str, object] = {"click_ids": [click.click_id for click in good]}
        return json_answer(200, content | ({"refused": refused} if refused else {}))
