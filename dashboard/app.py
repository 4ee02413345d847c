"""The application: which page answers which path, and what is said where ClickHouse does not answer."""

import asyncio
from collections.abc import Callable
from secrets import token_hex

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard.asked_status import AskedStatus
from dashboard.database import Database, DatabaseAwayError, QueryRefusedError
from dashboard.guard import Guard
from dashboard.metrics import Measured, Metrics
from dashboard.pages.catalogue import CataloguePages
from dashboard.pages.catalogue_api import CatalogueApi
from dashboard.pages.clicks import Clicks
from dashboard.pages.deliveries import Deliveries
from dashboard.pages.invalid import Invalid
from dashboard.pages.live import Live
from dashboard.pages.login import Login
from dashboard.pages.overview import Overview
from dashboard.pages.own_test import OwnTestPages
from dashboard.pages.partner import PartnerPages
from dashboard.pages.reports import Reports
from dashboard.pages.set_up import SetUp
from dashboard.render import Renderer
from dashboard.services import Services
from dashboard.sessions import Sessions
from dashboard.static import Static

log = structlog.get_logger()

_AWAY, _REFUSED, _BAD = 503, 422, 400


def build(services: Services, stopped: asyncio.Event) -> tuple[Starlette, Callable[[], None]]:
    """The application, and what closes it. stopped: ends what goes on for long."""
    static, database, sessions = Static(), Database(services.settings().clickhouse.dsn), Sessions()
    renderer, metrics = Renderer(static), Metrics()
    metrics.watch(lambda: services.settings().catalogue_version)
    status = AskedStatus(services)
    overview = Overview(database, services, renderer, status)
    reports = Reports(database, services, renderer)
    invalid = Invalid(database, services, renderer)
    deliveries = Deliveries(database, services, renderer, status)
    live = Live(database, services, renderer, stopped)
    own_test = OwnTestPages(database, services, renderer)
    partner = PartnerPages(database, services, renderer)
    login = Login(sessions, services, renderer)
    catalogue, api = CataloguePages(services, renderer), CatalogueApi(services)
    routes = [
        Route("/login", login.page),
        Route("/login", login.enter, methods=["POST"]),
        Route("/logout", login.leave, methods=["POST"]),
        Route("/", overview.page),
        Route("/overview/figures", overview.figures),
        Route("/overview/attention", overview.attention),
        Route("/funnel", reports.page),
        Route("/funnel.csv", reports.csv),
        Route("/click", Clicks(database, services, renderer).page),
        Route("/live", live.page),
        Route("/live/stream", live.stream),
        Route("/deliveries", deliveries.page),
        Route("/deliveries/breakers", deliveries.breakers),
        Route("/deliveries/one", deliveries.one),
        Route("/deliveries/confirm", deliveries.confirm, methods=["POST"]),
        Route("/deliveries/resend", deliveries.resend, methods=["POST"]),
        Route("/invalid", invalid.page),
        Route("/invalid/look", invalid.look, methods=["POST"]),
        Route("/invalid/replay", invalid.replay, methods=["POST"]),
        Route("/set-up", SetUp(services, renderer).page),
        Route("/set-up/test", own_test.walk, methods=["POST"]),
        Route("/set-up/test/tell", own_test.tell, methods=["POST"]),
        Route("/set-up/test/life", own_test.life),
        Route("/catalogue", catalogue.page),
        Route("/catalogue/entry", catalogue.entry),
        Route("/catalogue/save", catalogue.save, methods=["POST"]),
        Route("/catalogue/remove", catalogue.remove, methods=["POST"]),
        Route("/catalogue/pause", catalogue.pause, methods=["POST"]),
        Route("/catalogue/history", catalogue.history),
        Route("/catalogue/revert", catalogue.revert, methods=["POST"]),
        Route("/partner", partner.page),
        Route("/partner/postbacks", partner.postbacks),
        Route("/partner/postback", partner.postback),
        Route("/partner/statement.csv", partner.statement),
        Route("/api/catalogue", api.all),
        Route("/api/catalogue/history", api.history),
        Route("/api/catalogue/revert/{version:int}", api.revert, methods=["POST"]),
        Route("/api/catalogue/{kind}/{name}", api.one),
        Route("/api/catalogue/{kind}/{name}", api.put, methods=["PUT"]),
        Route("/api/catalogue/{kind}/{name}", api.delete, methods=["DELETE"]),
        Route("/static/{name}", static.answer),
        Route("/metrics", metrics.answer),
        Route("/health/live", _alive),
        Route("/health/ready", _alive),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(Measured, metrics=metrics),
            Middleware(Guard, services=services, sessions=sessions),
        ],
        exception_handlers=_handlers(renderer),
    )
    return app, database.close


def _alive(request: Request) -> Response:
    """Ready as soon as it answers: without ClickHouse the pages say so."""
    return PlainTextResponse("ok")


def _handlers(renderer: Renderer) -> dict[type[Exception] | int, Callable[[Request, Exception], Response]]:
    def say(request: Request, title: str, why: str, status: int) -> Response:
        again = f"{request.url.path}?{request.url.query}"
        name = "problem_part" if request.headers.get("hx-request") else "problem"
        return renderer.page(
            request, name, {"title": title, "why": why, "again": again}, 200 if name == "problem_part" else status
        )

    def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return say(request, "There is no such page", f"Nothing is at {request.url.path}.", status)

    def broken(request: Request, error: Exception) -> Response:
        request_id, session = token_hex(8), request.scope.get("state", {}).get("session")
        user = session.user if session else ""
        log.error("page_failed", path=request.url.path, request_id=request_id, user=user, exc_info=error)
        text = f"This page failed. The log of the dashboard says why, by the request ID {request_id}."
        return PlainTextResponse(text, 500, {"x-request-id": request_id})

    return {
        DatabaseAwayError: lambda request, error: say(request, "ClickHouse is away", str(error), _AWAY),
        QueryRefusedError: lambda request, error: say(request, "That is too much to ask", str(error), _REFUSED),
        ValueError: lambda request, error: say(request, "That cannot be asked", str(error), _BAD),
        404: http,
        405: http,
        Exception: broken,
    }
