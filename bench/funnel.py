"""`make bench-funnel`: how soon the questions that people ask are answered, of a hundred million clicks on disk."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from clickhouse_connect.driver.client import Client

from bench.clickhouse import Server, clickhouse
from bench.kafka import BenchError
from bench.kind import Bench, Figure, Plan
from bench.results import Results, machine, rounded, spread
from sql.migrate import migrate
from sql.reports.ask import ask
from sql.reports.catalogue import REPORTS
from sql.reports.question import DAY_MS, Question
from sql.trace import trace

_DATABASE = "clickjoin"
DAYS, _WEEK = 90, 7
BEGAN = 1_780_012_800_000  # milliseconds: midnight UTC
_ENDED = BEGAN + DAYS * DAY_MS
_FOREVER = 9_000_000_000_000  # milliseconds: 2255
_EVENTS = ("install", "trial", "subscribe")
_CAMPAIGN = "campaign-0"  # the largest: a tenth of all clicks
_MERGED_WITHIN = 3600.0  # seconds
_LOOK_AGAIN = 2.0
_PLAIN_LIMITS = {"max_bytes_before_external_group_by": 2_000_000_000}  # else it needs more memory than there is
_SIZES = """
SELECT table, sum(bytes_on_disk) / greatest(1, sum(rows)) FROM system.parts
WHERE active AND database = currentDatabase() GROUP BY table"""


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where an answer is not what the plain tables say."""
    with clickhouse(plan.folder / "clickhouse") as server:
        migrate(server.dsn(_DATABASE))
        client = server.client(_DATABASE)
        try:
            made = _fill(plan, client)
            return {**made, **_asked(plan, server, client), "runs": plan.runs, **machine()}
        finally:
            client.close()


def _fill(plan: Plan, client: Client) -> Results:
    """Write the tables, day by day as traffic does, and let the server merge as it likes."""
    began = time.monotonic()
    told = plan.step("write clicks and conversions", DAYS)
    for day in range(DAYS - 1):
        write_day(client, day, plan.records)
        told(day + 1)
    wrote = time.monotonic() - began
    refreshed = refresh(plan, client)
    write_day(client, DAYS - 1, plan.records, now=True)  # what came since last night
    told(DAYS)
    _wait_for_merges(plan, client)
    counts = {table: int(_value(client, f"SELECT count() FROM {table} FINAL")) for table in ("clicks", "conversions")}
    sizes = {table: float(size) for table, size in client.query(_SIZES).result_rows}
    return {
        **counts,
        "days": DAYS,
        "parts": int(_value(client, "SELECT count() FROM system.parts WHERE active AND table = 'clicks'")),
        "write_s": rounded(wrote),
        "refresh_s": rounded(refreshed, 1),
        "cells": int(_value(client, "SELECT count() FROM click_days")),
        "bytes_per_click": rounded(sizes["clicks"], 1),
        "bytes_per_conversion": rounded(sizes["conversions"], 1),
    }


def refresh(plan: Plan, client: Client) -> float:
    """Make `click_days`, as the server does every night. Returns how many seconds that took."""
    told, began = plan.step("click_days", 1), time.monotonic()
    for what in ("REFRESH", "WAIT"):
        client.command(f"SYSTEM {what} VIEW click_days_refresh")
    told(1)
    return time.monotonic() - began


def write_day(client: Client, day: int, clicks: int, *, now: bool = False, until: int = _FOREVER) -> None:
    """Write a day's share of so many clicks, and what came of them until then: as it came, or all of it now."""
    first, end = clicks * day // DAYS, clicks * (day + 1) // DAYS
    span = {"began": BEGAN, "span": DAYS * DAY_MS, "clicks": clicks, "first": first, "many": end - first, "now": now}
    client.command(_text("clicks"), span)
    of_day = {"day": time.strftime("%Y-%m-%d", time.gmtime((BEGAN + day * DAY_MS) / 1000)), "until": until}
    for statement in (_text("conversions"), *_text("beside").split(";")):
        client.command(statement, of_day)


def _wait_for_merges(plan: Plan, client: Client) -> None:
    told, deadline = plan.step("merges", 1), time.monotonic() + _MERGED_WITHIN
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:  # one merge may be between two others
        quiet = 0 if int(_value(client, "SELECT count() FROM system.merges")) else quiet + 1
        time.sleep(_LOOK_AGAIN)
    told(1)


