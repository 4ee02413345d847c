"""What ingest counts. What is said of a metric here stands in docs/metrics.md, too: `make docs-metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
_LATENCY_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """The counters of one ingest process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Counter(
            "clickjoin_ingest_requests",
            "Requests answered",
            ["route", "status"],
            registry=self.registry,
        )
        self._invalid = Counter(
            "clickjoin_ingest_invalid", "Requests that could not be used", ["code"], registry=self.registry
        )
        self.publish_seconds = Histogram(
            "clickjoin_ingest_publish_seconds",
            "Seconds from sending a group of records to its acknowledgement",
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.clicks_lost = Counter(
            "clickjoin_ingest_clicks_lost",
            "Clicks whose visitor was redirected though neither the broker nor the spool took them",
            registry=self.registry,
        )
        self.pending = Gauge(
            "clickjoin_ingest_pending_records", "Records that wait for the broker", registry=self.registry
        )
        self.spooled = Counter("clickjoin_ingest_spooled", "Records that went into the spool", registry=self.registry)
        self.drained = Counter(
            "clickjoin_ingest_drained", "Records that went from the spool to the broker", registry=self.registry
        )
        self.spool_records = Gauge(
            "clickjoin_ingest_spool_records", "Records that are in the spool", registry=self.registry
        )
        self.spool_bytes = Gauge(
            "clickjoin_ingest_spool_bytes", "Bytes that the spool takes on the disk", registry=self.registry
        )
        self.kafka_away = Gauge("clickjoin_ingest_kafka_away", "1 while the broker is away", registry=self.registry)
        self.catalogue_version = Gauge(
            "clickjoin_ingest_catalogue_version",
            "Version of the catalogue by which requests are answered; -1: there is none",
            registry=self.registry,
        )
        self._children: dict[tuple[str, int], Counter] = {}

    def count_request(self, route: str, status: int) -> None:
        """One answered request. `route` comes from a closed list, never from the request."""
        child = self._children.get((route, status))
        if child is None:
            child = self._children[route, status] = self._requests.labels(route, str(status))
        child.inc()

    def count_invalid(self, code: str) -> None:
        """One request that could not be used."""
        self._invalid.labels(code).inc()

    def text(self) -> bytes:
        """All of it as Prometheus reads it."""
        return generate_latest(self.registry)
