"""docs/metrics.md is what the metrics' definitions say: every one there is, and none that is not."""

import re

from tests.metrics_page import MARK, PAGE, existing, generated

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_make_docs_metrics_writes() -> None:
    assert TEXT.partition(MARK)[2] == generated(), "the page differs from the definitions: make docs-metrics"


def test_what_to_watch_names_metrics_that_are_there() -> None:
    named = set(re.findall(r"`(clickjoin_[a-z_]+)`", TEXT.partition(MARK)[0]))
    assert named
    assert named <= set(existing()), named - set(existing())


def test_a_metric_of_seconds_bytes_records_or_offsets_says_its_unit_and_counters_end_in_total() -> None:
    for name, metric in existing().items():
        assert name.endswith("_total") == (metric.kind == "counter"), name
        assert (metric.kind == "histogram") <= name.endswith("_seconds"), name


def test_what_a_metric_means_is_said_in_words_that_fit_a_table() -> None:
    for name, metric in existing().items():
        assert len(metric.means) > 12, name
        assert not set("|\n") & set(metric.means), name
        assert not metric.means.endswith("."), name
