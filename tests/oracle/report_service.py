"""What the oracle of the reports has to say of networks and of ourselves: approval, latency, quality."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from sql.reports.question import Question
from tests.oracle.report_parts import Found, clean, credited, dated, group, inside, ms, quantile, seconds, share
from tests.support.report_rows import Row, Rows


def approval(question: Question, rows: Rows) -> Found:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in credited(question, rows):
        if inside(question, dated(question, row)):
            groups[group(question, row, dated(question, row))].append(row)
    found: Found = {}
    for key, ones in groups.items():
        count = Counter(row["status"] for row in ones)
        decided = [row for row in ones if row["status"] != "pending"]
        waits = [ms(row["status_received_at"]) - ms(row["received_at"]) for row in decided]
        counts = (len(ones), count["pending"], count["approved"], count["rejected"])
        rate = share(count["approved"], len(decided))
        found[key] = (*counts, rate, waits.count(0), *seconds(waits, 0.5, 0.9))
    return found


def latency(question: Question, rows: Rows) -> Found:
    spans: dict[Any, list[int]] = defaultdict(list)

    def add(stage: str, row: Row, began: datetime, took: int) -> None:
        if inside(question, began) and (not question.events or row["event"] in question.events):
            spans[*group(question, row, began), stage].append(took)

    for row in rows["postbacks"]:
        if row["outcome"] != "waiting" and clean(question, row):
            add("decided", row, row["received_at"], ms(row["decided_at"]) - ms(row["received_at"]))
    began = {row["delivery_id"]: row for row in rows["deliveries"] if row["attempt"] == 0}
    for row in rows["deliveries"]:
        if row["attempt"]:
            add("answer", row, row["attempted_at"], row["took_ms"])
        if row["state"] == "delivered":
            start = began[row["delivery_id"]]
            add("told", start, start["attempted_at"], ms(row["attempted_at"]) - ms(start["attempted_at"]))
    return {
        key: (len(ones), *(quantile(ones, level) for level in (0.5, 0.9, 0.99)), max(ones))
        for key, ones in spans.items()
    }


def quality(question: Question, rows: Rows) -> Found:
    received: Counter[Any] = Counter()
    for row in rows["postbacks"]:
        wanted = not question.events or row["event"] in question.events
        if wanted and clean(question, row) and inside(question, row["received_at"]):
            received[group(question, row, row["received_at"]), row["outcome"], row["reason"]] += 1
    for row in rows["invalid"] if not question.events else ():
        replayed = row["code"] == "replayed"  # and counted by its outcome
        if row["kind"] == "postback" and not replayed and inside(question, row["received_at"]):
            received[group(question, row, row["received_at"]), "invalid", row["code"]] += 1
    whole: Counter[Any] = Counter()
    for (key, *_), count in received.items():
        whole[key] += count
    return {(*key[0], *key[1:]): (count, count / whole[key[0]]) for key, count in received.items()}
