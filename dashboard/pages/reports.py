"""The reports: everything that is asked stands in the URL, to share and to keep."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from dashboard import table as tables
from dashboard.csv_file import csv_text
from dashboard.database import MOST_ROWS, Database
from dashboard.render import Renderer
from dashboard.services import Services
from dashboard.table import Table
from sql.reports.ask import shown
from sql.reports.catalogue import REPORTS, report_named
from sql.reports.dimensions import OF_CLICK
from sql.reports.question import Question, filterable

_WORDS = {"from": "since", "to": "until", "by": "by", "status": "status", "event": "event", "zone": "zone"}
_FLAGS = ("strict", "tests", "bots")
_SINCE = "6d"
_DEEPEST = 3  # dimensions that the form offers at once
_AS_IT_COMES = ("", "-clicks")  # how ClickHouse sorts the groups of a funnel
Steps = Sequence[Mapping[str, Any]]


class Asked:
    """What the URL asks for."""

    def __init__(self, request: Request, services: Services) -> None:
        """Raises ValueError, which says what there is."""
        given = request.query_params
        self.report = report_named(given.get("report", "funnel"))
        self.filters = [(name, given[name]) for name in filterable(self.report) if name in given]
        groups = [name for text in given.getlist("group_by") for name in text.split(",") if name]
        self.group_by = tuple(dict.fromkeys(groups)) or self.report.group_by
        self.typed = {name: given.get(name, "") for name in _WORDS}
        self.typed["from"] = self.typed["from"] or _SINCE
        self.typed["zone"] = self.typed["zone"] or services.settings().dashboard.zone
        self.flags = {name: bool(given.get(name)) for name in _FLAGS}
        self.sort = given.get("sort", "")
        self.page = max(1, int(given.get("page", "1"))) if given.get("page", "1").isdecimal() else 1
        self._services = services

    def question(self, group_by: tuple[str, ...]) -> Question:
        """Raises ValueError."""
        choices: dict[str, str] = {word: self.typed[name] for name, word in _WORDS.items()}
        choices |= {name: "1" for name, wanted in self.flags.items() if wanted}
        decimals = "8" if self.report.name == "funnel" else "2"  # the funnel's sums are added up first
        choices |= {"group_by": ",".join(group_by), "decimals": decimals}
        return self._services.question(self.report.name, choices, self.filters)

    def link(self, **changed: Any) -> str:
        """The URL that asks for the same, some of it changed; None takes something out."""
        said: dict[str, Any] = {"report": self.report.name, **self.typed, "group_by": ",".join(self.group_by)}
        said |= {name: "1" for name, wanted in self.flags.items() if wanted} | dict(self.filters)
        said |= {"sort": self.sort}
        kept = {name: value for name, value in said.items() if value or name in OF_CLICK}
        return "/funnel?" + urlencode({name: value for name, value in {**kept, **changed}.items() if value is not None})

    def drill(self, dimension: str, value: Any) -> str | None:
        """Where a click on a value leads; None: nowhere."""
        groups = tables.deeper(self.group_by, dimension, [name for name, _ in self.filters], filterable(self.report))
        joined = ",".join(groups) or None
        if dimension in filterable(self.report):
            return self.link(**{dimension: value, "group_by": joined, "sort": None})
        if dimension == "day" and isinstance(value, date):
            return self.link(**{"from": value.isoformat(), "to": value.isoformat(), "group_by": "hour", "sort": None})
        return None


class Reports:
    """The page, and the same as a file."""

    def __init__(self, database: Database, services: Services, renderer: Renderer) -> None:
        self._database, self._services, self._renderer = database, services, renderer

    def page(self, request: Request) -> Response:
        """The form, the picture of the funnel, the table."""
        problem, facts = "", _NOTHING
        try:
            asked = Asked(request, self._services)
            facts = self._facts(asked)
        except ValueError as error:
            problem = str(error)
            asked = Asked(_without_query(request), self._services)
        known: dict[str, Any] = {
            "asked": asked,
            "problem": problem,
            "reports": REPORTS,
            "settings": self._services.settings(),
        }
        status = 400 if problem else 200
        return self._renderer.page(request, "reports", {**known, **facts, "deepest": _DEEPEST}, status)

    def csv(self, request: Request) -> Response:
        """The table as a file, all of its pages."""
        asked = Asked(request, self._services)
        table = self._table(asked).sorted_by(asked.sort)
        headers = {"content-disposition": f'attachment; filename="{asked.report.name}.csv"'}
        return Response(csv_text(table.columns, table.rows), media_type="text/csv; charset=utf-8", headers=headers)

    def _facts(self, asked: Asked) -> dict[str, Any]:
        found = self._funnel(asked) if asked.report.name == "funnel" else None
        table, steps = found or (self._table(asked), [])
        table = table.sorted_by(asked.sort)
        many = table.many or len(table.rows)
        pages = max(1, -(-many // tables.PAGE))
        asked.page = min(asked.page, pages)
        first = (asked.page - 1) * tables.PAGE
        return {
            "table": table,
            "figures": table.figures(),
            "rows": table.rows if table.many else table.rows[first : first + tables.PAGE],
            "many": many,
            "written": tables.written,
            "last_page": pages,
            "steps": steps,
            "statement": shown(asked.question(asked.group_by)),
            "is_cut": len(table.rows) >= MOST_ROWS,
        }

    def _table(self, asked: Asked) -> Table:
        question = asked.question(asked.group_by)
        if asked.report.name == "funnel":
            rows = self._database.report(replace(question, most=MOST_ROWS)).named()
            return tables.of_funnel(_groups(rows), question.group_by)
        answer = self._database.report(question)
        return Table(answer.columns, answer.rows, len(question.group_by))

    def _funnel(self, asked: Asked) -> tuple[Table, Steps]:
        """The table, of which ClickHouse sorts and cuts what it can, and the funnel of all groups together."""
        question = asked.question(asked.group_by)
        if not asked.group_by:
            steps = self._database.report(question).named()
            return tables.of_funnel(steps, ()), steps
        is_page = asked.sort in _AS_IT_COMES
        most, skip = (tables.PAGE, (asked.page - 1) * tables.PAGE) if is_page else (MOST_ROWS, 0)
        found = self._database.report(replace(question, most=most, skip=skip)).named()
        rows, steps = _groups(found), [row for row in found if row["whole"]]
        if skip and not rows:  # a page beyond the last
            return self._table(asked), steps
        table = tables.of_funnel(rows, question.group_by)
        many = rows[0]["among"] if rows and is_page else 0
        return replace(table, many=many), steps


def _groups(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what all of them come to together."""
    return [row for row in rows if not row.get("whole")]


_NOTHING: dict[str, Any] = {"table": None, "steps": [], "statement": "", "last_page": 1, "many": 0, "is_cut": False}


def _without_query(request: Request) -> Request:
    return Request({**request.scope, "query_string": b""})
