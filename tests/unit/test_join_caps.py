"""What one click can have at most, and what is known of it when it has very much."""

from schemas.versions import MAX_INDEX
from streams.join.fold import fold
from streams.join.state import MAX_CONVERSIONS, MAX_DECIDED, MAX_WAITING
from tests.support.join_samples import NOW, WAIT, DictStates, Join, click, clicked, postback, record, records


def test_beyond_the_most_conversions_of_a_click_is_unattributed() -> None:
    join = clicked()
    for number in range(MAX_CONVERSIONS):
        assert join.says(postback(f"p{number}", repeat="new", txid=f"t{number}")) == ["attributed"]
    assert join.says(postback("q1", repeat="new", txid="one more")) == ["unattributed too_many_conversions"]
    assert join.says(postback("q2", repeat="new", txid="t3", status="rejected")) == ["updated"]


def test_beyond_the_most_that_wait_for_a_click_is_unattributed() -> None:
    join = Join()
    for number in range(MAX_WAITING):
        assert join.says(postback(f"p{number}", f"e{number}")) == ["waiting no_click"]
    assert join.says(postback("q1")) == ["unattributed too_many_waiting"]
    assert join.says(postback("q1")) == []
    assert join.says(click()) == ["attributed"] * MAX_WAITING


def test_one_click_id_for_everybody_keeps_its_state_small() -> None:
    store = DictStates()
    log = records((NOW, postback(f"p{number}", click_id="0")) for number in range(2 * MAX_DECIDED))
    for begin in range(0, len(log), 500):
        store.write(fold(store.position, log[begin : begin + 500], store))
    state = store.states["0"]
    remembered = sum(f"p{number}" in state.decided for number in range(len(log)))
    assert len(state.waiting) == MAX_WAITING
    assert MAX_DECIDED <= remembered < MAX_DECIDED + 200


def test_of_a_click_with_very_many_postbacks_one_that_is_repeated_late_says_nothing() -> None:
    """A conversion that was changed by many postbacks: the first of them again would set it back."""
    join = clicked()
    assert join.says(postback("p0", status="approved", repeat="update")) == ["attributed"]
    said = [
        join.says(postback(f"p{n}", status="rejected" if n % 2 else "approved", repeat="update"))
        for n in range(1, 2000)
    ]
    assert said == [["updated"]] * 1999
    assert all(join.says(postback(f"p{number}", status="approved", repeat="update")) == [] for number in range(2000))


def test_more_orphans_at_once_than_a_version_can_count_are_all_told() -> None:
    """A partition where nothing came for long: the next record finds them all."""
    many = MAX_INDEX + 10
    store = DictStates()
    store.write(fold(store.position, records((NOW, postback(f"p{n}", click_id=f"c{n}")) for n in range(many)), store))
    store.write(folded := fold(store.position, [record(many, NOW + WAIT, click(f"c{many - 1}"))], store))
    assert len({one.postback.postback_id for one in folded.outcomes if one.outcome == "orphan"}) == many
    of_the_last = [one for one in folded.outcomes if one.postback.postback_id == f"p{many - 1}"]
    assert [one.outcome for one in of_the_last] == ["orphan", "attributed"]
    assert of_the_last[0].version < of_the_last[1].version
    assert {one.version >> 16 for one in folded.outcomes} == {many}
