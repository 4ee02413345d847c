"""Every preset of a source does what its samples say: this conversion is told by this request."""

from typing import Any

import pytest

from clickjoin.panels.everyone import panels
from presets.load import merge_presets, preset_names, read_preset_file
from schemas.settings.file import Settings
from schemas.settings.postbacks import Success
from schemas.settings.validation import validate
from schemas.settings.values import parse_money
from schemas.settings.warnings import find_warnings
from schemas.unreplaced import unreplaced_macro
from streams.emit.retry import Answer, judge
from streams.emit.routes import routes_of
from streams.emit.routing import deliveries_of
from tests.emit_samples import outcome

NAMES = [name for name in preset_names("sources") if name != "generic"]
Sample = dict[str, Any]


def samples() -> list[Any]:
    return [
        pytest.param(name, sample, id=f"{name}-{number}")
        for name in NAMES
        for number, sample in enumerate(read_preset_file("sources", name).get("samples", []))
    ]


def settings(name: str, sample: Sample) -> Settings:
    """A file with a source that uses the preset, as the sample sets it up, and a campaign of it."""
    tree = {
        "events": {sample["event"]: {"step": 1}},
        "networks": {"acme": {"open": True}},
        "sources": {
            "some": {"preset": name, "account": sample.get("account", {}), "goals": sample.get("goals", {})},
        },
        "offers": {"game": {"network": "acme", "url": "https://offer.example/?s={click_id}"}},
        "campaigns": {"spring": {"source": "some", "offers": ["game"]}},
    }
    merged, unknown = merge_presets(tree)
    found, problems = validate(merged, {})
    assert [*unknown, *problems] == []
    assert found is not None
    return found


def test_there_are_presets_for_at_least_twenty_five_sources() -> None:
    assert len(NAMES) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_says_where_its_facts_are_from_and_has_a_sample(name: str) -> None:
    file = read_preset_file("sources", name)
    assert file["about"]["name"]
    assert file["about"]["sources"]
    assert file["samples"]


@pytest.mark.parametrize(("name", "sample"), samples())
def test_a_conversion_is_told_by_exactly_the_request_of_the_sample(name: str, sample: Sample) -> None:
    payout, currency = parse_money(sample["payout"])
    about = outcome(
        click={"source": "some", "source_click_id": sample["source_click_id"], "subs": sample.get("click_subs", {})},
        conversion={
            "event": sample["event"],
            "payout": payout,
            "currency": currency,
            "txid": sample.get("txid", ""),
            "status": sample.get("status", "approved"),
        },
    )
    (made,) = deliveries_of(about, routes_of(settings(name, sample)), 0)
    assert (made.state, made.reason) == ("scheduled", "")
    assert made.url == sample["url"]
    assert (made.method, made.body) == (sample.get("method", "GET"), sample.get("body", ""))


@pytest.mark.parametrize(("name", "sample"), samples())
def test_what_a_source_answers_is_understood_as_the_sample_says(name: str, sample: Sample) -> None:
    success: Success = settings(name, sample).sources["some"].success
    code = success.codes[-1] if success.codes else 200
    assert not judge(Answer(code, "", 5, body=sample.get("taken", "").encode()), success).reason
    assert judge(Answer(400, "", 5), success).is_final
    if "refused" in sample:
        assert judge(Answer(code, "", 5, body=sample["refused"].encode()), success).is_final
        assert judge(Answer(code, "", 5, body=sample["refused"].encode()), success).reason


@pytest.mark.parametrize(("name", "sample"), samples())
def test_the_click_url_holds_their_macros_as_they_are(name: str, sample: Sample) -> None:
    found = settings(name, sample)
    (campaign,) = panels(found).campaigns
    macros = found.sources["some"].macros
    if "source_click_id" in macros:
        assert f"?source_click_id={macros['source_click_id']}" in campaign.click_url
    for word, macro in macros.items():
        parameter = found.sources["some"].params.get(word, (word,))[0]
        assert f"{parameter}={macro}" in campaign.click_url
        assert unreplaced_macro(macro), "one that the source forgets to replace must be seen"


def test_the_adsterra_click_url_holds_every_token_of_its_documentation() -> None:
    (campaign,) = panels(settings("adsterra", {"event": "install", "account": {"advertiser": "acme"}})).campaigns
    tokens = """##PLACEMENT_ID## ##CAMPAIGN_ID## ##SUB_ID_SHORT(action)## ##USER_OS## ##USER_CARRIER##
        ##REMOTE_LANGUAGE## ##BANNER_ID## ##REMOTE_COUNTRY## ##COST_CPM## ##COST_CPA## ##COST_CPC## ##BROWSER_NAME##
        ##COUNTRY_CODE## ##COUNTRY_CODE_A3## ##REMOTE_IP##"""
    assert [token for token in tokens.split() if token not in campaign.click_url] == []


def test_what_an_account_must_add_is_named_at_once_and_once() -> None:
    merged, _ = merge_presets({"sources": {"some": {"preset": "propellerads", "account": {"tid": "env:TID"}}}})
    assert [str(problem) for problem in validate(merged, {})[1]] == [
        'sources.some.account.tid = "env:TID": the environment variable TID is not set',
        'sources.some.account.aid: is required: its postbacks name {account.aid}: write aid = "…" in its [account], '
        'or "env:NAME"',
    ]


def test_check_names_the_events_that_a_preset_has_no_word_for() -> None:
    """They would not be sent, one after the other, and nobody would know before the first of them."""

    def warned(**goals: str) -> list[str]:
        source = {"preset": "propellerads", "account": {"aid": "1", "tid": "2"}, "goals": goals}
        tree = {"events": {"install": {"step": 1}, "trial": {"step": 2}}, "sources": {"some": source}}
        found, problems = validate(merge_presets(tree)[0], {})
        assert found, problems
        return [str(one) for one in find_warnings(found, tree) if one.path == "sources.some.goals"]

    [warning] = warned(install="1")
    assert warning.startswith("sources.some.goals: no word for trial: its postback names {goal}")
    assert warned(install="1", trial="3") == warned(**{"*": "1"}) == []
