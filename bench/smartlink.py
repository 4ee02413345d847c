"""`make bench-smartlink`: what learning is worth on a made-up market, and what the choice of an offer costs a click."""

import time
from itertools import accumulate
from pathlib import Path
from random import Random
from statistics import fmean

import pygal

from bench.kind import Bench, Figure, Plan
from bench.results import Results, machine, spread
from bench.smartlink_market import (
    CLICKS_AN_HOUR,
    HOURS,
    Rule,
    best_fixed,
    equal_weights,
    greedy,
    market,
    play,
    thompson,
)
from ingest.chance import normals
from ingest.normalize_click import Asked, Visitor
from ingest.plans import CampaignPlan, prepare
from ingest.router import Router
from ingest.routing.figures import ELSEWHERE, Figures
from ingest.routing.worth import DRAWS, Worth
from schemas.settings.file import Settings

SEEDS = 100
PLOT = Path(__file__).parent.parent / "docs" / "smartlink.svg"
RULES: dict[str, Rule] = {"": thompson, "_greedy": greedy, "_equal": equal_weights}
_SAYS = {"": "clickjoin (Thompson sampling)", "_greedy": "greedy", "_equal": "equal weights"}
_CLICKS = 100_000  # of a measurement of the choice
_VISITORS = [("de", "mobile"), ("at", "mobile"), ("fr", "desktop"), ("us", "tablet"), ("", "")]


