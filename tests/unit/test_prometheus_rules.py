"""Alert rules and the Grafana dashboard name metrics that exist, and the runbook says what to do about each alert."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.metrics_page import existing

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "clickjoin.json"
NAME = re.compile(r"\bclickjoin_\w+")
LABELS = re.compile(r"(clickjoin_\w+)\{([^}]*)\}|by \(([^)]*)\) \([^{]*?(clickjoin_\w+)")
OF_PROMETHEUS = {"job", "instance", "le"}


def rules() -> list[dict[str, Any]]:
    (group,) = YAML(typ="safe", pure=True).load(ALERTS)["groups"]
    return list(group["rules"])


def drawn() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def series() -> dict[str, set[str]]:
    """What Prometheus stores, by name with its labels: of a histogram its buckets, sum and count."""
    found: dict[str, set[str]] = {}
    for name, metric in existing().items():
        endings = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        found |= {name + ending: set(metric.labels) | OF_PROMETHEUS for ending in endings}
    return found


def named_labels(expression: str) -> Iterator[tuple[str, str]]:
    """Each metric with a label that the expression wants of it."""
    for selected, matchers, grouped, metric in LABELS.findall(expression):
        for label in re.findall(r"(\w+)\s*(?:=|!)", matchers) if selected else re.findall(r"\w+", grouped):
            yield selected or metric, label


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in rules()), *drawn()])
def test_every_metric_that_is_asked_for_exists_with_its_labels(expression: str) -> None:
    known = series()
    assert set(NAME.findall(expression)) <= set(known)
    assert [(name, label) for name, label in named_labels(expression) if label not in known[name]] == []


def test_an_alert_has_what_prometheus_and_people_need() -> None:
    found = rules()
    assert len({rule["alert"] for rule in found}) == len(found)
    for rule in found:
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert len(rule["annotations"]["summary"]) > 20
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_the_runbook_has_an_entry_for_every_alert_and_no_other() -> None:
    entries = re.findall(r"^## (Clickjoin\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert entries == [rule["alert"] for rule in rules()]


def test_the_dashboard_shows_every_kind_of_metric_there_is() -> None:
    shown = set(NAME.findall(" ".join(drawn())))
    inner = {"end_offset", "committed_offset", "position_offset", "state_offset", "healed", "read_again", "commit_fail"}
    left = {name for name in existing() if not any(one.startswith(name) for one in shown)}
    ours = {name for name in left if not any(word in name for word in inner)}
    assert ours == {
        *(f"clickjoin_{role}_{word}" for role in ("join", "sink", "emit") for word in ("partitions", "ready")),
        "clickjoin_ingest_kafka_away",
        "clickjoin_ingest_pending_records",
        "clickjoin_join_invalid_total",
        "clickjoin_join_look_up_seconds",
    }


def test_panels_do_not_overlap_and_have_numbers_of_their_own() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in panels)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
