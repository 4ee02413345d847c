"""Logs that hypothesis makes of few clicks, so that much happens to each."""

import os
import secrets
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from aiokafka import ConsumerRecord
from hypothesis import seed, settings
from hypothesis import strategies as st

from schemas.records import Click, Event, Forget, Outcome, Postback, Tick
from schemas.wire import encode
from streams.join.fold import fold
from tests.support.join_samples import NOW, DictStates, Logged, read, record

SEED = int(os.environ.get("CLICKJOIN_TEST_SEED", "0")) or secrets.randbits(32)


def weighted(*choices: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of several, each as often as it says: `one_of` takes what is given to it twice for one."""
    return st.sampled_from([one for weight, one in choices for _ in range(weight)]).flatmap(lambda one: one)


IDS = st.sampled_from(["c1", "c1", "c1", "pops:1", "push:1"])
NETWORKS = st.sampled_from(["acme", "billing"])
SMALL = st.integers(0, 40)
AMOUNTS = weighted(
    (3, st.none()),
    (4, st.sampled_from([Decimal("1.20"), Decimal("1.2"), Decimal("-1.20"), Decimal(0)])),
    (1, st.decimals("-100", "100", places=8)),
)
REPEATS = {"install": "ignore", "trial": "update", "subscribe": "new"}

clicks = st.builds(
    Click,
    click_id=IDS,
    clicked_at=SMALL.map(NOW.__add__),
    received_at=st.just(NOW),
    campaign=st.sampled_from(["spring", "winter"]),
    source=st.just("pops"),
    may_credit=st.sampled_from([(), (), ("acme",)]),
    payouts=st.sampled_from([{}, {"install": "2.50 EUR", "trial": "0.10 USD"}]),
    payout_fixed=st.booleans(),
)


@st.composite
def postbacks(draw: st.DrawFn, click_ids: st.SearchStrategy[str] = IDS, *, waits: bool = True) -> Postback:
    """Of each click few postback IDs, so some are repeated with other contents, which must not matter."""
    click_id = draw(click_ids)
    event = draw(st.sampled_from(["install", "trial", "subscribe"]))
    return Postback(
        postback_id=f"{click_id}-{draw(st.integers(0, 20))}",
        click_id=click_id,
        event=event,
        network=draw(NETWORKS),
        received_at=NOW + draw(SMALL),
        txid=draw(st.sampled_from(["", "t1", "t2"])),
        status=draw(st.sampled_from(["pending", "approved", "rejected"])),
        raw_status=draw(st.sampled_from(["", "ok"])),
        payout=draw(AMOUNTS),
        currency=draw(st.sampled_from(["USD", "EUR"])),
        occurred_at=draw(st.one_of(st.none(), SMALL.map(NOW.__add__))),
        repeat=REPEATS[event],  # type: ignore[arg-type]
        window_ms=draw(st.sampled_from([None, None, 10])),
        wait_ms=draw(SMALL) if waits else 1_000_000,
    )


told = postbacks()
events: st.SearchStrategy[Event] = weighted((3, clicks), (16, told), (1, st.just(Tick())))
events_and_forgets: st.SearchStrategy[Event] = weighted((60, events), (1, IDS.map(lambda id_: Forget(click_id=id_))))


@st.composite
def logs(draw: st.DrawFn, of: st.SearchStrategy[Event] = events) -> list[Logged]:
    """Records with the moments at which they were appended; now and then the broker's clock steps back."""
    at, log = NOW, list[Logged]()
    size = draw(st.integers(0, 40))  # left to itself it makes lists of five
    for event in draw(st.lists(of, min_size=size, max_size=size)):
        at += draw(st.sampled_from([0, 0, 1, 5, 20, -3]))
        log.append((at, event))
    return log


def law(examples: int = 150) -> Callable[[Any], Any]:
    """A property test with a seed that is told, and that can be given by the environment."""

    def wrap(test: Any) -> Any:
        print(f"CLICKJOIN_TEST_SEED={SEED}")
        return settings(max_examples=examples, deadline=None, print_blob=True)(seed(SEED)(test))

    return wrap


cuts = st.lists(st.integers(0, 40), max_size=5)


def batches(records: Sequence[ConsumerRecord], at: Sequence[int]) -> list[Sequence[ConsumerRecord]]:
    """The same records, cut at some places."""
    edges = sorted({0, len(records), *(cut for cut in at if cut < len(records))})
    return [records[begin:end] for begin, end in pairwise(edges)]


def run(store: DictStates, batches_: Sequence[Sequence[ConsumerRecord]]) -> list[Outcome]:
    """Fold batch after batch. Nothing in these logs is invalid."""
    outcomes: list[Outcome] = []
    for batch in batches_:
        folded = fold(store.position, batch, store)
        assert folded.invalid == []
        store.write(folded)
        outcomes += read(folded.outcomes)
    return outcomes


def whole(records: Sequence[ConsumerRecord]) -> tuple[list[Outcome], DictStates]:
    """Fold record by record, from nothing."""
    store = DictStates()
    return run(store, [[one] for one in records]), store


def as_bytes(outcomes: Sequence[Outcome]) -> list[bytes]:
    """As they lie on the topic: versions, moments and amounts included."""
    return [encode(one) for one in outcomes]


def same(one: DictStates, other: DictStates) -> bool:
    """Whether two states are the same in every part."""
    return (one.states, one.waiting, one.position) == (other.states, other.waiting, other.position)


def as_records(log: Sequence[Logged]) -> list[ConsumerRecord]:
    return [record(offset, at, event) for offset, (at, event) in enumerate(log)]
