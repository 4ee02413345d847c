import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
import structlog

from ingest.chance import normals
from ingest.learner import AwayError, Learner
from ingest.normalize_click import Asked, Visitor
from ingest.plans import CampaignPlan, prepare
from ingest.router import Router
from ingest.routing.figures import Figures, Used
from ingest.routing.plan import TRAIT_WORDS, moment_of
from tests.ingest_samples import NOW_MS, settings

HOUR = 3_600_000


def campaign(**keys: Any) -> CampaignPlan:
    given = {"source": "free", "offers": ["game", "quiz"]} | keys
    return prepare(settings(campaigns={"smart": given})).campaigns["smart"]


def asked(plan: CampaignPlan, ip: str, number: int = 0, at: int = NOW_MS) -> Asked:
    return Asked(plan, ("",) * len(TRAIT_WORDS), Visitor(ip, "Firefox"), f"click-{number}", at)


def test_the_same_visitor_sees_the_same_offer_as_long_as_the_campaign_says() -> None:
    plan = campaign(sticky="1h")
    router = Router({})
    first = router(asked(plan, "192.0.2.1"))
    later = [router(asked(plan, "192.0.2.1", number, NOW_MS + number * HOUR // 50)) for number in range(1, 50)]
    assert (first.by, {choice.by for choice in later}) == ("weight", {"sticky"})
    assert {choice.offer for choice in later} == {first.offer}
    assert {choice.probability for choice in later} == {0.5}
    assert router(asked(plan, "192.0.2.1", 0, NOW_MS + HOUR)).by == "weight"


def test_visitors_are_spread_by_the_weights_and_another_process_says_the_same() -> None:
    plan = campaign(sticky="1h")
    here, there = Router({}), Router({})
    chosen = [here(asked(plan, f"192.0.2.{number}", number)).offer for number in range(1000)]
    assert chosen == [there(asked(plan, f"192.0.2.{number}", -number)).offer for number in range(1000)]
    assert 420 < chosen.count("game") < 580


def test_a_visitor_whose_offer_has_had_its_clicks_sees_another() -> None:
    plan = campaign(sticky="1h", offers=[{"offer": "game", "daily_clicks": 9}, {"offer": "quiz", "rank": 2}])
    figures: dict[str, Figures] = {}
    router = Router(figures)
    assert router(asked(plan, "192.0.2.1")).offer == "game"
    figures["smart"] = Figures(1, moment_of(plan.route, NOW_MS).day, {"game": Used(9)})
    assert router(asked(plan, "192.0.2.1")).offer == "quiz"


def test_visitors_beyond_those_that_are_remembered_are_forgotten_the_oldest_first() -> None:
    plan = campaign(sticky="1h")
    router = Router({}, most=2)
    for number in range(3):
        router(asked(plan, f"192.0.2.{number}"))
    assert [router(asked(plan, f"192.0.2.{number}")).by for number in (1, 2)] == ["sticky", "sticky"]
    assert router(asked(plan, "192.0.2.0")).by == "weight"


def test_without_an_address_nobody_can_be_known_again() -> None:
    plan = campaign(sticky="1h")
    router = Router({})
    assert {router(asked(plan, "", number)).offer for number in range(50)} == {"game", "quiz"}


class Tables:
    """What ClickHouse would say: the quiz brings ten times what the game does."""

    def __init__(self) -> None:
        self.is_away = False
        self.asked_since: list[int] = []

    async def used(self, campaign: str, since: int) -> Sequence[Sequence[Any]]:
        self._answer(since)
        return [("game", "", 12), ("game", "install", 3), ("game", "trial", 1)]

    async def clicks(self, campaign: str, segments: Sequence[str], since: int, now: int) -> Sequence[Sequence[Any]]:
        self._answer(since)
        return [(offer, ["de"], 12, 5000) for offer in ("game", "quiz")]

    async def earned(
        self, campaign: str, segments: Sequence[str], since: int, now: int, event: str, currency: str
    ) -> Sequence[Sequence[Any]]:
        self._answer(since)
        return [("game", ["de"], 12, 3, 20, 20.0, 20.0), ("quiz", ["de"], 12, 3, 200, 200.0, 200.0)]

    def _answer(self, since: int) -> None:
        if self.is_away:
            raise AwayError("nobody answers")
        self.asked_since.append(since)


def learner(tables: Tables, plan: CampaignPlan) -> Learner:
    made = Learner(tables, normals, lambda: NOW_MS)
    made.use({"smart": plan})
    return made


LEARNING = {"optimise": {"by": "conversion:trial", "segments": "country", "days": 7}, "timezone": "Europe/Berlin"}
CAPPED = {"offers": [{"offer": "game", "daily_clicks": 10}, "quiz"], "timezone": "Europe/Berlin"}


def test_what_the_tables_say_decides_from_the_next_click_on() -> None:
    plan, tables = campaign(**LEARNING), Tables()
    learns = learner(tables, plan)
    router = Router(learns.figures)
    assert router(asked(plan, "192.0.2.1")).by == "weight"
    asyncio.run(learns.refresh())
    assert tables.asked_since == [NOW_MS - 7 * 24 * HOUR] * 2
    choice = router(asked(plan, "192.0.2.1"))
    assert (choice.by, choice.candidates) == ("optimise", {"game": 0.025, "quiz": 0.975})


def test_while_clickhouse_is_away_the_last_figures_hold_and_it_is_said_once() -> None:
    tables = Tables()
    learns = learner(tables, campaign(**LEARNING))
    asyncio.run(learns.refresh())
    held = dict(learns.figures)
    tables.is_away = True
    with structlog.testing.capture_logs() as logs:
        asyncio.run(learns.refresh())
        asyncio.run(learns.refresh())
        tables.is_away = False
        asyncio.run(learns.refresh())
    assert [entry["event"] for entry in logs] == ["figures_held", "figures_fresh"]
    assert learns.figures.keys() == held.keys()


def test_caps_go_by_the_day_in_the_campaign_s_zone_and_one_below_what_is_used_is_told() -> None:
    plan, tables = campaign(**CAPPED), Tables()
    learns = learner(tables, plan)
    with structlog.testing.capture_logs() as logs:
        asyncio.run(learns.refresh())
        asyncio.run(learns.refresh())
    assert tables.asked_since[0] % (24 * HOUR) == 23 * HOUR  # midnight in Berlin, in winter
    assert learns.figures["smart"].used["game"] == Used(12, {"install": 3, "trial": 1})
    assert [(entry["event"], entry["offer"], entry["value"], entry["used"]) for entry in logs] == [
        ("cap_below_used", "game", 10, 12)
    ]


def test_a_cap_that_is_lowered_below_what_is_used_while_ingest_runs_is_told() -> None:
    learns = learner(Tables(), campaign(offers=[{"offer": "game", "daily_clicks": 100}, "quiz"]))
    with structlog.testing.capture_logs() as logs:
        asyncio.run(learns.refresh())
        learns.use({"smart": campaign(offers=[{"offer": "game", "daily_clicks": 5}, "quiz"])})
        asyncio.run(learns.refresh())
    assert [(entry["event"], entry["cap"], entry["value"]) for entry in logs] == [("cap_below_used", "daily_clicks", 5)]


@pytest.mark.parametrize("keys", [{}, {"sticky": "1h"}, {"offers": [{"offer": "game", "weight": 2}, "quiz"]}])
def test_nobody_asks_for_a_campaign_that_goes_by_rules_alone(keys: dict[str, Any]) -> None:
    tables = Tables()
    asyncio.run(learner(tables, campaign(**keys)).refresh())
    assert tables.asked_since == []


def test_figures_of_a_campaign_that_is_gone_are_forgotten() -> None:
    learns = learner(Tables(), campaign(**LEARNING))
    asyncio.run(learns.refresh())
    learns.use({})
    assert learns.figures == {}
