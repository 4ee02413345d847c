"""Landers: which one is shown, where its button leads, and the step of the funnel that comes of it."""

from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from ingest.bots import is_prefetch
from ingest.landers import choose_lander, lander_click, shown_click_id
from ingest.normalize_click import Visitor, chosen_before, destination, normalize_click
from ingest.parameters import in_their_words
from ingest.plans import CampaignPlan, prepare
from ingest.refusal import Refusal
from presets.load import merge_presets
from schemas.settings.lander_problems import lander_warnings
from schemas.settings.validation import validate
from schemas.values import LANDER_CLICK
from streams.emit.routes import route_for, routes_of
from tests.emit_samples import URL
from tests.emit_samples import settings as settings_of_emit
from tests.ingest_samples import NOW_MS, SECRET, click_id, settings, tree
from tests.support.join_samples import clicked, postback

OURS = click_id()
LANDERS = {
    "quiz": {"url": "https://lander.example/quiz?click_id={click_id}&source_click_id={source_click_id}&é={lander}"},
    "video": {"url": "https://lander.example/video?click_id={click_id}"},
}


def campaign(landers: Any, name: str = "spring", **changes: Any) -> CampaignPlan:
    before = tree()["campaigns"][name]
    return prepare(settings(landers=LANDERS, campaigns={name: before | {"landers": landers} | changes})).campaigns[name]


def mistakes(**sections: Any) -> list[str]:
    merged, _ = merge_presets(tree(**sections))
    _, problems = validate(merged, {})
    return [str(problem) for problem in problems]


def test_landers_are_shown_as_their_weights_say() -> None:
    landers = campaign({"quiz": 3, "video": 1}).landers
    shown = Counter(lander.name for number in range(400) if (lander := choose_lander(landers, number / 400)))
    assert shown == {"quiz": 300, "video": 100}


def test_names_alone_weigh_the_same_and_a_weight_of_nothing_is_never_shown() -> None:
    assert [lander.weight for lander in campaign(["quiz", "video"]).landers] == [1, 1]
    uneven = campaign({"quiz": 0, "video": 1}).landers
    assert {each.name for n in range(9) if (each := choose_lander(uneven, n / 9))} == {"video"}
    assert choose_lander((), 0.5) is None


@pytest.mark.parametrize("chance", [0.0, 0.25, 1 - 2**-53])
def test_there_is_a_lander_for_every_random_number(chance: float) -> None:
    assert choose_lander(campaign({"quiz": 1, "video": 10**6}).landers, chance)


def test_a_lander_s_url_gets_the_click_id_and_values_that_are_encoded_once() -> None:
    plan = campaign(["quiz"])
    click = normalize_click(plan, {"zoneclick": "a/b&c"}, Visitor(), click_id=OURS, now_ms=NOW_MS)
    assert destination(plan, click).startswith("https://offer.example/")
    landed = replace(click, lander="quiz")
    assert destination(plan, landed) == (
        f"https://lander.example/quiz?click_id={OURS}&source_click_id=a%2Fb%26c&%C3%A9=quiz"
    )
    assert destination(plan, landed, to_offer=True) == destination(plan, click)


def test_the_button_leads_to_the_offer_that_the_click_was_recorded_with() -> None:
    plan = campaign(["quiz"], "both")
    for offer in ("game", "quiz"):
        click = normalize_click(plan, {}, Visitor(), click_id=OURS, now_ms=NOW_MS, choose=chosen_before(offer))
        assert (click.offer, click.click_id) == (offer, OURS)


def test_what_a_lander_hands_on_is_read_in_our_words_and_in_the_source_s() -> None:
    names = {"source_click_id": ("zoneclick",), "placement": ("zone", "zoneid"), "ip": ()}
    assert in_their_words(names, {"source_click_id": "a", "placement": "p", "ip": "1"})["zoneclick"] == "a"
    assert in_their_words(names, {"placement": "p", "zoneid": "their own"}).get("zone") is None


@pytest.mark.parametrize("value", ["", " ", "{click_id}", "%7Bclick_id%7D"])
def test_a_button_without_a_click_id_is_no_mistake(value: str) -> None:
    assert shown_click_id("pops", {"click_id": value}, (SECRET.encode(),)) == ""


