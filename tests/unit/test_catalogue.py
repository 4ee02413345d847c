"""The catalogue: a fold over what was changed, validated as the file is, never over what somebody else changed."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from clickjoin.catalogue.kept import FILE, keep, read_kept
from clickjoin.cli import catalogue_entry
from clickjoin.cli.app import app
from presets.load import whole
from schemas.catalogue import (
    EMPTY,
    NONE,
    Catalogue,
    Change,
    ChangedMeanwhileError,
    Revision,
    changes_of,
    differences,
    fold,
    history,
    merged,
    taken_back,
)
from schemas.settings.errors import CatalogueError, ConfigError
from schemas.wire import decode_revision, encode
from tests.ingest_samples import tree
from tests.support.catalogue import MemoryLog, memory_writer

SPRING, SUMMER = "campaigns/spring", "campaigns/summer"
ENTRY = {"source": "free", "offers": ["quiz"]}


def revision(base: int, *changes: Change, author: str = "anna") -> Revision:
    return Revision(base=base, at=1_700_000_000_000, author=author, changes=changes)


def summer(**more: object) -> Change:
    return Change("campaigns", "summer", {**ENTRY, **more})


def folded(*revisions: Revision) -> Catalogue:
    catalogue = EMPTY
    for offset, one in enumerate(revisions):
        catalogue = fold(catalogue, offset, one)
    return catalogue


def test_an_entry_is_as_the_last_revision_that_counts_says() -> None:
    made = folded(revision(NONE, summer()), revision(0, summer(cost="0.01 USD"), author="ben"))
    held = made.entries[SUMMER]
    assert (made.version, held.version, held.author, held.entry["cost"]) == (1, 1, "ben", "0.01 USD")
    assert folded(revision(NONE, summer()), revision(0, Change("campaigns", "summer"))).entries == {}


def test_a_revision_that_was_made_on_another_whole_changes_nothing() -> None:
    first = folded(revision(NONE, summer()))
    assert fold(first, 1, revision(NONE, summer(cost="9 USD"))) is first
    assert fold(first, 1, revision(5, summer(cost="9 USD"))) is first


@given(st.lists(st.tuples(st.integers(-1, 6), st.sampled_from("abc"), st.booleans()), max_size=8))
def test_of_whatever_is_appended_exactly_those_count_that_stand_on_the_one_before(
    log: list[tuple[int, str, bool]],
) -> None:
    revisions = [
        revision(base, Change("offers", name, None if gone else {"n": at})) for at, (base, name, gone) in enumerate(log)
    ]
    counted = history(list(enumerate(revisions)))
    assert [past.revision.base for past in counted] == [NONE, *(past.version for past in counted)][: len(counted)]
    entries: dict[str, object] = {}
    for past in counted:
        (change,) = past.revision.changes
        assert past.before[change.key] == entries.get(change.key)
        entries[change.key] = change.entry
    assert {key: held.entry for key, held in folded(*revisions).entries.items()} == {
        key: entry for key, entry in entries.items() if entry is not None
    }


def test_taking_a_revision_back_makes_everything_what_it_was() -> None:
    log = [revision(NONE, summer()), revision(0, summer(cost="1 USD"), Change("offers", "x", {"network": "acme"}))]
    (_, past) = history(list(enumerate(log)))
    back = folded(*log, revision(1, *taken_back(past)))
    assert {key: held.entry for key, held in back.entries.items()} == {SUMMER: ENTRY}


def test_a_revision_lies_on_the_topic_as_json_and_is_read_as_it_was() -> None:
    one = revision(3, summer(), Change("offers", "x"))
    assert decode_revision(encode(one)) == one


def test_what_the_file_holds_stands_over_the_catalogue() -> None:
    both = merged(tree(), folded(revision(NONE, Change("campaigns", "spring", ENTRY), summer())))
    assert (both["campaigns"]["spring"], both["campaigns"]["summer"]) == (tree()["campaigns"]["spring"], ENTRY)
    _, warnings = whole(tree(), folded(revision(NONE, Change("campaigns", "spring", ENTRY))), {})
    assert ("campaigns.spring", "is in the catalogue too: the file counts") in [(p.path, p.message) for p in warnings]


def test_a_fragment_is_validated_as_the_file_is_with_all_mistakes_at_once() -> None:
    wrong: dict[str, Any] = {"offers": {"new": {"network": "acne", "url": "https://o.example/?c={click_id}"}}}
    wrong |= {"campaigns": {"summer": {"source": "free", "offers": ["nwe"], "cots": "1 USD"}}}
    with pytest.raises(CatalogueError) as refused:
        memory_writer(tree()).change("anna", changes_of(wrong), {})
    assert {problem.path for problem in refused.value.problems} == {
        "offers.new.network",
        "campaigns.summer.offers[0]",
        "campaigns.summer.cots",
    }


def test_settings_know_which_version_of_the_catalogue_is_in_them() -> None:
    alone, _ = whole(tree(), EMPTY, {})
    later, _ = whole(tree(), folded(revision(NONE, summer())), {})
    assert (alone.catalogue_version, later.catalogue_version) == (NONE, 0)
    assert later.model_copy(update={"geo": alone.geo}).catalogue_version == 0


def test_the_file_has_to_be_right_without_the_catalogue() -> None:
    needs_it = tree(campaigns={"late": {"source": "free", "offers": ["new"]}})
    offer = Change("offers", "new", {"network": "acme", "url": "https://o.example/?c={click_id}"})
    with pytest.raises(ConfigError) as refused:
        whole(needs_it, folded(revision(NONE, offer)), {})
    assert not isinstance(refused.value, CatalogueError)


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (Change("networks", "n", {"key": "literal"}), "networks.n.key", "the catalogue holds no secrets"),
        (Change("networks", "n", {"signature": {"secret": "x"}}), "networks.n.signature.secret", "holds no secrets"),
        (Change("sources", "s", {"key": "env:CH_PASSWORD"}), "sources.s.key", "a secret of the pipeline's own"),
        (Change("sources", "s", {"account": {"a": "env:CH_PASSWORD"}}), "sources.s.account.a", "the pipeline's own"),
        (Change("campaigns", "spring", ENTRY), "campaigns.spring", "stands in the file"),
        (Change("events", "x", {"step": 1}), "events.x", "cannot stand in the catalogue"),
        (Change("campaigns", "none"), "campaigns.none", "is not in the catalogue"),
        (Change("campaigns", "x", "spring"), "campaigns.x", "write a table here"),  # type: ignore[arg-type]
    ],
)
def test_what_may_not_stand_there_is_refused_and_no_secret_is_shown(change: Change, path: str, message: str) -> None:
    ours = tree(clickhouse={"url": "https://user:env:CH_PASSWORD@host:8443/clickjoin"})
    writer = memory_writer(ours)
    with pytest.raises(ConfigError) as refused:
        writer.change("anna", [change], {})
    (problem,) = refused.value.problems
    assert (problem.path, message in problem.message) == (path, True)
    assert "literal" not in str(problem)
    assert writer.read() == EMPTY


def test_who_expects_another_version_is_told_which_it_has_and_changes_nothing() -> None:
    writer = memory_writer(tree())
    writer.change("anna", [summer()], {SUMMER: NONE})
    for expected in (NONE, 7):
        with pytest.raises(ChangedMeanwhileError) as told:
            writer.change("ben", [summer(cost="1 USD")], {SUMMER: expected})
        assert told.value.version == 0
    assert writer.change("ben", [summer(cost="1 USD")], {SUMMER: 0})[0].version == 1


def test_of_two_who_change_one_entry_at_once_the_later_is_told() -> None:
    log = MemoryLog()
    writer = memory_writer(tree(), log)
    writer.change("anna", [summer()], {})
    log.before_append = lambda: writer.change("ben", [summer(cost="1 USD")], {})
    with pytest.raises(ChangedMeanwhileError):
        writer.change("anna", [summer(cost="2 USD")], {SUMMER: 0})
    assert writer.read().entries[SUMMER].entry["cost"] == "1 USD"


def test_of_two_who_change_different_entries_at_once_both_are_done_and_the_whole_is_looked_at_again() -> None:
    log = MemoryLog()
    writer = memory_writer(tree(), log)
    offer = Change("offers", "new", {"network": "acme", "url": "https://o.example/?c={click_id}"})
    writer.change("anna", [offer], {})
    log.before_append = lambda: writer.change("ben", [summer()], {})
    writer.change("anna", [Change("campaigns", "other", ENTRY)], {})
    assert set(writer.read().entries) == {"offers/new", SUMMER, "campaigns/other"}
    log.before_append = lambda: writer.change("ben", [Change("offers", "new")], {})
    with pytest.raises(ConfigError, match=r"there is no \[offers.new\]"):  # it was there at the first look
        writer.change("anna", [summer(offers=["new"])], {})


def test_what_changes_nothing_is_not_written() -> None:
    log = MemoryLog()
    writer = memory_writer(tree(), log)
    writer.change("anna", [summer()], {})
    assert writer.change("anna", [summer()], {}) == (writer.read(), ())
    assert writer.change("anna", [summer(cost="1 USD")], {}, dry_run=True)[1] == (summer(cost="1 USD"),)
    assert len(log.revisions) == 1


def test_a_version_is_taken_back_unless_it_was_changed_again() -> None:
    writer = memory_writer(tree())
    writer.change("anna", [summer()], {})
    writer.change("ben", [summer(cost="1 USD")], {})
    with pytest.raises(ChangedMeanwhileError):
        writer.take_back("anna", 0)
    writer.take_back("anna", 1)
    assert (writer.read().entries[SUMMER].entry, writer.past()[0].revision.note) == (ENTRY, "takes back 1")
    with pytest.raises(LookupError, match="no version 9"):
        writer.take_back("anna", 9)


def test_the_history_says_what_was_changed_line_by_line() -> None:
    before = {"source": "free", "offers": ["quiz"], "optimise": {"by": "epc"}}
    after = {"source": "free", "offers": ["quiz", "game"], "optimise": {"by": "epc", "days": 7}, "paused": True}
    assert differences(Change("campaigns", "summer", after), before) == [
        'campaigns/summer offers: ["quiz"] → ["quiz", "game"]',
        "campaigns/summer optimise.days: – → 7",
        "campaigns/summer paused: – → true",
    ]
    assert differences(Change("campaigns", "summer"), before) == ["campaigns/summer removed"]


def test_the_copy_is_whole_or_not_there(tmp_path: Path) -> None:
    made = folded(revision(NONE, summer()))
    assert read_kept(tmp_path / "new") == EMPTY
    keep(tmp_path / "new", made)
    assert read_kept(tmp_path / "new") == made
    (tmp_path / FILE).write_text("{")
    assert read_kept(tmp_path) == EMPTY


def test_a_campaign_is_made_with_what_its_source_charges_for_each_event(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = memory_writer(tree())
    monkeypatch.setattr(catalogue_entry, "writer", lambda config, data: nullcontext(catalogue))
    typed = ["campaign", "add", "summer", "--source", "free", "--offer", "quiz"]
    for mistaken, told in {"trial": "write EVENT=MONEY", "trail=1 USD": "cpa.trail", "trial=1": "cpa.trial"}.items():
        done = CliRunner().invoke(app, [*typed, "--cpa", mistaken])
        assert told in f"{done.output}{done.exception}"
    done = CliRunner().invoke(app, [*typed, "--cpa", "trial=0.50 USD", "--cpa", "trial = 0.50 USD"])
    assert "--cpa trial = 0.50 USD: trial has 0.50 USD already: name each event once" in done.output
    done = CliRunner().invoke(app, [*typed, "--cpa", "subscribe = 3.00 USD", "--cpa", "trial=0.50 USD"])
    assert done.exit_code == 0, done.output
    cpa = {"subscribe": "3.00 USD", "trial": "0.50 USD"}
    assert catalogue.read().named("campaigns")["summer"].entry == {**ENTRY, "cpa": cpa}
