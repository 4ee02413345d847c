"""Every report by every dimension, as ClickHouse answers it at some moments, beside what DuckDB says of the same."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from bench.funnel import refresh
from bench.kind import Plan
from bench.oracle.brute import BruteForce, Differing
from bench.oracle.report_questions import Row, comparable, expected, found, named, questions, statement, tables
from bench.oracle.system import System
from schemas.topics import SINK_GROUP, TOPICS
from sql.reports.ask import ask
from sql.reports.question import Question

_REPLAYED = 1_000_000
_QUICK_STEP = 17  # of so many questions one, where it only has to run
_TABLES = ("clicks", "conversions", "postbacks")

Answers = dict[str, list[Row]]
"""The rows of every answer, by the question in words."""


class Compared(NamedTuple):
    """How many answers, their rows, and how many of these differ."""

    answers: int
    rows: int
    differing: Differing


def stop_merging(running: System) -> None:
    """Leave what is written from now on in the parts in which it is written."""
    for table in _TABLES:
        running.command(f"SYSTEM STOP MERGES {table}")


def asked_at_moments(running: System, plan: Plan, began: int) -> dict[str, Answers]:
    """What the reports say of rows as they were written, written once more, and merged. The sink is there no more."""
    answers = {"unmerged": _asked(running, plan, began, "as they were written")}
    running.kafka.go_back(SINK_GROUP, TOPICS, min(_REPLAYED, plan.records))
    running.start("sink")
    running.drain(SINK_GROUP, TOPICS, plan.growing_step("store the last of them once more"))
    running.stop("sink")
    answers["replayed"] = _asked(running, plan, began, "written once more")
    for table in _TABLES:
        running.command(f"SYSTEM START MERGES {table}")
        running.command(f"OPTIMIZE TABLE {table} FINAL")
    with running.client() as client:
        refresh(plan, client)
    return answers | {"merged": _asked(running, plan, began, "merged")}


def _asked(running: System, plan: Plan, began: int, rows: str) -> Answers:
    every = _questions(plan, began)
    told = plan.step(f"ask every report of rows {rows}", len(every))
    answers = {}
    with running.client() as client:
        for done, question in enumerate(every, 1):
            answers[named(question)] = found(question, ask(client, question).rows)
            told(done)
    return answers


def _questions(plan: Plan, began: int) -> list[Question]:
    return list(questions(began))[:: _QUICK_STEP if plan.is_quick else 1]


def beside_brute_force(brute: BruteForce, said: Mapping[str, Answers], began: int, plan: Plan, most: int) -> Compared:
    """Compare what was said at each moment with brute force; it tells of the first rows that differ."""
    brute.database.execute(tables())
    rows = differing = 0
    shown: list[str] = []
    every = _questions(plan, began)
    told = plan.step("compare the reports", len(every))
    for done, question in enumerate(every, 1):
        name = named(question)
        must = Counter(map(comparable, expected(question, brute.database.execute(statement(question)).fetchall())))
        for moment, answers in said.items():
            is_there = Counter(map(comparable, answers[name]))
            rows += is_there.total()
            missing, surplus = must - is_there, is_there - must
            differing += max(missing.total(), surplus.total())
            shown += [f"{name}, {moment}: expected {row}" for row in missing]
            shown += [f"{name}, {moment}: found {row}" for row in surplus]
            del shown[most:]
        told(done)
    return Compared(sum(map(len, said.values())), rows, Differing(differing, shown))
