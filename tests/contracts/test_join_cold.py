"""Cold clicks on Apache Kafka and ClickHouse: looked up out of line, decided in the log."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest
from aiokafka import ConsumerRecord

from schemas.records import Conversion, Facts
from schemas.topics import EVENTS, partition_of
from schemas.versions import version
from schemas.wire import decode_event
from streams.adapters.clickhouse_facts import FactsReader
from streams.agents.join_lookup import MOST_CHARACTERS, MOST_IDS
from tests.contracts.join_cold_servers import (
    LONG_AGO,
    NOW,
    PARTITIONS,
    ColdWorker,
    Front,
    becomes,
    decided_then,
    old_click,
    tables_know,
    words,
)
from tests.contracts.sink_records import on_topic, write
from tests.kafka_server import KafkaServer
from tests.support.join_cold import minted
from tests.support.join_samples import Join, click_in, postback
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")  # every test has clicks and postbacks of its own
def pipeline(kafka: KafkaServer) -> Iterator[Pipeline]:
    made = Pipeline(kafka.bootstrap, PARTITIONS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    made = Front(tmp_path_factory.mktemp("clickhouse") / "clickhouse")
    yield made
    made.kill()


@pytest.fixture(scope="module")
def worker(pipeline: Pipeline, front: Front, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ColdWorker]:
    made = ColdWorker(pipeline.bootstrap, tmp_path_factory.mktemp("worker") / "data", front.dsn)
    made.start()
    yield made
    made.stop()
    print(made.told()[-4000:])


def test_a_cold_postback_waits_and_is_attributed_by_what_the_tables_know(
    pipeline: Pipeline, front: Front, worker: ColdWorker
) -> None:
    old = old_click(1, params={"it's": 'a "quote" \\ ✓'}, cost=Decimal("0.05"), currency="USD", may_credit=("acme",))
    tables_know(front, old)
    pipeline.send([postback("p1", "trial", click_id=old.click_id, received_at=NOW)])
    attributed = becomes(pipeline, "p1", "attributed")
    assert words(pipeline, "p1") == ["waiting cold", "attributed"]
    assert attributed.click == old
    assert attributed.conversion is not None
    assert (attributed.conversion.payout, attributed.conversion.currency) == (Decimal("0.70"), "EUR")
    facts = answers(pipeline, old.click_id)
    assert [(one.partition, one.key) for one in facts] == [
        (partition_of(old.click_id.encode(), PARTITIONS), old.click_id.encode())
    ]
    assert attributed.version == version(0, facts[0].offset)
    assert pipeline.invalid() == []


def test_what_was_decided_before_the_state_was_dropped_still_counts(
    pipeline: Pipeline, front: Front, worker: ColdWorker
) -> None:
    """A duplicate, an update, a refund, and a record that comes a second time."""
    old = old_click(2)
    before = decided_then(
        old,
        ("i1", "install", {"payout": "1.20", "txid": "a"}),
        ("i2", "install", {"payout": "1.20", "txid": "a", "raw_status": "again"}),
        ("t1", "trial", {"status": "pending", "repeat": "update"}),
        ("late", "subscribe", {"window_ms": -1}),
    )
    assert [one.outcome for one in before] == ["attributed", "duplicate", "attributed", "late"]
    tables_know(front, old, *before)
    own = {"click_id": old.click_id, "received_at": NOW}
    pipeline.send(
        [
            postback("i3", "install", payout="1.20", txid="a", **own),
            postback("t2", "trial", status="approved", repeat="update", **own),
            postback("r1", "install", payout="-1.20", txid="a", **own),
            postback("late", "subscribe", click_id=old.click_id, received_at=old.clicked_at, window_ms=-1),
        ]
    )
    duplicate, updated, refund = (
        becomes(pipeline, *one) for one in (("i3", "duplicate"), ("t2", "updated"), ("r1", "attributed"))
    )
    assert (duplicate.reason, duplicate.repeats) == ("same", "i1")
    assert (updated.previous_status, updated.conversion and updated.conversion.postback_id) == ("pending", "t1")
    assert refund.conversion is not None
    assert refund.conversion.is_refund
    (again,) = [one for one in pipeline.outcomes() if one.postback.postback_id == "late"]
    assert (again.outcome, again.version) == ("waiting", 0), "it would replace the row that says late"


def test_what_the_tables_hold_is_what_the_state_was(pipeline: Pipeline, front: Front, worker: ColdWorker) -> None:
    old = old_click(3)
    told = decided_then(
        old,
        ("a", "install", {"payout": "1.20", "occurred_at": NOW - 5, "raw_status": "ok", "is_test": True}),
        ("b", "install", {"payout": "1.50", "occurred_at": NOW - 4, "repeat": "update"}),
        ("c", "install", {"payout": "1.50", "occurred_at": NOW - 3, "txid": "x", "raw_status": "same again"}),
        ("d", "trial", {"payout": "-0.00000001", "received_at": 1}),
    )
    tables_know(front, old, *told)
    pipeline.send([postback("ask", "other", click_id=old.click_id, received_at=NOW)])
    becomes(pipeline, "ask", "attributed")
    (facts,) = [decode_event(one.value) for one in answers(pipeline, old.click_id)]
    join = Join()
    join.at = old.clicked_at
    join.feed(old)
    for one in told:
        join.feed(one.postback)
    state = join.store.states[old.click_id]
    held: tuple[Conversion, ...] = facts.conversions  # type: ignore[union-attr]
    assert {one.conversion_id: one for one in held} == state.conversions.by_id
    assert facts.decided == state.decided.latest  # type: ignore[union-attr]
    assert facts.click == click_in(state)  # type: ignore[union-attr]


def test_a_click_that_nobody_knows_becomes_an_orphan_at_its_deadline(
    pipeline: Pipeline, front: Front, worker: ColdWorker
) -> None:
    unknown = minted(LONG_AGO, 99, NOW)
    pipeline.send([postback("unknown", click_id=unknown, received_at=NOW, wait_ms=3000)])
    becomes(pipeline, "unknown", "orphan")
    assert words(pipeline, "unknown") == ["waiting cold", "orphan no_click"]
    facts = [decode_event(one.value) for one in answers(pipeline, unknown)]
    assert [(one.click_id, one.click) for one in facts] == [(unknown, None)]  # type: ignore[union-attr]


def test_a_brought_click_is_looked_up_too_however_it_is_written(
    pipeline: Pipeline, front: Front, worker: ColdWorker
) -> None:
    brought = ("77", 'it\'s \\ "q" ✓ %41 {x} ?', "x" * 500)
    clicks = {f"brought{n}": old_click(4, click_id=f"pops:{one}") for n, one in enumerate(brought)}
    for old in clicks.values():
        tables_know(front, old)
    pipeline.send(postback(id_, click_id=old.click_id, received_at=NOW) for id_, old in clicks.items())
    for id_, old in clicks.items():
        assert becomes(pipeline, id_, "attributed").click == old
        assert words(pipeline, id_) == ["waiting no_click", "attributed"]


@pytest.mark.parametrize("letter", ["x", "✓", "'"])
def test_as_many_as_go_into_one_question(front: Front, letter: str) -> None:
    """With IDs as long as they may be, of letters that take most room in a URL."""
    longest = letter * (MOST_CHARACTERS // MOST_IDS - 10)
    ids = [f"pops:{longest}{number}" for number in range(MOST_IDS)]
    write(front.dsn, EVENTS, on_topic(EVENTS, [old_click(0, id_) for id_ in ids[::2]]))

    async def read() -> dict[str, Facts]:
        reader = FactsReader(front.dsn)
        try:
            return await reader.read(ids)
        finally:
            await reader.close()

    assert set(asyncio.run(read())) == set(ids[::2])


def answers(pipeline: Pipeline, click_id: str) -> list[ConsumerRecord]:
    """What look-ups of a click have put into the log."""
    return [one for one in pipeline.read(EVENTS) if b'"facts"' in one.value and one.key == click_id.encode()]