def _asked(plan: Plan, server: Server, client: Client) -> Results:
    everything = Question(REPORTS["funnel"], _EVENTS, ("campaign",), since=BEGAN, until=_ENDED)
    week = replace(everything, since=_ENDED - _WEEK * DAY_MS, filters=(("campaign", _CAMPAIGN),))
    revenue = Question(REPORTS["revenue"], group_by=("campaign",), since=BEGAN, until=_ENDED)
    click_id = str(_value(client, "SELECT click_id FROM conversions WHERE event = 'subscribe' LIMIT 1"))
    server.forget_peak()
    asked: dict[str, Callable[[], object]] = {
        "all_campaigns_s": lambda: ask(client, everything),
        "one_campaign_s": lambda: ask(client, week),
        "trace_s": lambda: trace(client, click_id),
        "revenue_s": lambda: ask(client, revenue),
    }
    results: Results = {}
    for name, question in asked.items():
        before = server.cpu_seconds()
        times = _timed(plan, name, question)
        cpu = (server.cpu_seconds() - before) / (plan.runs + 1)
        results |= {**spread(name, times, 3), f"{name.removesuffix('_s')}_cpu_s": rounded(cpu, 3)}
    results["server_memory_gb"] = rounded(server.peak_gb(), 2)
    return {**results, **_beside(plan, client, (everything, week), results)}


def _timed(plan: Plan, name: str, question: Callable[[], object]) -> list[float]:
    """Seconds of each of several runs, after one that warms up."""
    told = plan.step(name.removesuffix("_s").replace("_", " "), plan.runs)
    question()
    times = []
    for number in range(plan.runs):
        began = time.monotonic()
        question()
        times.append(time.monotonic() - began)
        told(number + 1)
    return times


def _beside(plan: Plan, client: Client, questions: tuple[Question, Question], found: Results) -> Results:
    """The same questions to plain tables, once: ratios, and whether the answers agree."""
    make_plain(client)
    _wait_for_merges(plan, client)
    results: Results = {}
    for name, question in zip(("all_campaigns", "one_campaign"), questions, strict=True):
        told = plan.step(f"{name.replace('_', ' ')}, plain", 1)
        began = time.monotonic()
        rows = ask_plain(client, question)
        took = time.monotonic() - began
        told(1)
        _check(rows, client, question)
        results |= {
            f"plain_{name}_s": rounded(took, 3),
            f"times_plain_{name}": rounded(took / float(found[f"{name}_s"]), 1),
        }
    return results


def make_plain(client: Client) -> None:
    """The plain tables, with what is in ours."""
    for statement in _text("plain").split(";"):
        client.command(statement)


def ask_plain(client: Client, question: Question) -> dict[str, int]:
    """The clicks of each campaign, as the plain tables have them, beside whatever else the funnel says."""
    campaign = question.filters[0][1] if question.filters else ""
    asked = {"since": question.since, "until": question.until, "campaign": campaign}
    rows = client.query(_text("plain_funnel"), asked, settings=_PLAIN_LIMITS).result_rows
    return {row[0]: row[1] for row in rows}


def _check(plain: dict[str, int], client: Client, question: Question) -> None:
    ours = {row["campaign"]: row["clicks"] for row in ask(client, question).named() if row["step"] == 0}
    if ours != plain:
        raise BenchError(f"the funnel of {len(ours)} campaigns differs from that of the plain tables")


def _value(client: Client, query: str) -> float | int | str:
    value: float | int | str = client.query(query).result_rows[0][0]
    return value


def _text(name: str) -> str:
    return (Path(__file__).parent / f"funnel_{name}.sql").read_text()


_HOW = """\
ClickHouse's engine as `clickjoin up` starts it, asked over HTTP by the report commands' own code: {clicks} clicks and
{conversions} conversions of {days} days, a third of these in two versions, with their postbacks and deliveries
(`bench/funnel_clicks.sql` and its neighbours), written day by day and merged as the server likes: `clicks` lies in
{parts} parts. `click_days` ({cells} rows) was refreshed before the last day was written, as on a night. Seconds from
the question to its last row, warm, {runs} times. Beside it the same funnels as one would have them from plain MergeTree
tables, every version a row, with `GROUP BY` and `argMax`; their clicks are compared, and
a difference fails the bench. Memory is the most that the server's process held while our questions were asked."""

FUNNEL = Bench(
    name="funnel",
    title="Funnel",
    how=_HOW,
    figures=(
        Figure("all_campaigns_s", "funnel by campaign over 90 days, seconds", "3"),
        Figure("one_campaign_s", "funnel of one campaign over 7 days, seconds", "0.2"),
        Figure("trace_s", "trace of a click, seconds", "0.05"),
        Figure("all_campaigns_cpu_s", "the funnel by campaign, CPU seconds of the server"),
        Figure("revenue_s", "revenue by campaign over 90 days, seconds"),
        Figure("times_plain_all_campaigns", "plain tables take, of our time, all campaigns"),
        Figure("times_plain_one_campaign", "plain tables take, of our time, one campaign"),
        Figure("bytes_per_click", "bytes on disk per click"),
        Figure("bytes_per_conversion", "bytes on disk per conversion"),
        Figure("server_memory_gb", "memory of the server, GB", "4"),
        Figure("write_s", "writing them, seconds"),
        Figure("refresh_s", "the nightly refresh of `click_days`, seconds"),
    ),
    records=100_000_000,
    run=run,
)
