"""`make bench-dashboard`: how soon each page is made of ten million clicks, and how large the first view is."""

import gzip
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from urllib.request import Request, urlopen

import psutil

from bench.clickhouse import clickhouse
from bench.funnel import BEGAN, DAYS, refresh, write_day
from bench.kafka import BenchError
from bench.kind import Bench, Figure, Plan
from bench.results import Results, machine, rounded, spread
from sql.migrate import migrate
from tests.dashboard_process import DashboardProcess

_DATABASE = "clickjoin"
_NOW = datetime.fromtimestamp(BEGAN / 1000, UTC) + timedelta(days=DAYS, hours=-6)
_NOW_MS = round(_NOW.timestamp() * 1000)
_ASKED_DAYS = 7  # what the page of the reports asks for by itself
_PATIENCE = 120  # seconds
PAGES = {
    "overview": "/",
    "attention": "/overview/attention",
    "funnel": "/funnel",
    "funnel_by_campaign": "/funnel?group_by=campaign",
    "funnel_of_campaign": "/funnel?campaign=campaign-0&group_by=placement",
    "funnel_all_days": f"/funnel?from={DAYS - 1}d&group_by=campaign",
    **{
        f"report_{name}": f"/funnel?report={name}"
        for name in ("time", "revenue", "cohorts", "ltv", "approval", "latency", "quality", "offers", "optimise")
    },
    "click": "/click?id={click_id}",
    "live": "/live",
    "deliveries": "/deliveries",
    "breakers": "/deliveries/breakers",
    "invalid": "/invalid",
    "set_up": "/set-up",
    "campaigns": "/catalogue",
}
"""By the name of their figure. What takes longer on purpose, all days of all campaigns, has no bar."""
_BEYOND = ("funnel_all_days",)


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where a page is not 200."""
    with clickhouse(plan.folder / "clickhouse") as server:
        migrate(server.dsn(_DATABASE))
        client = server.client(_DATABASE)
        told = plan.step("write clicks and conversions", DAYS)
        for day in range(DAYS - 1):
            write_day(client, day, plan.records, until=_NOW_MS)
            told(day + 1)
        refresh(plan, client)
        write_day(client, DAYS - 1, plan.records, now=True, until=_NOW_MS)  # what came since last night
        told(DAYS)
        newest = "SELECT click_id FROM conversions WHERE event = 'subscribe' ORDER BY clicked_at DESC LIMIT 1"
        click_id = str(client.query(newest).result_rows[0][0])
        client.close()
        with DashboardProcess(plan.folder, server.dsn(_DATABASE), now=_NOW, well=True) as dashboard:
            process = psutil.Process(dashboard.process.pid)

            def spent() -> float:
                times = process.cpu_times()
                return server.cpu_seconds() + float(times.user + times.system)

            pages = _pages(plan, dashboard.url, click_id, spent)
            view = _first_view(dashboard.url)
    bound = [float(pages[f"{name}_ms"]) for name in PAGES if name not in _BEYOND]
    slowest: Results = {"slowest_page_ms": max(bound), "clicks": plan.records, "days": DAYS, "asked_days": _ASKED_DAYS}
    return {**slowest, **pages, **view, "runs": plan.runs, **machine()}


def _pages(plan: Plan, url: str, click_id: str, spent: Callable[[], float]) -> Results:
    """spent: CPU seconds of both processes until now."""
    results: Results = {}
    told = plan.step("pages", len(PAGES))
    for number, (name, path) in enumerate(PAGES.items()):
        page = url + path.format(click_id=quote(click_id))
        _get(page)  # warms up
        times, before = [], spent()
        for _ in range(plan.runs):
            began = time.perf_counter()
            _get(page)
            times.append(1000 * (time.perf_counter() - began))
        cpu = 1000 * (spent() - before) / plan.runs
        results |= {**spread(f"{name}_ms", times), f"{name}_cpu_ms": rounded(cpu)}
        told(number + 1)
    return results


def _first_view(url: str) -> Results:
    """What a browser that was never here fetches for the overview, in the form in which it is sent."""
    html = _get(f"{url}/")
    text = (gzip.decompress(html) if html[:2] == b"\x1f\x8b" else html).decode()
    files = dict.fromkeys(re.findall(r'(?:src|href)="(/static/[^"]+)"', text))
    parts = [html, *(_get(url + file) for file in files), _get(f"{url}/overview/attention")]
    return {"first_view_kb": rounded(sum(map(len, parts)) / 1000, 1), "first_view_requests": len(parts)}


def _get(url: str) -> bytes:
    """The body as it is sent. Raises BenchError."""
    asked = Request(url, headers={"accept-encoding": "gzip"})
    with urlopen(asked, timeout=_PATIENCE) as answer:
        body: bytes = answer.read()
        if answer.status != 200:
            raise BenchError(f"{url} is answered {answer.status}")
        return body


_HOW = """\
The dashboard as a process of its own beside ClickHouse's engine as `clickjoin up` starts it, with {clicks} clicks of
{days} days as the funnel's bench has them, and what came of them until the moment at which the pages are asked for:
`click_days` was refreshed before the last day was written, as on a night. Milliseconds from the request to the last
byte of the page's HTML, over loopback, warm, {runs} times; the reports ask for the last {asked_days} days, as
the page does by itself. `slowest_page_ms` is the slowest of them but for the funnel of all campaigns over all days. The
results hold the CPU of both processes for each page, too. The first view is the overview with its styles, scripts and
icon and the part on what needs attention: bytes of their bodies, as they are sent."""

DASHBOARD = Bench(
    name="dashboard",
    title="Dashboard",
    how=_HOW,
    figures=(
        Figure("slowest_page_ms", "the slowest page, milliseconds", "300"),
        *(Figure(f"{name}_ms", f"`{path}`", "" if name in _BEYOND else "300") for name, path in PAGES.items()),
        Figure("first_view_kb", "the first view, kB", "150"),
    ),
    records=10_000_000,
    run=run,
)
