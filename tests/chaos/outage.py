"""The broker is stopped for minutes under load, and amid it ingest is killed: what was answered 2xx is stored once."""

import signal
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from kafka.errors import KafkaError

from clickjoin.embedded.ports import free_port
from tests.chaos.processes import RoleProcess
from tests.chaos.run import Say
from tests.chaos.scene import PARTITIONS, lag
from tests.contracts.join_cold_servers import Front
from tests.contracts.sink_records import rows
from tests.ingest_process import IngestProcess
from tests.ingest_samples import TREE
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.support.callers import Callers
from tests.support.pipeline import Pipeline

BEFORE = 5.0  # seconds of load with the broker there; and after it is back
SETTLES_WITHIN = 300.0
PAUSE = 0.05  # seconds between a caller's calls
FUNNEL = "\n".join(f"[events.{name}]\nstep = {event['step']}" for name, event in TREE["events"].items())


class Outcome(NamedTuple):
    """What was answered, and what of it the tables hold."""

    statuses: Counter[int]
    spooled: int  # records that lay in the spool when ingest was killed
    clicks: int  # that were redirected
    postbacks: int  # that were answered 200
    missing: list[str]
    twice: list[str]
    lost: int  # times that ingest said it had lost clicks


def outage(folder: Path, seconds: float, say: Say) -> Outcome:
    """Stop the broker for so long."""
    kafka, front = KafkaServer(folder / "kafka").start(), Front(folder / "clickhouse")
    servers = (
        f'[kafka]\nbootstrap = "{kafka.bootstrap}"\npartitions = {PARTITIONS}\n[clickhouse]\nurl = "{front.dsn}"\n'
    )
    roles = [RoleProcess(role, folder / role, servers) for role in ("join", "sink")]
    ingest: IngestProcess | None = None
    try:
        for role in roles:
            role.configure(FUNNEL)
        roles[0].prepare()
        ingest = IngestProcess(folder, kafka.bootstrap, free_port()).wait_for("/health/ready", 200)
        callers = Callers(ingest.port, pause=PAUSE)
        with callers.running():
            _tend(roles, BEFORE)
            kafka.kill()
            say(f"the broker is stopped, {len(callers.postbacks)} postbacks answered")
            _tend(roles, seconds / 2)
            spooled = ingest.get("/health/ready").json["spooled"]
            ingest.stop(signal.SIGKILL)
            ingest = IngestProcess(folder, kafka.bootstrap, ingest.port)
            say(f"ingest is killed with {spooled} records in its spool, {len(callers.postbacks)} postbacks answered")
            _tend(roles, seconds / 2)
            kafka.start()
            say(f"the broker is back, {len(callers.postbacks)} postbacks answered")
            _tend(roles, BEFORE)
        _settle(kafka, ingest, roles)
        return _account(front, callers, spooled, ingest.log.count('"click_lost"'))
    finally:
        if ingest:
            ingest.stop()
        for role in roles:
            role.kill()
        front.kill()
        kafka.kill()


def _tend(roles: list[RoleProcess], seconds: float) -> None:
    """What a supervisor does, for so long."""
    ends = monotonic() + seconds

    def is_over() -> bool:
        for role in roles:
            role.tend()
        return monotonic() >= ends

    until(is_over, seconds + 60, "the time is over")


def _settle(kafka: KafkaServer, ingest: IngestProcess, roles: list[RoleProcess]) -> None:
    """Until the spool is drained and everything is in the tables."""
    pipeline = Pipeline(kafka.bootstrap, PARTITIONS, fresh=False)

    def is_settled() -> bool:
        for role in roles:
            role.tend()
        try:
            return bool(ingest.get("/health/ready").json["spooled"] == 0 and lag(pipeline) == 0)
        except KafkaError:
            return False

    try:
        until(is_settled, SETTLES_WITHIN, "everything is in the tables")
    finally:
        pipeline.close()


def _account(front: Front, callers: Callers, spooled: int, lost: int) -> Outcome:
    wanted = {"clicks": ("click_id", callers.clicks), "postbacks": ("postback_id", callers.postbacks)}
    missing, twice = [], []
    for table, (column, answered) in wanted.items():
        held = Counter(id_ for (id_,) in rows(front.dsn, f"SELECT {column} FROM {table} FINAL"))
        missing += [f"{id_} of {table}" for id_ in sorted(answered - held.keys())]
        twice += [f"{id_} of {table}" for id_, count in held.items() if count > 1]
    credited = Counter(id_ for (id_,) in rows(front.dsn, "SELECT click_id FROM conversions FINAL"))
    twice += [f"{id_} of conversions" for id_, count in credited.items() if count > 1]
    sizes = len(callers.clicks), len(callers.postbacks)
    return Outcome(callers.statuses, spooled, *sizes, missing, twice, lost)
