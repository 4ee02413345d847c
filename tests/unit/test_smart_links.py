from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.normalize_click import Visitor, destination, normalize_click
from ingest.plans import prepare
from ingest.routing.figures import NO_FIGURES, Figures, Used
from ingest.routing.plan import TRAIT_WORDS, RoutePlan, Traits, moment_of, route_plan
from ingest.routing.route import Choice, chance_of, explain, picked, route, stays
from ingest.routing.worth import Worth
from schemas.records import Click
from schemas.settings.hours import parse_hours
from schemas.settings.offer_rules import TRAITS
from schemas.settings.traffic import Campaign
from tests.ingest_samples import NOW_MS, click_id, settings

NOBODY: Traits = ("",) * len(TRAIT_WORDS)
_FRIDAY_NIGHT = 1_795_212_000_000  # 2026-11-20T22:00Z


def plan(*offers: Any, **campaign: Any) -> RoutePlan:
    given_ = {"source": "free", "offers": list(offers), "trafficback": "quiz"} | campaign
    return route_plan(Campaign.model_validate(given_, context={"env": {}}))


def traits(**known: str) -> Traits:
    return tuple(known.get(word, "").casefold() for word in TRAIT_WORDS)


def chosen(
    of: RoutePlan, *, at: int = NOW_MS, figures: Figures = NO_FIGURES, chance: float = 0.5, **known: str
) -> Choice:
    return route(of, traits(**known), figures, at, chance)


def sent(of: RoutePlan, trait: str, value: str) -> Choice:
    return route(of, traits(**{trait: value}), NO_FIGURES, NOW_MS, 0.5)


def test_among_the_offers_that_fit_the_weights_decide() -> None:
    of = plan({"offer": "game", "weight": 3}, {"offer": "quiz"}, {"offer": "trip", "weight": 9, "countries": ["DE"]})
    assert chosen(of, chance=0.74)[:2] == ("game", "weight")
    assert chosen(of, chance=0.75).offer == "quiz"
    assert chosen(of).candidates == {"game": 0.75, "quiz": 0.25}
    assert chosen(of, chance=0.0, country="de").probability == 3 / 13


def test_visitors_of_a_paused_campaign_go_to_its_trafficback_and_the_click_says_why() -> None:
    assert chosen(plan("game", paused=True)) == Choice("quiz", "trafficback", "paused", 1.0)


def test_visitors_of_a_paused_campaign_without_one_go_to_its_offers_and_the_click_says_why() -> None:
    of = plan("game", paused=True, trafficback=None)
    assert chosen(of) == Choice("game", "weight", "paused", 1.0, {"game": 1.0})
    assert chosen(plan("game", trafficback=None)) == Choice("game", "")


@pytest.mark.parametrize("trait", TRAITS)
def test_a_rule_takes_its_own_in_any_case_and_nobody_of_whom_it_is_not_known(trait: str) -> None:
    of = plan({"offer": "game", TRAITS[trait]: ["One", "Two"]})
    assert sent(of, trait, "oNE").offer == "game"
    assert sent(of, trait, "three")[:3] == ("quiz", "trafficback", f"game: {TRAITS[trait]}")
    assert chosen(of).by == "trafficback"


@pytest.mark.parametrize("written", ["DE", "deu", "Germany"])
def test_a_country_is_one_value_however_it_is_called(written: str) -> None:
    assert (
        visit({"offers": [{"offer": "game", "countries": written}, {"offer": "quiz", "rank": 2}]}, geo="Deu")[0].offer
        == "game"
    )
    refused = {"offers": [{"offer": "game", "countries": f"!{written}"}, {"offer": "quiz", "rank": 2}]}
    assert visit(refused, geo="germany")[0].offer == "quiz"


@pytest.mark.parametrize("trait", TRAITS)
def test_an_exclusion_takes_everybody_else_the_unknown_too(trait: str) -> None:
    of = plan({"offer": "game", TRAITS[trait]: "!One"})
    assert sent(of, trait, "one").by == "trafficback"
    assert [sent(of, trait, value).offer for value in ("two", "")] == ["game", "game"]


def test_a_higher_rank_is_asked_only_where_none_of_a_lower_one_fits() -> None:
    of = plan({"offer": "trip", "countries": ["DE"]}, {"offer": "game", "rank": 2})
    assert chosen(of, country="DE").candidates == {"trip": 1.0}
    assert chosen(of, country="FR").candidates == {"game": 1.0}


def test_of_two_rules_for_an_offer_the_first_that_fits_counts() -> None:
    of = plan({"offer": "game", "weight": 9, "devices": "mobile"}, {"offer": "game"}, "quiz")
    assert chosen(of, device="mobile").candidates == {"game": 0.9, "quiz": 0.1}
    assert chosen(of, device="desktop").candidates == {"game": 0.5, "quiz": 0.5}


