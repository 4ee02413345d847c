"""What each role counts besides: the definitions; the roles call these few words and know no more. What is said of a
metric here stands in docs/metrics.md, too: `make docs-metrics`.

Everything is counted once for a batch of records, not once for each.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from operator import attrgetter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.records import Delivery, Invalid, Outcome

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

_word_and_reason = attrgetter("outcome", "reason")
_code = attrgetter("code")


class JoinMetrics:
    """What the join counts besides. Without a registry nobody reads it."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        of = ["partition"]
        self._state = Gauge("clickjoin_join_state_offset", "Offset at which the state stands", of, registry=registry)
        self._waiting = Gauge(
            "clickjoin_join_waiting_postbacks",
            "Postbacks that wait for their click, orphans not included; those of one click with one deadline count "
            "once",
            of,
            registry=registry,
        )
        self._asking = Gauge(
            "clickjoin_join_asking_clicks",
            "Clicks that are to be looked up and have no answer yet",
            of,
            registry=registry,
        )
        self._look_ups = Counter(
            "clickjoin_join_look_ups",
            "Clicks looked up: found, or unknown to the tables",
            ["partition", "result"],
            registry=registry,
        )
        self.look_up_seconds = Histogram(
            "clickjoin_join_look_up_seconds",
            "Seconds that one question to ClickHouse took, of up to 500 clicks",
            buckets=_SECONDS,
            registry=registry,
        )
        self._look_up_failures = Counter(
            "clickjoin_join_look_up_failures",
            "Questions that are asked again: clickhouse_away, facts_not_sent, bug",
            ["reason"],
            registry=registry,
        )
        self._outcomes = Counter(
            "clickjoin_join_outcomes",
            "Outcomes sent, by their word and reason",
            ["outcome", "reason"],
            registry=registry,
        )
        self._invalid = Counter(
            "clickjoin_join_invalid", "Records of events that could not be used", ["code"], registry=registry
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
        self._retries = Counter(
            "clickjoin_sink_retries", "Inserts that were not acknowledged and are tried again", of, registry=registry
        )
        self._refused = Counter(
            "clickjoin_sink_refused_rows",
            "Rows refused for their data; each is a row of invalid instead",
            of,
            registry=registry,
        )
        self._seconds = Histogram(
            "clickjoin_sink_write_seconds",
            "Seconds that one acknowledged insert took",
            of,
            buckets=_SECONDS,
            registry=registry,
        )
        self._newest = Gauge(
            "clickjoin_sink_newest_received_timestamp_seconds",
            "When the newest of the clicks or postbacks written by this worker came, in seconds since 1970; not there "
            "before it has written one",
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
            "Attempts recorded; answer is 2xx to 5xx, or none where there was no answer; state is what became of the "
            "delivery",
            ["destination", "answer", "state"],
            registry=registry,
        )
        self._seconds = Histogram(
            "clickjoin_emit_attempt_seconds",
            "Seconds that one attempt took",
            ["destination"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._pending = Gauge(
            "clickjoin_emit_pending_deliveries",
            "Deliveries that wait for their time or their turn",
            ["destination", "partition"],
            registry=registry,
        )
        self._breaker = Gauge(
            "clickjoin_emit_breaker_open",
            "1 while the destination is left alone because it does not answer",
            ["destination"],
            registry=registry,
        )
        self.catalogue_version = Gauge(
            "clickjoin_emit_catalogue_version",
            "Version of the catalogue by which is told and sent; -1: there is none",
            registry=registry,
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
