"""The form and the list of what the catalogue holds, without a browser."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.access import user_of
from dashboard.entries import COLUMNS, listed, masked, matching
from dashboard.entry_form import FIELDS, REST, WHOLE, Form, entry_of, form_of, told, typed
from schemas.catalogue import EMPTY, KINDS, Change, Revision, fold
from schemas.settings.dashboard import Dashboard
from schemas.settings.errors import Problem
from schemas.settings.validation import validate

CAMPAIGNS = [
    {"source": "pops", "offers": ["game", "quiz"], "cost": "0.05 USD", "landers": {"a": 70, "b": 30}},
    {"source": "pops", "offers": [{"offer": "game", "countries": ["DE"]}], "trafficback": {"url": "https://b.example"}},
    {"source": "pops", "offers": ["game"], "paused": True, "optimise": {"by": "epc", "days": 7}},
    {"source": "pops", "offers": ["game"], "cpa": {"subscribe": "3.00 USD", "trial": "0.50 USD"}},
    {"source": "pops", "offers": ["game"], "cpa": {"a=b": "3.00 USD", "c,d": 5}},
    {"source": "pops", "offers": ["game"], "cpa": {}},
]


def test_every_kind_of_the_catalogue_has_a_list_and_a_form() -> None:
    assert set(COLUMNS) == set(FIELDS) == set(KINDS)


def as_sent(form: Form) -> dict[str, str]:
    return {f"field-{key}": text for key, text in form.values.items()} | {"name": form.name, REST: form.rest}


@pytest.mark.parametrize("entry", CAMPAIGNS)
def test_a_form_that_is_sent_as_it_came_gives_the_entry_as_it_was(entry: dict[str, Any]) -> None:
    form = form_of("campaigns", "summer", entry)
    assert entry_of(typed("campaigns", as_sent(form))) == (entry, {})


words = st.text("abcdefgh\"'\\\n=[]{}# ", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(st.sampled_from(sorted(FIELDS)), st.dictionaries(words, st.one_of(words, st.booleans(), st.lists(words))))
def test_whatever_else_an_entry_holds_survives_the_form(kind: str, rest: dict[str, Any]) -> None:
    entry = {key: value for key, value in rest.items() if key not in {field.key for field in FIELDS[kind]}}
    assert entry_of(typed(kind, as_sent(form_of(kind, "x", entry)))) == (entry, {})


def test_what_is_typed_twice_or_is_no_toml_is_said_beside_it() -> None:
    twice = typed("campaigns", {"name": "x", "field-cost": "1 USD", REST: 'cost = "2 USD"'})
    assert entry_of(twice)[1] == {REST: ("cost: stands in a field above, too",)}
    broken = typed("campaigns", {"name": "x", REST: "cost ="})
    assert "this is no TOML" in entry_of(broken)[1][REST][0]


def test_a_problem_is_told_at_its_field_and_what_has_none_beside_the_toml_or_above_all() -> None:
    form = typed("campaigns", {"name": "x", "field-cost": "3", "field-offers": "gam", REST: "sticky = 1.5"})
    problems = [
        Problem("campaigns.x.cost", '"3"', "write it as money"),
        Problem("campaigns.x.offers[0]", '"gam"', "there is no [offers.gam]"),
        Problem("campaigns.x.sticky", "1.5", "write a duration"),
        Problem("campaigns.x.source", "", "is required"),
        Problem("campaigns.y.source", '"a"', "there is no [sources.a]"),
        Problem("campaigns.x", "", "stands in the file"),
    ]
    assert told(form, problems).problems == {
        "cost": ("write it as money",),
        "offers": ('offers[0] = "gam": there is no [offers.gam]',),
        REST: ("sticky = 1.5: write a duration",),
        "source": ("is required",),
        WHOLE: ('campaigns.y.source = "a": there is no [sources.a]', "campaigns.x: stands in the file"),
    }


def test_a_charge_for_an_event_is_typed_as_pairs_and_one_without_an_amount_is_told_at_its_field() -> None:
    form = typed("campaigns", {"name": "x", "field-cpa": " subscribe = 3.00 USD,trial=0.50 USD, install"})
    entry, _ = entry_of(form)
    assert entry == {"cpa": {"subscribe": "3.00 USD", "trial": "0.50 USD", "install": ""}}
    problem = Problem("campaigns.x.cpa.install", '""', "write it as money")
    assert told(form, [problem]).problems == {"cpa": ('cpa.install = "": write it as money',)}


def test_ten_thousand_campaigns_are_searched_and_the_file_s_are_among_them() -> None:
    changes = tuple(Change("campaigns", f"c{number}", {"source": "pops"}) for number in range(10_000))
    catalogue = fold(EMPTY, 0, Revision(base=-1, at=0, author="anna", changes=changes))
    found = listed("campaigns", {"campaigns": {"c7": {"source": "file's"}}}, catalogue, masks=True)
    assert len(found) == 10_000
    assert [(one.name, one.held is None) for one in matching(found, "c7")][:2] == [("c7", True), ("c70", False)]
    assert [one.name for one in matching(found, "FILE'S")] == ["c7"]


def test_a_secret_of_the_file_is_never_shown_and_of_a_url_its_host_alone() -> None:
    postbacks = {"*": {"url": "https://pops.example/pb?token=s3cr3t"}}
    source = masked("sources", "pops", {"key": "s3cr3t", "postbacks": postbacks, "account": {"a": "s3cr3t"}})
    shown = f"{source} {masked('networks', 'n', {'signature': {'secret': 's3cr3t'}})}"
    assert "s3cr3t" not in shown
    assert "https://pops.example/…" in shown


def test_a_user_is_known_by_his_token_and_a_short_one_is_refused() -> None:
    users = {"ci": {"token": "t" * 24, "role": "act"}, "anna": {"password": "$argon2id$v=19$m=1,t=1,p=1$YWJj$YWJj"}}
    known = Dashboard.model_validate({"users": users}, context={"env": {}}).users
    assert [user_of(text, known) for text in (f"Bearer {'t' * 24}", "Bearer x", "Basic eA==", "")] == ["ci", "", "", ""]
    _, problems = validate({"dashboard": {"users": {"ci": {"token": "short-one"}, "none": {}}}}, {})
    assert {problem.path for problem in problems} == {"dashboard.users.ci.token", "dashboard.users.none"}
    assert "short-one" not in str(problems)
