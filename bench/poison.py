"""`make bench-poison`: how fast the join is where what it gets is bad, relative to how fast it is on good records."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from bench.backlog import Backlog, click, keyed
from bench.drain import Rates, drain, worker
from bench.kafka import BenchError, Broker, KeyValue, broker
from bench.kind import Bench, Figure, Plan
from bench.results import Results, machine, rounded, spread
from schemas.ids import brought_click_id
from schemas.records import Postback
from schemas.topics import EVENTS, INVALID, JOIN_GROUP, OUTCOMES, TOPICS

_AT = 1_790_000_000_000
_ODD_EVERY = 50  # one record in so many is whole, but has a click ID of 10 KB
_LONG = 10_240
_POSTBACK = b'{"v":1,"type":"postback","postback_id":"p%d","click_id":"c%d","event":"install","network":"acme"%s}'
_BAD = (
    b"",  # received_at is missing
    b',"received_at":"soon"',
    b',"received_at":1,"payout":1e400',
    b',"received_at":1,"payout":"NaN"',
    b',"received_at":1,"status":"maybe"',
    b',"received_at":1,"wait_ms":1' + b"0" * 400,
    b',"received_at":1,"x":"\0"',
)


@dataclass(frozen=True)
class _Load:
    """A backlog by the name of its figures, and how many records it must make on a topic."""

    name: str
    records: Iterable[KeyValue]
    makes: dict[str, int]


def poison(count: int) -> Iterator[KeyValue]:
    """Bad records one after the other, of every kind."""
    for number in range(count):
        if number % _ODD_EVERY == 0:
            yield keyed(_postback(number, f"{number}".ljust(_LONG, "x")))
        else:
            bad = _BAD[number % len(_BAD)]
            yield b"c%d" % number, _POSTBACK % (number, number, bad)


def one_click(count: int, *, its_click_comes: bool) -> Iterator[KeyValue]:
    """A network that sends one ID for everybody, each time with another txid."""
    clicked = click(0)
    click_id = clicked.click_id if its_click_comes else brought_click_id("pops", "0")
    if its_click_comes:
        yield keyed(clicked)
    for number in range(count - its_click_comes):
        yield keyed(_postback(number, click_id))


def _postback(number: int, click_id: str) -> Postback:
    return Postback(
        postback_id=f"{number:026d}",
        click_id=click_id,
        event="subscribe",
        network="acme",
        received_at=_AT,
        txid=f"tx-{number}",
        repeat="new",
    )


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where a record is without its row."""
    count = plan.records
    odd = len(range(0, count, _ODD_EVERY))
    loads = (
        _Load("normal", Backlog(count), {}),
        _Load("poison", poison(count), {INVALID: count - odd, OUTCOMES: odd}),
        _Load("one_click", one_click(count, its_click_comes=True), {OUTCOMES: count - 1}),
        _Load("one_id_without_click", one_click(count, its_click_comes=False), {OUTCOMES: count}),
    )
    rates: dict[str, list[Rates]] = {load.name: [] for load in loads}
    with ExitStack() as stack:
        filled = [(load, *_fill(stack, plan, load)) for load in loads]
        for number in range(1, plan.runs + 1):  # in turns, so that a busy minute of the machine meets all of them
            for load, kafka, records in filled:
                rates[load.name].append(_drain(plan, kafka, load, records, number))
    return {**_results(rates), "records": count, "runs": plan.runs, **machine()}


def _fill(stack: ExitStack, plan: Plan, load: _Load) -> tuple[Broker, int]:
    """A broker of its own for each load, for the join reads one topic alone."""
    kafka = stack.enter_context(broker(plan.folder / f"kafka-{load.name}"))
    kafka.make_topics(*TOPICS)
    told = plan.step(f"write {load.name}", plan.records)
    records = kafka.fill(EVENTS, load.records, told)
    told(plan.records)
    return kafka, records


def _drain(plan: Plan, kafka: Broker, load: _Load, records: int, number: int) -> Rates:
    folder = plan.folder / f"{load.name}-{number}"
    told = plan.step(f"{load.name} {number} of {plan.runs}", records)
    begins = {topic: sum(kafka.ends(topic).values()) for topic in load.makes}
    with worker("join", kafka.servers, folder) as process:
        rates = drain(process, lambda: kafka.committed(JOIN_GROUP, EVENTS), records, told)
    kafka.forget(JOIN_GROUP)
    shutil.rmtree(folder)
    for topic, expected in load.makes.items():
        made = sum(kafka.ends(topic).values()) - begins[topic]
        if made != expected:
            raise BenchError(f"{load.name} made {made} records on {topic}, expected {expected}")
    return rates


def _results(rates: dict[str, list[Rates]]) -> Results:
    results: Results = {}
    medians = {name: median(one.per_cpu_second for one in runs) for name, runs in rates.items()}
    for name, runs in rates.items():
        if name != "normal":
            results[f"{name}_share"] = rounded(medians[name] / medians["normal"], 2)
        results |= spread(f"{name}_per_cpu_second", [one.per_cpu_second for one in runs])
    return results


_HOW = """\
One join worker as in the bench above drains four backlogs of {records} records each in turns, {runs} times: the normal
one; bad records in a row (fields that are missing, of the wrong type or out of range, a NUL byte, and one in fifty with
a click ID of 10 KB), each of which becomes a record of `invalid` or an outcome; postbacks that all have the same click
ID, with another txid each, once where its click came and once where it never did. The records that come of it are
counted, and a wrong number fails the bench. Shares are of the normal rate, of medians."""

POISON = Bench(
    name="poison",
    title="Bad input",
    how=_HOW,
    figures=(
        Figure("poison_share", "bad records, share of the normal rate", "0.5"),
        Figure("one_click_share", "one click ID for everybody, share of the normal rate", "0.5"),
        Figure("one_id_without_click_share", "the same where its click never comes", "0.5"),
        Figure("normal_per_cpu_second", "normal records per CPU second"),
        Figure("poison_per_cpu_second", "bad records per CPU second"),
        Figure("one_click_per_cpu_second", "postbacks of one click per CPU second"),
        Figure("one_id_without_click_per_cpu_second", "postbacks of one ID without a click, per CPU second"),
    ),
    records=100_000,
    run=run,
)