def run(plan: Plan) -> Results:
    """The whole bench. Its records are markets, each by a seed of its own."""
    told = plan.step("markets", plan.records)
    regrets: dict[str, list[list[float]]] = {name: [] for name in RULES}  # by the hour, shares of the best in all
    for seed in range(plan.records):
        offers = market(Random(seed))
        best = best_fixed(offers)
        for name, rule in RULES.items():
            earned = play(offers, rule, Random(f"{seed}{name}"))
            lost = accumulate(best_one - got for best_one, got in zip(best, earned, strict=True))
            regrets[name].append([each / sum(best) for each in lost])
        told(seed + 1)
    if plan.records >= SEEDS:
        _plot(regrets)
    results: Results = {}
    for name, runs in regrets.items():
        results |= spread(f"regret_share{name}", [one[-1] for one in runs], 3)
        ended = sorted(one[-1] for one in runs)
        results[f"mean_regret{name}"] = round(fmean(ended), 3)
        results[f"worst_tenth_regret{name}"] = round(fmean(ended[-max(1, len(ended) // 10) :]), 3)
    results |= {"better_than_greedy": sum(a[-1] < b[-1] for a, b in zip(regrets[""], regrets["_greedy"], strict=True))}
    for name, campaign in {"": _optimised(), "_by_weight": _by_weight(), "_sticky": _sticky()}.items():
        costs = [_cost(campaign) for _ in range(plan.runs)]
        results |= spread(f"route{name}_us", costs, 2)
    counts = {"records": plan.records, "runs": plan.runs, "clicks": HOURS * CLICKS_AN_HOUR, "days": HOURS // 24}
    return {**results, **counts, **machine()}


def _cost(plan: CampaignPlan) -> float:
    """Microseconds of CPU that the choice of an offer takes a click."""
    worths = {offer: Worth(20 + index, 1000, 1.0) for index, offer in enumerate(plan.route.offers)}
    known = {ELSEWHERE: worths} | dict.fromkeys(_VISITORS, worths)
    router = Router({plan.name: Figures(1, worths=known, normals=normals(DRAWS * len(worths)))})
    asked = [
        Asked(plan, (country, "", device, "", "", "de", "", ""), Visitor(f"198.51.{i % 256}.7", "Firefox"), f"c{i}", i)
        for i in range(_CLICKS)
        for country, device in (_VISITORS[i % len(_VISITORS)],)
    ]
    begin = time.process_time()
    for one in asked:
        router(one)
    return (time.process_time() - begin) / _CLICKS * 1e6


def _campaign(**keys: object) -> CampaignPlan:
    """Ten offers, each with three conditions."""
    names = [f"offer-{number}" for number in range(10)]
    rules = [
        {
            "offer": name,
            "weight": index + 1,
            "countries": ["DE", "AT", "CH", "FR"] if index % 2 else ["!RU"],
            "devices": ["mobile", "tablet"] if index % 3 else ["!tv"],
            "hours": "mon-sun 00:00-23:59",
        }
        for index, name in enumerate(names)
    ]
    tree = {
        "networks": {"acme": {"open": True}},
        "sources": {"pops": {}},
        "offers": {name: {"network": "acme", "url": f"https://{name}.example/?s={{click_id}}"} for name in names},
        "campaigns": {"smart": {"source": "pops", "offers": rules, "trafficback": names[0], **keys}},
    }
    return prepare(Settings.model_validate(tree, context={"env": {}})).campaigns["smart"]


def _optimised() -> CampaignPlan:
    return _campaign(optimise={"by": "epc", "currency": "USD"})


def _by_weight() -> CampaignPlan:
    return _campaign()


def _sticky() -> CampaignPlan:
    return _campaign(optimise={"by": "epc", "currency": "USD"}, sticky="1h")


def _plot(regrets: dict[str, list[list[float]]]) -> None:
    """docs/smartlink.svg: what each rule has lost by each hour, in the mean of all markets."""
    every = 6
    style = pygal.style.Style(background="white", plot_background="white", font_family="sans-serif")
    chart = pygal.Line(
        title=f"Earned less than the best fixed offer, mean of {len(regrets[''])} markets",
        x_title="day",
        y_title="share of what that offer earns in all",
        x_labels=[f"{hour / 24:g}" for hour in range(0, HOURS, every)],
        x_labels_major_every=24 // every,
        show_minor_x_labels=False,
        show_dots=False,
        legend_at_bottom=True,
        js=[],
        style=style,
        truncate_label=-1,
        value_formatter=lambda value: f"{value:.0%}",
    )
    for name, runs in regrets.items():
        chart.add(_SAYS[name], [fmean(one[hour] for one in runs) for hour in range(0, HOURS, every)])
    PLOT.write_bytes(chart.render(is_unicode=False))


_HOW = """\
{records} made-up markets (`bench/smartlink_market.py`), each with five offers that differ in payout, rate and delay;
rates drift, and the best offer's falls to two fifths at half time. In each, {clicks} clicks of {days} days are sent by
three rules: as ingest does it (`optimise = "epc"`, `days = 7`, asked once an hour); greedily, always to the offer that
has earned most for a click so far; and evenly. Regret is what a rule's clicks are worth less than those of the best
fixed offer, which is known only afterwards, as a share of that; as offers fade, a rule may do better than any fixed
offer, and its regret is negative then. In the median the two that learn are alike: which of them is ahead changes with
the hundred markets. They differ where the greedy rule has settled on the wrong offer, in the mean and in the worst
tenth. The plot is the mean by time.

![What each rule has lost by each hour](smartlink.svg)

The cost is that of the choice alone, for a campaign with ten offers of three conditions each: CPU of one thread, {runs}
runs of 100,000 clicks from five segments."""

SMARTLINK = Bench(
    name="smartlink",
    title="Smart links",
    how=_HOW,
    figures=(
        Figure("regret_share", "regret of clickjoin, share of the best fixed offer's earnings"),
        Figure("regret_share_greedy", "regret of the greedy rule"),
        Figure("regret_share_equal", "regret of equal weights"),
        Figure("mean_regret", "regret of clickjoin in the mean"),
        Figure("mean_regret_greedy", "regret of the greedy rule in the mean"),
        Figure("worst_tenth_regret", "regret of clickjoin in the worst tenth of the markets, in the mean"),
        Figure("worst_tenth_regret_greedy", "regret of the greedy rule in its worst tenth"),
        Figure("better_than_greedy", "markets in which clickjoin does better than the greedy rule"),
        Figure("route_us", "choosing an offer by what was learnt, µs a click", "20"),
        Figure("route_by_weight_us", "the same by weights", "20"),
        Figure("route_sticky_us", "the same for visitors who stay with their offer", "20"),
    ),
    records=SEEDS,
    run=run,
)
