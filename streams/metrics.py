"""What workers count: the definitions. docs/metrics.md lists them; roles call these few words and know no more.

Everything is counted once for a batch of records, not once for each.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from faust.types import TP
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from schemas.records import Delivery, Invalid, Outcome

CONTENT_TYPE = CONTENT_TYPE_LATEST
_TP = ("topic", "partition")
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

_word_and_reason = attrgetter("outcome", "reason")
_code = attrgetter("code")


class Standing(NamedTuple):
    """Where one partition stands, as offsets."""

    position: int  # of the next record to process
    committed: int
    end: int | None  # that the next record will have; None: the broker has not told


class Processed(NamedTuple):
    """The counters of one partition's records."""

    live: Counter
    healed: Counter
    read_again: Counter


class WorkerMetrics:
    """What every role counts. The registry is the role's own."""

    def __init__(self, role: str) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        name = f"clickjoin_{role}"
        self._lag = Gauge(f"{name}_lag_records", "Records from the committed offset to the end", _TP, registry=registry)
        self._end = Gauge(f"{name}_end_offset", "Offset that the next record will have", _TP, registry=registry)
        self._committed = Gauge(f"{name}_committed_offset", "Offset at which to resume", _TP, registry=registry)
        self._position = Gauge(
            f"{name}_position_offset", "Offset of the next record to process", _TP, registry=registry
        )
        self._live = Counter(f"{name}_records", "Records processed, their outputs sent", _TP, registry=registry)
        self._healed = Counter(
            f"{name}_healed_records", "Records folded silently, to heal a state", _TP, registry=registry
        )
        self._read_again = Counter(
            f"{name}_read_again_records", "Records read from the log instead of as delivered", _TP, registry=registry
        )
        self.commit_failures = Counter(f"{name}_commit_failures", "Commits that did not succeed", registry=registry)
        self.since_commit = Gauge(
            f"{name}_since_commit_seconds", "Seconds since the last successful commit began", registry=registry
        )
        self.partitions = Gauge(f"{name}_partitions", "Partitions that are this worker's", registry=registry)
        self.ready = Gauge(f"{name}_ready", "1 while /health/ready says yes", registry=registry)

    def processed(self, tp: TP) -> Processed:
        """The counters of a partition."""
        labels = tp.topic, str(tp.partition)
        return Processed(*(one.labels(*labels) for one in (self._live, self._healed, self._read_again)))

    def show(self, tp: TP, standing: Standing) -> None:
        """Tell where a partition stands."""
        labels = tp.topic, str(tp.partition)
        self._position.labels(*labels).set(standing.position)
        self._committed.labels(*labels).set(standing.committed)
        if standing.end is not None:
            self._end.labels(*labels).set(standing.end)
            self._lag.labels(*labels).set(max(0, standing.end - standing.committed))

    def hide(self, tp: TP) -> None:
        """The partition is no longer ours: somebody else tells where it stands."""
        for gauge in (self._lag, self._end, self._committed, self._position):
            gauge.remove_by_labels({"topic": tp.topic, "partition": str(tp.partition)})

    def text(self) -> bytes:
        """All of it as Prometheus reads it."""
        return generate_latest(self.registry)