def test_trafficback_says_of_every_offer_why_it_did_not_fit() -> None:
    of = plan({"offer": "game", "countries": ["DE"]}, {"offer": "trip", "paused": True})
    assert chosen(of) == Choice("quiz", "trafficback", "game: countries; trip: paused", 1.0)


def test_an_offer_has_a_start_and_an_end_in_the_campaign_s_zone() -> None:
    of = plan({"offer": "game", "start": "2026-11-20T22:00", "end": "2026-11-21T00:00+01:00"}, timezone="Europe/Berlin")
    at = _FRIDAY_NIGHT - 3_600_000  # 22:00 in Berlin
    assert [chosen(of, at=moment).by for moment in (at - 1, at)] == ["trafficback", "weight"]
    assert [chosen(of, at=moment).by for moment in (at + 7_199_999, at + 7_200_000)] == ["weight", "trafficback"]


@pytest.mark.parametrize(
    ("hours", "is_open"),
    [
        ("22:00-24:00", True),
        ("22:01-06:00", False),
        ("fri 20:00-22:00", False),
        ("mon-fri 09:00-22:01", True),
        ("sat,thu-fri 22:00-06:00", True),
        ("sat-thu 00:00-24:00", False),
    ],
)
def test_hours_hold_by_the_clock_of_the_campaign_s_zone(hours: str, is_open: bool) -> None:
    assert (chosen(plan({"offer": "game", "hours": hours}), at=_FRIDAY_NIGHT).offer == "game") is is_open
    berlin = plan({"offer": "game", "hours": "fri 23:00-23:30"}, timezone="Europe/Berlin")
    assert chosen(berlin, at=_FRIDAY_NIGHT).offer == "game"


def test_a_night_that_begins_on_sunday_ends_on_monday() -> None:
    assert parse_hours("sun 22:00-06:00").spans == ((0, 360), (9960, 10080))


def test_a_cap_of_the_day_holds_once_the_figures_say_that_it_is_used_up_and_until_the_day_ends() -> None:
    of = plan({"offer": "game", "daily_clicks": 100}, {"offer": "trip", "daily_conversions": 5, "cap_event": "trial"})
    day = moment_of(of, NOW_MS).day
    used = Figures(1, day, {"game": Used(100), "trip": Used(999, {"trial": 4, "install": 50})})
    assert chosen(of, figures=used).candidates == {"trip": 1.0}
    used_up = Figures(1, day, {"game": Used(100), "trip": Used(0, {"trial": 5})})
    assert chosen(of, figures=used_up).reason == "game: daily_clicks; trip: daily_conversions"
    assert chosen(of, figures=used_up, at=NOW_MS + 86_400_000).by == "weight"


def test_what_was_learnt_decides_with_a_floor_for_everybody_who_fits() -> None:
    of = plan(
        "game", "quiz", {"offer": "trip", "countries": ["DE"]}, optimise={"by": "conversion:trial", "explore": 0.1}
    )
    low, high = Worth(1000, 100_000, 1.0), Worth(1000, 10_000, 1.0)
    worths = {("de", "mobile"): {"game": low, "quiz": high, "trip": low}, (): {"game": high, "quiz": low, "trip": low}}
    learnt = Figures(1, worths=worths, normals=(0.1, -0.2) * 3 * 128)
    there = chosen(of, figures=learnt, country="DE", device="Mobile")
    assert there.by == "optimise"
    assert there.candidates == pytest.approx({"game": 0.1 / 3, "quiz": 0.9 + 0.1 / 3, "trip": 0.1 / 3})
    assert chosen(of, figures=learnt, country="FR").candidates == pytest.approx({"game": 0.95, "quiz": 0.05})


def test_nothing_learnt_yet_the_weights_decide() -> None:
    of = plan({"offer": "game", "weight": 3}, "quiz", optimise="epc")
    assert chosen(of)[:2] == ("game", "weight")
    assert chosen(of, figures=Figures(1, worths={(): {"game": Worth(1, 1, 1)}})).by == "weight"


def test_a_visitor_stays_with_his_offer_while_it_fits() -> None:
    of = plan({"offer": "game", "countries": ["DE"]}, {"offer": "quiz", "rank": 2})
    kept = chosen(of, country="DE")
    assert stays(of, kept, traits(country="DE"), NO_FIGURES, NOW_MS)
    assert not stays(of, kept, traits(country="FR"), NO_FIGURES, NOW_MS)


