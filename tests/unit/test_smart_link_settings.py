# ruff: noqa: E501 - one case, one line
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.settings.routing_problems import ended
from schemas.settings.validation import validate
from tests.ingest_samples import settings, tree

CAMPAIGN: dict[str, Any] = {"source": "free", "offers": ["game", "quiz"], "cost": "0.05 EUR"}
MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"offers": [{"offer": "game", "weight": 0}]}, 'offers[0].weight = 0.0: the weights sum to nothing'),
    ({"offers": ["game", {"offer": "quiz", "weight": 0}]}, "offers[1].weight = 0.0: a weight of nothing gets nobody"),
    ({"offers": ["game", {"offer": "quiz", "rank": 2}]}, "offers[1].rank = 2: nobody can reach this offer: one of rank 1"),
    ({"offers": ["game", {"offer": "game", "os": "iOS"}]}, 'offers[1].offer = "game": stands above for everybody'),
    ({"offers": ["game", {"offer": "quiz", "countries": ["DE", "!de"]}]}, 'offers[1].countries = ["DE", "!de"]: nobody'),
    ({"offers": ["game", {"offer": "quiz", "daily_clicks": 0}]}, "offers[1].daily_clicks = 0: nobody can reach"),
    ({"offers": ["game", {"offer": "quiz", "start": "2026-11-20", "end": "2026-11-20"}]}, "it ends before it starts"),
    ({"offers": ["game", {"offer": "quiz", "start": "tomorrow"}]}, "offers[1].start = \"tomorrow\": 'tomorrow' is no moment"),
    ({"offers": ["game", {"offer": "quiz", "hours": "9-18"}]}, "offers[1].hours[0] = \"9-18\": '9-18' are no hours"),
    ({"offers": ["game", {"offer": "quiz", "cap_event": "sale"}]}, 'cap_event = "sale": there is no [events.sale]'),
    ({"offers": ["game", {"offer": "quiz", "cap_event": "trial"}]}, "write daily_conversions too"),
    ({"offers": ["game", {"offer": "quiz", "wieght": 2}]}, 'offers[1].wieght: unknown key: did you mean "weight"?'),
    ({"offers": ["game", {"weight": 2}]}, "offers[1].offer: is required"),
    ({"offers": [{"offer": "game", "countries": "DE"}]}, "trafficback: is required where a visitor may fit no offer"),
    ({"trafficback": "gam"}, 'trafficback.offer = "gam": there is no [offers.gam]'),
    ({"trafficback": {"url": "https://b.example/"}}, "write the name of an offer, or url and network"),
    ({"trafficback": {"url": "https://b.example/?{x}", "network": "near"}}, "unknown macro {x}"),
    ({"trafficback": {"url": "https://b.example/", "network": "nobody"}}, "there is no [networks.nobody]"),
    ({"trafficback": "quiz", "may_credit": ["acme"]}, "its network near may not credit: add it to may_credit"),
    ({"trafficback": {"ofer": "quiz"}}, 'trafficback.ofer: unknown key: did you mean "offer"?'),
    ({"optimise": "conversion:sale"}, 'optimise.by = "conversion:sale": write "epc" or one of "conversion:install"'),
    ({"optimise": "roi"}, 'optimise.by = "roi": write "epc"'),
    ({"optimise": "epc", "cost": None}, "optimise.currency: is required"),
    ({"optimise": "epc", "offers": ["game"]}, "there is nothing to choose from"),
    ({"optimise": {"by": "epc", "segments": ["planet"]}}, "optimise.segments[0] = \"planet\": write 'country'"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), MISTAKES)
def test_a_mistake_in_a_campaign_s_offers_is_told_with_path_and_reason(change: dict[str, Any], told: str) -> None:
    campaign = {key: value for key, value in (CAMPAIGN | change).items() if value is not None}
    _, problems = validate(tree(campaigns={"smart": campaign}), {})
    assert [str(problem) for problem in problems if told in str(problem)], problems
    assert all(problem.path.startswith("campaigns.smart.") for problem in problems)


def test_what_is_paused_may_have_no_weight() -> None:
    campaign = CAMPAIGN | {"offers": ["game", {"offer": "quiz", "weight": 0, "paused": True}]}
    assert validate(tree(campaigns={"smart": campaign}), {})[1] == []


def test_an_offer_whose_end_is_past_is_told_by_its_path_in_the_campaign_s_zone() -> None:
    offers = ["game", {"offer": "quiz", "end": "2026-11-20T18:00"}]
    campaigns = settings(campaigns={"spring": {**CAMPAIGN, "timezone": "Europe/Berlin", "offers": offers}}).campaigns
    six_there = round(datetime(2026, 11, 20, 17, tzinfo=UTC).timestamp() * 1000)
    assert ended(campaigns, six_there - 1) == []
    (told,) = ended(campaigns, six_there)
    assert told.path == "campaigns.spring.offers[1].end"
    assert told.message == "is past (Europe/Berlin): nobody is sent to quiz any more"
