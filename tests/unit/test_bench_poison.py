"""The bad input of the bench is bad, and each record of it makes one record."""

from collections import Counter

import pytest

from bench.backlog import KeyValue
from bench.poison import one_click, poison
from streams.join.fold import Folded, fold
from streams.join.state import MAX_CONVERSIONS, MAX_WAITING
from tests.support.join_samples import NOW, DictStates, record

_RECORDS = 3000


def folded(records: list[KeyValue]) -> Folded:
    store = DictStates()
    return fold(store.position, [record(offset, NOW, value) for offset, (_, value) in enumerate(records)], store)


def test_bad_records_of_every_kind_are_refused_and_the_odd_ones_are_not() -> None:
    made = folded(list(poison(_RECORDS)))
    assert len(made.invalid) == _RECORDS * 49 // 50
    assert {one.code for one in made.invalid} == {"not_a_record", "not_json"}
    assert Counter(one.outcome for one in made.outcomes) == {"waiting": _RECORDS // 50}


@pytest.mark.parametrize(("comes", "kept"), [(True, MAX_CONVERSIONS), (False, MAX_WAITING)])
def test_one_click_id_for_everybody_fills_a_state(comes: bool, kept: int) -> None:
    made = folded(list(one_click(_RECORDS, its_click_comes=comes)))
    told = Counter(one.outcome for one in made.outcomes)
    assert told == {"attributed" if comes else "waiting": kept, "unattributed": _RECORDS - comes - kept}
