"""Every preset of a partner's tracker does what its samples say: this conversion is told by this request."""

from typing import Any

import pytest

from clickjoin.panels.everyone import partner_url
from presets.load import preset_names, read_preset_file, settings_of
from schemas.settings.errors import ConfigError
from schemas.settings.file import Settings
from schemas.settings.values import parse_money
from schemas.unreplaced import unreplaced_macro
from streams.emit.retry import Answer, judge
from streams.emit.routes import routes_of
from streams.emit.routing import deliveries_of
from tests.emit_samples import outcome

NAMES = preset_names("partners")
Sample = dict[str, Any]


def samples() -> list[Any]:
    return [
        pytest.param(name, sample, id=f"{name}-{number}")
        for name in NAMES
        for number, sample in enumerate(read_preset_file("partners", name)["samples"])
    ]


def configured(name: str, **partner: Any) -> Settings:
    """A file with a partner who gets half, and tracks with this."""
    tree = {
        "ingest": {"public_url": "https://t.example.com"},
        "events": {"install": {"step": 1}},
        "networks": {"acme": {"open": True}},
        "sources": {"some": {"click_id_param": "their_id"}},
        "offers": {"game": {"network": "acme", "url": "https://offer.example/?s={click_id}"}},
        "campaigns": {"spring": {"source": "some", "offers": ["game"]}},
        "partners": {"bob": {"shares": {"*": "50%"}, "campaigns": ["spring"], "tracker": name, **partner}},
    }
    return settings_of(tree, {})[0]


def of_sample(name: str, sample: Sample) -> Settings:
    words = {key: sample[key] for key in ("account", "goals") if key in sample}
    return configured(name, tracker_url="https://track.example/", **words)


@pytest.mark.parametrize("name", NAMES)
def test_a_tracker_says_where_its_facts_are_from_and_has_a_sample(name: str) -> None:
    file = read_preset_file("partners", name)
    assert file["about"]["name"]
    assert file["about"]["sources"]
    assert file["samples"]


@pytest.mark.parametrize(("name", "sample"), samples())
def test_a_conversion_is_told_by_exactly_the_request_of_the_sample(name: str, sample: Sample) -> None:
    payout, currency = parse_money(sample["payout"])
    about = outcome(
        click={"source": "some", "source_click_id": sample["source_click_id"]},
        conversion={"payout": payout, "currency": currency, "status": sample.get("status", "approved")},
    )
    (made,) = deliveries_of(about, routes_of(of_sample(name, sample)), 0)
    assert (made.state, made.reason) == ("scheduled", "")
    assert made.url == sample["url"].replace("{conversion_id}", made.conversion_id)


@pytest.mark.parametrize(("name", "sample"), samples())
def test_what_a_tracker_answers_is_understood_as_the_sample_says(name: str, sample: Sample) -> None:
    success = of_sample(name, sample).partners["bob"].success
    assert not judge(Answer(200, "", 5, body=sample.get("taken", "").encode()), success).reason
    if "refused" in sample:
        assert judge(Answer(200, "", 5, body=sample["refused"].encode()), success).is_final


@pytest.mark.parametrize(("name", "sample"), samples())
def test_their_url_holds_the_token_of_their_click_id_as_it_is(name: str, sample: Sample) -> None:
    settings = of_sample(name, sample)
    macro = settings.partners["bob"].macros["source_click_id"]
    assert partner_url(settings, "spring", "bob", "") == f"https://t.example.com/click/spring?their_id={macro}"
    assert partner_url(settings, "spring", "bob", "bob.1").endswith(f"?partner=bob.1&their_id={macro}")
    assert unreplaced_macro(macro), "one that the tracker forgets to replace must be seen"


@pytest.mark.parametrize(
    ("partner", "problems"),
    [
        ({}, ["partners.bob.tracker_url: is required: where their tracker answers, like https://track.example"]),
        ({"tracker_url": "track.example"}, ['partners.bob.tracker_url = "track.example": ']),
        ({"tracker": "volum"}, ['partners.bob.tracker = "volum": no such tracker: there are bemob, binom, cake']),
        (
            {"tracker": "keitaro", "tracker_url": "https://track.example"},
            ["partners.bob.account.key: is required: its postbacks name {account.key}: write key ="],
        ),
    ],
)
def test_what_a_tracker_lacks_is_named(partner: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        configured(**{"name": "voluum", **partner} if "tracker" not in partner else {"name": "", **partner})
    assert [str(one)[: len(said)] for one, said in zip(refused.value.problems, problems, strict=True)] == problems
