"""`make bench-isolation`: nine healthy destinations, beside a tenth that is well, dead, slow, or failing."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import count, islice
from statistics import median

from bench.destination import Counts, Stand, destination
from bench.drain import worker
from bench.kafka import PARTITIONS, BenchError, Broker, broker
from bench.kind import Bench, Figure, Plan
from bench.outcomes import configuration, outcomes
from bench.results import Results, machine, rounded, spread
from clickjoin.embedded.ports import free_port
from schemas.settings.servers import Kafka
from schemas.topics import DELIVERIES, OUTCOMES, TOPICS, partition_of
from streams.adapters.producer import KeyValue, Producer

_HEALTHY = 9
_BEHAVIOURS = ("ok", "dead", "slow", "failing")
_PER_SECOND = 500
_EVERY = 0.02  # seconds between two batches of outcomes
_WARM = 200
_LOOK_AGAIN = 0.1


def run(plan: Plan) -> Results:
    """The whole bench. Raises BenchError where a healthy destination was not told everything, or told twice."""
    with broker(plan.folder / "kafka") as kafka, destination(plan.folder) as stand:
        kafka.make_topics(*TOPICS)
        return _IsolationBench(plan, kafka, stand).run()


class _IsolationBench:
    def __init__(self, plan: Plan, kafka: Broker, stand: Stand) -> None:
        self._plan, self._kafka, self._stand = plan, kafka, stand
        self._numbers = count()  # of clicks: none is told of twice

    def run(self) -> Results:
        """Every behaviour several times and in turns, each by a worker of its own."""
        found: dict[str, list[Counts]] = {behaviour: [] for behaviour in _BEHAVIOURS}
        told = self._plan.step("rounds of every behaviour", self._plan.runs * len(_BEHAVIOURS))
        for number in range(self._plan.runs):
            for behaviour in _BEHAVIOURS:
                found[behaviour].append(self._beside(behaviour, number))
                told(sum(map(len, found.values())))
        well = median(one.p95_ms for one in found["ok"])
        changes = {name: median(one.p95_ms for one in runs) / well - 1 for name, runs in found.items() if name != "ok"}
        figures: Results = {}
        for name, runs in found.items():
            figures |= spread(f"p95_ms_{name}", [one.p95_ms for one in runs], 1)
        return {
            **figures,
            **{f"p95_change_{name}": rounded(change, 2) for name, change in changes.items()},
            "isolation_p95_change": rounded(max(changes.values()), 2),
            "records": self._plan.records,
            "per_second": _PER_SECOND,
            "runs": self._plan.runs,
            **machine(),
        }

    def _beside(self, behaviour: str, number: int) -> Counts:
        """What the nine were told while the tenth behaved so. What the tenth was not told of is forgotten then."""
        base = f"http://127.0.0.1:{free_port()}" if behaviour == "dead" else self._stand.url
        urls = {f"healthy-{each}": f"{self._stand.url}/healthy/ok" for each in range(_HEALTHY)}
        urls["tenth"] = f"{base}/tenth/{behaviour}"
        folder = self._plan.folder / f"{behaviour}-{number}"
        folder.mkdir()
        (folder / "clickjoin.toml").write_text(configuration(self._kafka.servers, urls))
        self._kafka.empty(DELIVERIES)
        with worker("emit", self._kafka.servers, folder) as running:
            for records in (_WARM, self._plan.records):
                self._stand.forget()
                asyncio.run(_tell(self._kafka.kafka, islice(self._numbers, records), list(urls)))
                wanted = records * _HEALTHY // len(urls)
                running.wait(partial(self._heard, wanted), f"{behaviour}: the healthy ones were told of {wanted}")
            counted = self._stand.counts()["healthy"]
        if counted.requests != wanted:
            raise BenchError(f"{behaviour}: the healthy ones were told of {wanted} in {counted.requests} requests")
        return counted

    def _heard(self, wanted: int) -> bool:
        time.sleep(_LOOK_AGAIN)
        return self._stand.counts()["healthy"].deliveries >= wanted


async def _tell(kafka: Kafka, numbers: Iterable[int], sources: Sequence[str]) -> None:
    """Append an outcome of each click when its time has come."""
    producer = Producer(kafka)
    await producer.start()
    began, sent = time.monotonic(), 0
    waiting = iter(numbers)
    try:
        while due := list(islice(waiting, max(1, round((time.monotonic() - began) * _PER_SECOND) - sent))):
            sent += len(due)
            by_partition: dict[int, list[KeyValue]] = {}
            for key, value in outcomes(due, sources, timed=True):
                by_partition.setdefault(partition_of(key, PARTITIONS), []).append((key, value))
            await asyncio.gather(*(producer.send(OUTCOMES, *each) for each in by_partition.items()))
            await asyncio.sleep(_EVERY)
    finally:
        await producer.stop()


_HOW = """\
One worker of emit tells ten destinations of {per_second} outcomes a second, {records} of them, evenly. Nine answer at
once. The tenth does too; or refuses connections (dead), answers after 5 s (slow), or answers 500 (failing). How late
the nine hear of an outcome is told by the stand-in they are, on its own clock, from the moment in which the outcome was
made, before it was on the broker; and it counts what they were told: all of it, once. {runs} times in turns, each with
a worker of its own; medians. The change is of the p95 of the nine, beside a tenth that is well; the worst of the three
is `isolation_p95_change`."""

ISOLATION = Bench(
    name="isolation",
    title="Isolation of destinations",
    how=_HOW,
    figures=(
        Figure("isolation_p95_change", "p95 of nine healthy destinations: change by a bad tenth, worst", "0.1"),
        Figure("p95_change_dead", "beside one that refuses connections"),
        Figure("p95_change_slow", "beside one that answers after 5 s"),
        Figure("p95_change_failing", "beside one that answers 500"),
        Figure("p95_ms_ok", "p95 of the nine beside a tenth that is well, ms"),
        Figure("p95_ms_dead", "beside a dead one, ms"),
        Figure("p95_ms_slow", "beside a slow one, ms"),
        Figure("p95_ms_failing", "beside a failing one, ms"),
    ),
    records=10_000,
    run=run,
)
