"""What every worker counts: the definitions. What is said of a metric here stands in docs/metrics.md, too:
`make docs-metrics`.

Everything is counted once for a batch of records, not once for each.
"""

from typing import NamedTuple

from faust.types import TP
from prometheus_client import CollectorRegistry, Counter, Gauge, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
_TP = ("topic", "partition")


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
        self._lag = Gauge(
            f"{name}_lag_records",
            "Records from the committed offset to the end of the partition",
            _TP,
            registry=registry,
        )
        self._end = Gauge(
            f"{name}_end_offset",
            "Offset that the next record will have; the last one told, while the broker is away",
            _TP,
            registry=registry,
        )
        self._committed = Gauge(f"{name}_committed_offset", "Offset at which the group resumes", _TP, registry=registry)
        self._position = Gauge(
            f"{name}_position_offset", "Offset of the next record to process", _TP, registry=registry
        )
        self._live = Counter(f"{name}_records", "Records processed, their outputs acknowledged", _TP, registry=registry)
        self._healed = Counter(
            f"{name}_healed_records",
            "Records folded silently, to heal a state that was older than the committed offset",
            _TP,
            registry=registry,
        )
        self._read_again = Counter(
            f"{name}_read_again_records",
            "Records read from the log because they were not delivered: holes, and all that heals",
            _TP,
            registry=registry,
        )
        self.commit_failures = Counter(
            f"{name}_commit_failures",
            "Commits that did not succeed: in a rebalance, or while the broker is away",
            registry=registry,
        )
        self.since_commit = Gauge(
            f"{name}_since_commit_seconds",
            "Seconds since the last successful commit began; there is one every half second, work or none",
            registry=registry,
        )
        self.partitions = Gauge(f"{name}_partitions", "Partitions that are this worker's", registry=registry)
        self.ready = Gauge(f"{name}_ready", "1 while /health/ready says 200", registry=registry)

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
