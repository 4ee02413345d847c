"""docs/metrics.md lists every metric that there is, and none that is not."""

import re
from pathlib import Path
from typing import Any

from ingest.metrics import Metrics
from streams.metrics import EmitMetrics, JoinMetrics, SinkMetrics, WorkerMetrics

TEXT = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
ROLES = {"join": JoinMetrics, "sink": SinkMetrics, "emit": EmitMetrics}
ROW = re.compile(r"\| `(clickjoin_\w+)` \| (\w+) \|([^|]*)\| [^|]{8,} \|")
LIBRARY = re.compile("process_|python_")

Described = dict[str, tuple[str, tuple[str, ...]]]
"""Of each metric its type and its labels."""


def documented() -> Described:
    found: Described = {}
    for name, kind, labels in ROW.findall(TEXT):
        for role in ROLES if "ROLE" in name else [""]:
            found[name.replace("ROLE", role)] = kind, tuple(re.findall(r"`(\w+)`", labels))
    return found


def existing() -> Described:
    registries = [Metrics().registry]
    for role, of_role in ROLES.items():
        registries.append(WorkerMetrics(role).registry)
        of_role(registries[-1])
    found: Described = {}
    for registry in registries:
        collectors: dict[str, Any] = registry._names_to_collectors
        for family in registry.collect():
            if not LIBRARY.match(family.name):
                name = f"{family.name}_total" if family.type == "counter" else family.name
                found[name] = family.type, tuple(collectors[family.name]._labelnames)
    return found


def test_every_metric_is_documented_with_its_type_and_labels_and_exists() -> None:
    assert documented() == existing()


def test_what_to_watch_names_metrics_that_are_there() -> None:
    named = set(re.findall(r"`(clickjoin_[a-z_]+)`", TEXT))
    assert named <= set(existing()), named - set(existing())


def test_a_metric_of_seconds_bytes_records_or_offsets_says_its_unit_and_counters_end_in_total() -> None:
    for name, (kind, _) in existing().items():
        assert name.endswith("_total") == (kind == "counter"), name
        assert (kind == "histogram") <= name.endswith("_seconds"), name