def test_an_explanation_names_every_rule_with_what_does_not_fit_and_its_probability() -> None:
    of = plan(
        {"offer": "game", "countries": "DE", "weight": 3}, "quiz", {"offer": "quiz"}, {"offer": "trip", "rank": 2}
    )
    assert explain(of, traits(country="DE"), NO_FIGURES, NOW_MS) == [
        ("game", 1, 3, "", 0.75),
        ("quiz", 1, 1, "", 0.25),
        ("quiz", 1, 1, "an earlier rule of this offer fits", 0),
        ("trip", 2, 1, "a lower rank fits", 0),
    ]


RULES = st.fixed_dictionaries(
    {"offer": st.sampled_from(["game", "quiz", "trip"]), "weight": st.integers(1, 9), "rank": st.integers(1, 3)},
    optional={
        "countries": st.lists(st.sampled_from(["DE", "FR", "!DE"]), min_size=1),
        "devices": st.sampled_from(["mobile", "!mobile"]),
        "hours": st.sampled_from(["09:00-18:00", "sat,sun 00:00-24:00"]),
        "daily_clicks": st.integers(1, 3),
        "paused": st.booleans(),
    },
)
VISITORS = st.builds(traits, country=st.sampled_from(["", "DE", "FR"]), device=st.sampled_from(["", "mobile"]))


@given(st.lists(RULES, min_size=1, max_size=6), VISITORS, st.integers(0, 10**12), st.floats(0, 1, exclude_max=True))
def test_whoever_comes_the_choice_is_a_candidate_and_the_explanation_agrees(
    rules: list[dict[str, Any]], visitor: Traits, at: int, chance: float
) -> None:
    of = plan(*rules)
    figures = Figures(1, moment_of(of, at).day, {"game": Used(2)})
    choice = route(of, visitor, figures, at, chance)
    explained = {one.offer: one.probability for one in explain(of, visitor, figures, at) if one.probability}
    if choice.by == "trafficback":
        assert (choice.offer, explained) == ("quiz", {})
    elif choice.by:
        assert choice.probability == choice.candidates[choice.offer]
        assert choice.candidates == explained
        assert sum(choice.candidates.values()) == pytest.approx(1)


@given(st.text())
def test_a_chance_is_the_same_for_the_same_text_and_less_than_one(text: str) -> None:
    assert 0 <= chance_of(text) == chance_of(text) < 1


def test_what_rounding_leaves_goes_to_the_last() -> None:
    assert picked({"game": 0.1, "quiz": 0.899999}, 0.9999999) == "quiz"


SOMEBODY = Visitor()


def visit(campaign: dict[str, Any], visitor: Visitor = SOMEBODY, **params: str) -> tuple[Click, str]:
    prepared = prepare(settings(campaigns={"smart": {"source": "free"} | campaign})).campaigns["smart"]
    click = normalize_click(prepared, params, visitor, click_id=click_id(), now_ms=NOW_MS)
    return click, destination(prepared, click)


def test_the_click_says_how_its_offer_was_chosen() -> None:
    click, url = visit({"offers": [{"offer": "game", "countries": "DE"}, {"offer": "quiz", "weight": 3}]}, geo="FR")
    assert (click.offer, click.network, click.chosen_by) == ("quiz", "near", "weight")
    assert (click.probability, click.candidates) == (1.0, {"quiz": 1.0})
    assert url == f"https://quiz.example/?s1={click_id()}"


def test_a_campaign_with_one_offer_for_everybody_has_nothing_to_choose() -> None:
    click, _ = visit({"offers": ["quiz"]})
    assert (click.offer, click.chosen_by, click.probability, click.candidates) == ("quiz", "", None, {})


def test_trafficback_may_be_a_third_party_s_url_whose_postbacks_come_from_another_network() -> None:
    back = {"url": "https://back.example/?s={click_id}", "network": "glass"}
    click, url = visit({"offers": [{"offer": "game", "countries": "DE"}], "trafficback": back})
    assert (click.offer, click.network, click.chosen_by) == ("", "glass", "trafficback")
    assert click.choice_reason == "game: countries"
    assert url == f"https://back.example/?s={click_id()}"


def test_no_rule_looks_at_robots_or_addresses() -> None:
    rules = {"offers": [{"offer": "game", "weight": 2}, "quiz"]}
    person, robot = (Visitor("198.51.100.7", agent) for agent in ("Mozilla/5.0 Firefox/150.0", "Googlebot/2.1"))
    assert visit(rules, person)[0].offer == visit(rules, robot)[0].offer
    assert not {"ip", "user_agent", "is_bot"} & set(TRAIT_WORDS)


def test_the_language_is_the_first_that_the_browser_asks_for_unless_the_source_says_it() -> None:
    rules = {"offers": [{"offer": "game", "languages": "de"}, {"offer": "quiz", "rank": 2}]}
    assert visit(rules, Visitor(languages="de-AT,en;q=0.8"))[0].offer == "game"
    assert visit(rules, Visitor(languages="de"), lang="fr")[0].offer == "quiz"