class JoinMetrics:
    """What the join counts besides. Without a registry nobody reads it."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        of = ["partition"]
        self._state = Gauge("clickjoin_join_state_offset", "Offset at which the state stands", of, registry=registry)
        self._waiting = Gauge("clickjoin_join_waiting_postbacks", "Postbacks that wait", of, registry=registry)
        self._asking = Gauge("clickjoin_join_asking_clicks", "Clicks to be looked up", of, registry=registry)
        self._look_ups = Counter(
            "clickjoin_join_look_ups", "Clicks looked up, by result", ["partition", "result"], registry=registry
        )
        self.look_up_seconds = Histogram(
            "clickjoin_join_look_up_seconds",
            "One question to ClickHouse, of up to 500 clicks",
            buckets=_SECONDS,
            registry=registry,
        )
        self._look_up_failures = Counter(
            "clickjoin_join_look_up_failures", "Questions to be asked again, by reason", ["reason"], registry=registry
        )
        self._outcomes = Counter(
            "clickjoin_join_outcomes", "Outcomes sent, by word and reason", ["outcome", "reason"], registry=registry
        )
        self._invalid = Counter(
            "clickjoin_join_invalid", "Records that could not be used, by reason", ["code"], registry=registry
        )

    def sent(self, outcomes: Iterable[Outcome], invalid: Iterable[Invalid]) -> None:
        """The outputs of a batch are on the broker."""
        for (outcome, reason), count in Tally(map(_word_and_reason, outcomes)).items():
            self._outcomes.labels(outcome, reason).inc(count)
        for code, count in Tally(map(_code, invalid)).items():
            self._invalid.labels(code).inc(count)

    def show(self, partition: int, offset: int, waiting: int) -> None:
        """The state stands at an offset, and so many postbacks wait in it."""
        self._state.labels(str(partition)).set(offset)
        self._waiting.labels(str(partition)).set(waiting)

    def asking(self, partition: int, clicks: int) -> None:
        """So many clicks of a partition are to be looked up."""
        self._asking.labels(str(partition)).set(clicks)

    def looked_up(self, partition: int, result: str) -> None:
        """A click was looked up: found, or unknown."""
        self._look_ups.labels(str(partition), result).inc()

    def look_up_failed(self, reason: str) -> None:
        """A question was not answered, or its answer not sent."""
        self._look_up_failures.labels(reason).inc()

    def hide(self, partition: int) -> None:
        """The partition is no longer ours."""
        for gauge in (self._state, self._waiting, self._asking):
            gauge.remove_by_labels({"partition": str(partition)})


class SinkMetrics:
    """What the sink counts besides."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        of = ["table"]
        self._rows = Counter("clickjoin_sink_rows", "Rows that ClickHouse has acknowledged", of, registry=registry)
        self._batches = Counter("clickjoin_sink_batches", "Inserts that it has acknowledged", of, registry=registry)
        self._retries = Counter("clickjoin_sink_retries", "Inserts to be tried again", of, registry=registry)
        self._refused = Counter(
            "clickjoin_sink_refused_rows", "Rows that it refused; each is a row of invalid", of, registry=registry
        )
        self._seconds = Histogram(
            "clickjoin_sink_write_seconds", "One acknowledged insert", of, buckets=_SECONDS, registry=registry
        )
        self._newest = Gauge(
            "clickjoin_sink_newest_received_timestamp_seconds",
            "When the newest click or postback among the rows written came, in seconds since 1970",
            of,
            registry=registry,
        )
        self._newest_at: dict[str, float] = {}

    def written(self, table: str, rows: int, seconds: float) -> None:
        """An insert was acknowledged."""
        self._rows.labels(table).inc(rows)
        self._batches.labels(table).inc()
        self._seconds.labels(table).observe(seconds)

    def came(self, table: str, received_at: float) -> None:
        """The newest row of an acknowledged insert came at this moment, in seconds since 1970; replays are older."""
        if received_at > self._newest_at.get(table, 0.0):
            self._newest_at[table] = received_at
            self._newest.labels(table).set(received_at)

    def retried(self, table: str) -> None:
        """An insert was not acknowledged, and will be tried again."""
        self._retries.labels(table).inc()

    def refused(self, table: str) -> None:
        """A row was refused for its data."""
        self._refused.labels(table).inc()


class EmitMetrics:
    """What emit counts besides."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._attempts = Counter(
            "clickjoin_emit_attempts",
            "Attempts, by what was answered and what became of the delivery",
            ["destination", "answer", "state"],
            registry=registry,
        )
        self._seconds = Histogram(
            "clickjoin_emit_attempt_seconds", "One attempt", ["destination"], buckets=_SECONDS, registry=registry
        )
        self._pending = Gauge(
            "clickjoin_emit_pending_deliveries",
            "Deliveries that wait for their time or their turn",
            ["destination", "partition"],
            registry=registry,
        )
        self._breaker = Gauge(
            "clickjoin_emit_breaker_open", "1 while a destination is left alone", ["destination"], registry=registry
        )

    def attempted(self, results: Sequence[Delivery]) -> None:
        """Attempts are recorded."""
        told = Tally((one.destination, one.code // 100, one.state) for one in results)
        for (destination, hundreds, state), count in told.items():
            self._attempts.labels(destination, f"{hundreds}xx" if hundreds else "none", state).inc(count)
        seconds = {destination: self._seconds.labels(destination) for destination, *_ in told}
        for one in results:
            seconds[one.destination].observe(one.took_ms / 1000)

    def show(self, partition: int, pending: dict[str, int]) -> None:
        """What waits in a partition, by destination."""
        for destination, count in pending.items():
            self._pending.labels(destination, str(partition)).set(count)

    def breaker(self, destination: str, *, is_open: bool) -> None:
        """The state of a destination's breaker."""
        self._breaker.labels(destination).set(is_open)

    def hide(self, partition: int) -> None:
        """The partition is no longer ours."""
        self._pending.remove_by_labels({"partition": str(partition)})
