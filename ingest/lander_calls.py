"""Landers: /out, their button's way to the offer; /t.js and /t, for those that visitors reach without our redirect."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.resources import files

from msgspec.structs import replace

from ingest.exchange import Answer, Exchange, Headers, json_answer, redirect
from ingest.group import NotStored
from ingest.keeper import Keeper, not_stored
from ingest.landers import OFFER, handed_on, lander_click, shown_click_id, shown_lander
from ingest.normalize_click import destination
from ingest.parameters import Params
from ingest.plans import CampaignPlan
from ingest.refusal import Refusal
from ingest.visits import Visits, unknown_campaign
from schemas.records import Click, Postback

_CORS = (("access-control-allow-origin", "*"),)
_PREFLIGHT: Headers = (
    *_CORS,
    ("access-control-allow-methods", "GET"),
    ("access-control-allow-headers", "*"),
    ("access-control-max-age", "86400"),
)
_SCRIPT_HEADERS: Headers = (("content-type", "text/javascript; charset=utf-8"), ("cache-control", "max-age=3600"))


Call = Callable[[CampaignPlan, Exchange], Awaitable[Answer]]


class LanderCalls:
    """Answers the browsers of visitors who are on a lander."""

    def __init__(self, visits: Visits, keeper: Keeper) -> None:
        self._visits, self._keeper = visits, keeper
        script = files("ingest").joinpath("t.js").read_bytes()
        self._script = Answer(200, script, _SCRIPT_HEADERS)

    async def script(self, exchange: Exchange) -> Answer:
        """/t.js."""
        return self._script

    async def out(self, exchange: Exchange) -> Answer:
        """/out: to the offer, with the same click ID."""
        return await self._answer(exchange, self._go_on)

    async def made(self, exchange: Exchange) -> Answer:
        """/t: records the click of a visitor who is on the lander already, and answers with its ID."""
        if exchange.method == "OPTIONS":
            return Answer(204, b"", _PREFLIGHT)
        answer = await self._answer(exchange, self._make)
        return Answer(answer.status, answer.body, (*answer.headers, *_CORS))

    async def _answer(self, exchange: Exchange, call: Call) -> Answer:
        plan = self._visits.campaign(exchange.name)
        try:
            if plan is None:
                raise unknown_campaign(exchange.name)
            if exchange.method not in ("GET", "HEAD"):
                raise Refusal(405, "method_not_allowed", f"{exchange.method[:20]} is not answered here: use GET")
            return await call(plan, exchange)
        except Refusal as refusal:
            return await self._keeper.refuse(exchange, refusal, source=plan.source if plan else "")
        except NotStored as error:
            return not_stored(error)

    async def _go_on(self, plan: CampaignPlan, exchange: Exchange) -> Answer:
        """A visitor who brings no click ID that can be used is a new one: he was on the lander without our help."""
        visits = self._visits
        query = exchange.query_params(visits.limits.max_url_bytes)
        click_id = await self._click_id(plan, exchange, query)
        offer = query.get(OFFER, "")
        click = visits.click(plan, exchange, handed_on(plan, query), click_id=click_id, offer=offer)
        click = replace(click, lander=shown_lander(plan, query))
        if not exchange.is_head:
            pressed = lander_click(click.click_id, now_ms=click.received_at, wait_ms=plan.lander_wait_ms)
            # What a browser fetches before anybody presses is no press.
            records: list[Click | Postback] = [] if click_id else [click]
            records += [] if click.is_prefetch else [pressed]
            await asyncio.gather(*map(visits.record, records))
        return redirect(destination(plan, click, to_offer=True))

    async def _click_id(self, plan: CampaignPlan, exchange: Exchange, query: Params) -> str:
        try:
            return shown_click_id(plan.source, query, self._visits.plans.secrets)
        except Refusal as refusal:
            if not exchange.is_head:
                with suppress(NotStored):  # the visitor goes on all the same
                    await self._keeper.keep(exchange, refusal, source=plan.source)
            return ""

    async def _make(self, plan: CampaignPlan, exchange: Exchange) -> Answer:
        visits = self._visits
        query = exchange.query_params(visits.limits.max_url_bytes)
        click = replace(visits.click(plan, exchange, handed_on(plan, query)), lander=shown_lander(plan, query))
        if not exchange.is_head:
            await visits.record(click)
        return json_answer(200, {"click_id": click.click_id, "offer": click.offer})
