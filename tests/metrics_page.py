"""`python -m tests.metrics_page`: the generated part of docs/metrics.md, written anew from the metrics' definitions."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry

from dashboard.metrics import Metrics as DashboardMetrics
from ingest.metrics import Metrics as IngestMetrics
from streams.metrics import EmitMetrics, JoinMetrics, SinkMetrics
from streams.worker_metrics import WorkerMetrics

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
MARK = "<!-- from here on `make docs-metrics` writes -->\n"
WORKERS = {"join": JoinMetrics, "sink": SinkMetrics, "emit": EmitMetrics}
_OF_THE_LIBRARY = re.compile("process_|python_")
_ABOUT_WORKERS = """\
ROLE is `join`, `sink` or `emit`. Metrics by partition are told by the worker that has it, and by nobody else; the
counters of a partition stay where they were counted. Besides, every process has `process_*` and `python_info` of the
Prometheus client: CPU seconds, resident bytes, open files.
"""


class Described(NamedTuple):
    """What is known of one metric."""

    kind: str
    labels: tuple[str, ...]
    means: str


def described(registry: CollectorRegistry) -> dict[str, Described]:
    """Our metrics of a registry by name, in the order in which they were defined."""
    return dict(_described(registry))


def _described(registry: CollectorRegistry) -> Iterator[tuple[str, Described]]:
    collectors: dict[str, Any] = registry._names_to_collectors
    for family in registry.collect():
        if not _OF_THE_LIBRARY.match(family.name):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield name, Described(family.type, tuple(collectors[family.name]._labelnames), family.documentation)


def sections() -> dict[str, dict[str, Described]]:
    """By title, as the page has them."""
    found = {"Every worker": described(WorkerMetrics("ROLE").registry)}
    for role, metrics in WORKERS.items():
        registry = CollectorRegistry()
        metrics(registry)
        found[role.capitalize()] = described(registry)
    return {**found, "Ingest": described(IngestMetrics().registry), "Dashboard": described(DashboardMetrics().registry)}


def existing() -> dict[str, Described]:
    """Every metric of every process."""
    return {
        name.replace("ROLE", role): metric
        for section in sections().values()
        for name, metric in section.items()
        for role in (WORKERS if "ROLE" in name else [""])
    }


def generated() -> str:
    """The page below its mark."""
    parts = []
    for title, metrics in sections().items():
        parts += [f"\n## {title}\n", _ABOUT_WORKERS] if "worker" in title else [f"\n## {title}\n"]
        parts.append("| metric | type | labels | means |\n| --- | --- | --- | --- |")
        parts += [_row(name, metric) for name, metric in metrics.items()]
    return "\n".join(parts) + "\n"


def _row(name: str, metric: Described) -> str:
    labels = f" {', '.join(f'`{label}`' for label in metric.labels)} " if metric.labels else " "
    return f"| `{name}` | {metric.kind} |{labels}| {metric.means} |"


def main() -> int:
    """Write the page. Returns the exit code."""
    head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(head + MARK + generated(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
