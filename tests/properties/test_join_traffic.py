"""A long messy log: the join and the oracle agree on every word, every version's place, and every cent."""

from collections import Counter
from itertools import pairwise
from random import Random

from tests.properties.logs import SEED, as_records, run
from tests.support.join_samples import HOUR, NOW, DictStates, Logged
from tests.support.traffic import Traffic
from tests.support.verdicts import conversions, judged, money, verdict_of


def test_a_long_messy_log_is_decided_as_the_oracle_decides_it() -> None:
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    random = Random(SEED)
    at, log = NOW, list[Logged]()
    for event in Traffic(SEED, wait_ms=HOUR).events(2000):
        at += random.choice([0, 0, 1, 5000])
        log.append((at, event))
    records = as_records(log)
    edges = sorted({0, len(records), *random.sample(range(len(records)), 20)})
    outcomes = run(DictStates(), [records[begin:end] for begin, end in pairwise(edges)])
    oracle = judged(records)
    assert [verdict_of(one) for one in outcomes] == oracle.verdicts
    assert money(conversions(outcomes).values()) == money(oracle.conversions().values()) == oracle.total()
    seen = Counter((one.outcome, one.reason) for one in outcomes)
    assert {word for word, _ in seen} == {
        "attributed", "updated", "duplicate", "waiting", "late", "orphan", "unattributed"
    }, seen  # fmt: skip
