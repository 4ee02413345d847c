"""What a partner sees: their clicks, balance, URLs and postbacks. Whose they are the session alone says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboard.csv_file import csv_text
from dashboard.database import Database
from dashboard.life import weight_of
from dashboard.pages.time_zone import zone_of
from dashboard.render import Renderer
from dashboard.services import Services
from sql.deliveries import Wanted, find, steps

PERIODS = (7, 30, 90)
_DAYS = 30
_POSTBACK_DAYS = 7
_MOST = 200
_ANSWERED = ("delivered", "retry", "failed")
_OF_NOBODY = ("unsigned", "wrong_signature")
"""Why a click that names them is not theirs."""


class PartnerPages:
    """For partners alone: the guard lets nobody else in."""

    def __init__(self, database: Database, services: Services, renderer: Renderer) -> None:
        self._database, self._services, self._renderer = database, services, renderer

    def page(self, request: Request) -> Response:
        """Their balance, funnel and URLs."""
        name, settings = _name(request), self._services.settings()
        zone, typed = zone_of(request, settings), request.query_params.get("days", "")
        days = int(typed) if typed in map(str, PERIODS) else _DAYS
        today = self._services.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        since = today - timedelta(days=days - 1)
        book, partner = self._services.partner, settings.partners[name]
        account = self._database.read(lambda client: book.account(client, name, since, zone))
        came_by = [one.name for one in account.campaigns if one.clicks and one.name in settings.campaigns]
        campaigns = dict.fromkeys((*partner.campaigns, *partner.promotes, *came_by))
        facts = {
            "account": account,
            "urls": {campaign: book.url(name, campaign) for campaign in campaigns},
            "days": days,
            "periods": PERIODS,
            "zone": zone,
            "now": self._services.now(),
        }
        return self._renderer.page(request, "partner", facts)

    def postbacks(self, request: Request) -> Response:
        """What they were told in the last days, the newest first."""
        since = self._services.now() - timedelta(days=_POSTBACK_DAYS)
        wanted = Wanted(destination=_destination(request), since=round(since.timestamp() * 1000), most=_MOST)
        found = [one._asdict() for one in self._database.read(lambda client: find(client, wanted))]
        facts = {"found": [_told(one) for one in found if _is_theirs(one)], "days": _POSTBACK_DAYS, "most": _MOST}
        return self._renderer.page(request, "partner_postbacks", {**facts, **self._common(request)})

    def postback(self, request: Request) -> Response:
        """Every step of one."""
        wanted = request.query_params.get("id", "")
        found = self._database.read(lambda client: steps(client, wanted)) if wanted else []
        if not found or any(step["destination"] != _destination(request) or not _is_theirs(step) for step in found):
            raise HTTPException(404)
        facts = {"steps": [_told(step) for step in found], "wanted": wanted}
        return self._renderer.page(request, "partner_postback", {**facts, **self._common(request)})

    def statement(self, request: Request) -> Response:
        """The lines of a month as a file."""
        name, month = _name(request), request.query_params.get("month", "")
        columns, rows = self._database.read(lambda client: self._services.partner.statement(client, name, month))
        headers = {"content-disposition": f'attachment; filename="{name}-{month}.csv"'}
        return Response(csv_text(columns, rows), media_type="text/csv; charset=utf-8", headers=headers)

    def _common(self, request: Request) -> dict[str, Any]:
        return {"zone": zone_of(request, self._services.settings()), "weight_of": weight_of}


def _name(request: Request) -> str:
    name: str = request.state.session.partner
    return name


def _destination(request: Request) -> str:
    return f"partner/{_name(request)}"


def _is_theirs(step: Mapping[str, Any]) -> bool:
    return str(step["reason"]).partition(":")[0] not in _OF_NOBODY


def _told(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step without what it says of us: but for what their tracker answered, a reason may name what a network pays,
    or why an operator cancelled it."""
    reason = str(step["reason"])
    return {**step, "reason": reason if step["state"] in _ANSWERED else reason.partition(":")[0]}