@pytest.mark.parametrize("value", [OURS[:-1] + "x", "free:1", "pops:", "pops:" + "x" * 256, "pops:\ufffd", "junk"])
def test_a_click_id_that_is_neither_ours_nor_its_source_s_is_refused(value: str) -> None:
    assert shown_click_id("pops", {"click_id": "pops:own-1"}, (SECRET.encode(),)) == "pops:own-1"
    assert shown_click_id("pops", {"click_id": OURS}, (SECRET.encode(),)) == OURS
    with pytest.raises(Refusal) as refused:
        shown_click_id("pops", {"click_id": value}, (SECRET.encode(),))
    assert refused.value.code == "invalid_click_id"


def test_to_go_on_is_credited_to_the_click_once_whichever_networks_may_credit_it() -> None:
    join = clicked(may_credit=("acme",))
    pressed = lander_click("c1", now_ms=1, wait_ms=1)
    assert pressed == lander_click("c1", now_ms=1, wait_ms=1)
    again = lander_click("c1", now_ms=2, wait_ms=1)
    assert again.postback_id == pressed.postback_id
    said = {name: getattr(pressed, name) for name in ("event", "network", "repeat")}
    assert join.says(postback(pressed.postback_id, **said)) == ["attributed"]
    assert join.says(postback(pressed.postback_id, **said)) == []


def test_no_source_is_told_of_it_unless_asked() -> None:
    asked = {"*": {"url": URL, "events": [LANDER_CLICK, "install"]}}
    own = {LANDER_CLICK: {"url": URL}}
    assert route_for(routes_of(settings_of_emit()), "pops", LANDER_CLICK) is None
    assert route_for(routes_of(settings_of_emit()), "pops", "install")
    assert route_for(routes_of(settings_of_emit(asked)), "pops", LANDER_CLICK)
    assert route_for(routes_of(settings_of_emit(own)), "pops", LANDER_CLICK)


def test_it_is_the_first_step_of_the_funnel_where_there_are_landers() -> None:
    assert settings().funnel == ("install", "trial", "subscribe")
    assert settings(landers=LANDERS).funnel == (LANDER_CLICK, "install", "trial", "subscribe")
    late = settings(landers=LANDERS, events={LANDER_CLICK: {"step": 2}})
    assert late.funnel == ("install", LANDER_CLICK, "trial", "subscribe")


def test_a_wrong_lander_is_told_with_its_place() -> None:
    spring = tree()["campaigns"]["spring"]
    found = mistakes(
        landers={"quiz": {"url": "https://lander.example/?c={clickid}"}},
        campaigns={"spring": spring | {"landers": {"quizz": 1}}, "both": tree()["campaigns"]["both"] | {"landers": 7}},
    )
    assert len(found) == 3, found
    assert any("landers.quiz.url" in each and "did you mean {click_id}" in each for each in found)
    assert any("campaigns.spring.landers.quizz" in each and 'did you mean "quiz"' in each for each in found)
    assert any("campaigns.both.landers" in each and "their weights" in each for each in found)
    nothing = mistakes(landers=LANDERS, campaigns={"spring": spring | {"landers": {"quiz": 0}}})
    assert len(nothing) == 1
    assert "no lander has a weight" in nothing[0]


def test_check_says_what_a_lander_has_to_hand_on() -> None:
    both = tree()["campaigns"]["both"] | {"landers": ["video"]}
    warnings = [str(one) for one in lander_warnings(settings(landers=LANDERS, campaigns={"both": both}))]
    needed = {one.partition("needs {")[2].partition("}")[0] for one in warnings}
    assert needed == {"offer", "placement", "source_click_id", "sub3"}


@pytest.mark.parametrize(
    "header", [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("x-moz", "prefetch")]
)
def test_what_a_browser_fetches_ahead_is_flagged_and_counts_as_a_robot_s_d17(header: tuple[str, str]) -> None:
    assert is_prefetch(lambda name: header[1] if name == header[0] else "")
    assert not is_prefetch(lambda name: "")
    visitor = Visitor("198.51.100.7", "Mozilla/5.0 Firefox/150.0", is_prefetch=True)
    click = normalize_click(campaign(["quiz"]), {}, visitor, click_id=OURS, now_ms=NOW_MS)
    assert (click.is_prefetch, click.is_bot) == (True, True)
