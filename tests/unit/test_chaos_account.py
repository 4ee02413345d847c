"""The account of a storm finds what is missing and what is wrong, or it would be worth nothing."""

from collections import Counter

import msgspec

from schemas.records import Epoch, Event, Outcome
from schemas.wire import encode
from tests.chaos.account import Account, Chapter, Judge
from tests.chaos.telling import MOST_OPEN, to_be_told
from tests.support.join_samples import NOW, Join, click, postback, record

EVENTS: tuple[Event, ...] = (Epoch(epoch=1), click(), postback("p1"), postback("p2", "trial"))
LOG = [record(offset, NOW + 1 + offset, event) for offset, event in enumerate(EVENTS)]


def said() -> list[Outcome]:
    """What the join makes of that log."""
    join = Join()
    return [outcome for event in EVENTS for outcome in join.feed(event)]


def account_of(sent: list[Outcome], acknowledged: set[str] | None = None) -> Account:
    account = Account()
    judge = Judge(account, [Chapter(1, LOG)], [])
    judge.outcomes([encode(one) for one in sent], sent)
    judge.acknowledged({"p1", "p2"} if acknowledged is None else acknowledged)
    return account


def test_what_the_log_says_is_clean_however_often_it_was_sent() -> None:
    account = account_of([*said(), *said()])
    assert account.is_clean, account.problems()
    assert (account.said, account.twice) == (4, 2)


def test_an_outcome_that_was_never_sent_is_missing() -> None:
    account = account_of(said()[:1])
    assert (len(account.missing), len(account.wrong)) == (1, 0)


def test_an_outcome_that_the_log_does_not_say_is_wrong() -> None:
    first, second = said()
    other = msgspec.structs.replace(second, reason="because")
    account = account_of([first, second, other])
    assert (len(account.missing), len(account.wrong)) == (0, 1)


def test_the_same_outcome_of_another_epoch_is_wrong() -> None:
    first, second = said()
    other = msgspec.structs.replace(second, version=second.version + (1 << 56))
    assert len(account_of([first, second, other]).wrong) == 1


def test_what_is_sent_again_otherwise_is_wrong_to_the_byte() -> None:
    first, second = said()
    later = msgspec.structs.replace(second, decided_at=second.decided_at + 1)
    assert "not the same to the byte" in account_of([first, second, later]).problems()


def test_a_postback_that_was_acknowledged_and_is_not_in_the_log_is_missing() -> None:
    assert account_of(said(), {"p1", "p2", "p3"}).missing == ["p3 was acknowledged"]


def test_what_the_source_was_not_told_is_missing_unless_something_newer_was_told_instead() -> None:
    account = Account()
    Judge(account, [], []).source({"a", "b", "c"}, Counter({"a": 1}), {"b"}, 0)
    assert account.missing == ["delivery c"]
    assert (account.told, account.told_twice, account.wrong) == (1, 0, [])


def test_the_source_is_told_again_at_most_what_was_in_flight_when_something_was_killed() -> None:
    account = Account()
    Judge(account, [], []).source({"a", "b"}, Counter({"a": 2, "b": 1}), set(), 1)
    assert (account.told_twice, account.in_flight, account.is_clean) == (1, MOST_OPEN, True)
    Judge(account, [], []).source({"a", "b"}, Counter({"a": 2, "b": 1}), set(), 0)
    assert account.wrong == ["1 told again, at most 0 were in flight"]
    Judge(account, [], []).source({"a", "b"}, Counter({"a": 1, "b": 1, "z": 1}), set(), 1)
    assert account.wrong[1:] == ["delivery z of nothing that was said"]


def test_what_must_be_told_is_what_was_credited_and_what_changed_its_status() -> None:
    made, repeated = said()[0], said()[0]
    changed = msgspec.structs.replace(made, outcome="updated", previous_status="pending")
    same = msgspec.structs.replace(made, outcome="updated", previous_status="approved")
    duplicate = msgspec.structs.replace(made, outcome="duplicate")
    assert len(to_be_told([made, repeated])) == 1
    assert to_be_told([changed]) == to_be_told([made])
    assert to_be_told([same, duplicate]) == set()
