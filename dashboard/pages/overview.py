"""The first page: today against yesterday, and what needs attention."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dashboard import attention, overview
from dashboard.asked_status import AskedStatus
from dashboard.database import Database
from dashboard.pages.time_zone import zone_of
from dashboard.render import Renderer
from dashboard.services import Services
from sql.reports.catalogue import OVERVIEW
from sql.reports.question import Question

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_MOST_REASONS = 50


class Overview:
    """Its figures are asked for anew every some seconds, and what needs attention apart, as that may take longer."""

    def __init__(self, database: Database, services: Services, renderer: Renderer, status: AskedStatus) -> None:
        self._database, self._services, self._renderer = database, services, renderer
        self._status = status

    def page(self, request: Request) -> Response:
        """All of it."""
        return self._renderer.page(request, "overview", self._figures(request))

    def figures(self, request: Request) -> Response:
        """The figures alone."""
        return self._renderer.page(request, "overview_figures", self._figures(request))

    def attention(self, request: Request) -> Response:
        """What needs attention."""
        now = self._services.now()
        now_ms = round(now.timestamp() * 1000)
        hour = {"since": now_ms - _HOUR_MS, "until": now_ms + _HOUR_MS, "most": _MOST_REASONS}
        rows = self._database.rows
        found = [
            *attention.of_status(self._status()),
            *attention.of_destinations(rows("dashboard_destinations", hour)),
            *attention.of_invalid(rows("dashboard_invalid", hour)),
            *attention.of_networks(rows("dashboard_networks", {"since": now_ms - 7 * _DAY_MS}), now),
        ]
        (newest,) = rows("dashboard_newest", {"since": now_ms - 7 * _DAY_MS})
        ages = {word: (now - at).total_seconds() for word, at in newest.items() if at.timestamp() > 0}
        return self._renderer.page(
            request, "overview_attention", {"findings": attention.worst_first(found), "ages": ages}
        )

    def _figures(self, request: Request) -> dict[str, Any]:
        zone = zone_of(request, self._services.settings())
        now = self._services.now().astimezone(zone)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        yesterday, until_now = midnight - timedelta(days=1), now - timedelta(days=1)
        question = self._question(yesterday, now, until_now, zone.key)
        funnel, revenue = overview.rows_of(self._database.report(question).named(), question.events)
        today = overview.figures_of(*([row for row in rows if row["hour"] >= midnight] for rows in (funnel, revenue)))
        before = overview.figures_of(*([row for row in rows if row["earlier"]] for rows in (funnel, revenue)))
        if not today.events:
            today = overview.Figures(today.clicks, dict.fromkeys(before.events, 0), today.cost, today.revenue)
        hours = overview.by_hour(funnel, revenue, midnight)
        return {
            "tiles": overview.tiles(today, before),
            "hours": hours,
            "chart": json.dumps(hours),
            "currency": overview.main_currency(revenue),
            "zone": zone,
            "at": now,
            "is_empty": not (funnel or revenue),
        }

    def _question(self, since: datetime, until: datetime, split: datetime, zone: str) -> Question:
        """By the hour, with what was before `split` apart."""
        choices = {"since": since.isoformat(), "until": until.isoformat(), "zone": zone, "by": "conversion"}
        choices |= {"group_by": "hour", "decimals": "8"}
        asked = self._services.question("funnel", choices, ())
        return replace(asked, report=OVERVIEW, split=round(split.timestamp() * 1000))
