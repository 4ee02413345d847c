"""How everything stands: how far each role is behind, how fresh the tables are, what is still to be delivered."""

import json
import socket
import time
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import urlopen

from clickjoin.status.destinations import Destination, Standing, by_state, destinations_of
from schemas.settings.file import Settings
from schemas.settings.servers import Kafka
from schemas.topics import EMIT_GROUP, EVENTS, JOIN_GROUP, OUTCOMES, SINK_GROUP, TOPICS
from schemas.values import FINAL_STATES

READS = {"join": (JOIN_GROUP, (EVENTS,)), "sink": (SINK_GROUP, TOPICS), "emit": (EMIT_GROUP, (OUTCOMES,))}
"""Of each role the consumer group and what it reads."""
_PATIENCE = 3.0
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_BREAKER = "clickjoin_emit_breaker_open"
_ANSWER_WITHIN_MS = 5_000


class Lag(NamedTuple):
    """Records of a topic that a role has not finished, over all partitions."""

    topic: str
    partitions: int
    end: int  # sum of the offsets that the next records will have
    committed: int  # sum of the offsets at which the role resumes
    lag: int


class RoleStatus(NamedTuple):
    """One of join, sink, emit."""

    role: str
    workers: int  # members of its group
    lag: int
    topics: tuple[Lag, ...]


class Status(NamedTuple):
    """All of it. What could not be asked is in `away`, with the reason."""

    ingest_ready: bool
    spooled: int  # records that ingest keeps on its disk until the broker takes them
    roles: tuple[RoleStatus, ...]
    deliveries: dict[str, int]  # by state
    deliveries_pending: int
    away: dict[str, str]
    newest: dict[
        str, float
    ]  # seconds since the newest `click`, `postback` in ClickHouse came; left out: none in 7 days
    breakers_open: tuple[str, ...] | None  # destinations left alone; None: no emit answers at [metrics] emit
    destinations: dict[str, Destination] = {}

    @property
    def freshness(self) -> float | None:
        """Seconds since the newest of all came."""
        return min(self.newest.values(), default=None)


def read_status(settings: Settings) -> Status:
    """Ask ingest, Kafka and ClickHouse. What does not answer is told in the result, never raised."""
    away: dict[str, str] = {}
    ready, spooled = _ingest(settings.ingest.listen, away)
    roles = _roles(settings.kafka, away)
    tables = _tables(settings.clickhouse.dsn, away)
    breakers = _breakers(settings.metrics.emit)
    deliveries = by_state(tables.standings)
    pending = sum(count for state, count in deliveries.items() if state not in FINAL_STATES)
    are_open = None if breakers is None else tuple(name for name, is_open in breakers.items() if is_open)
    destinations = destinations_of(tables.standings, tables.answered, breakers, time.time())
    return Status(ready, spooled, roles, deliveries, pending, away, tables.newest, are_open, destinations)


def local_url(listen: str, path: str) -> str:
    """The URL by which a server that listens at this address is reached from this machine."""
    host, _, port = listen.rpartition(":")
    reached = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - a comparison
    return f"http://{reached}:{port}{path}"


def answers_ok(url: str) -> bool:
    """Whether a server of ours answers this URL with 200. HTTPException: something else listens there."""
    try:
        with urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - an address of ours
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, HTTPException):
        return False


def nobody_listens(server: str) -> str:
    """Empty where something accepts connections at HOST:PORT; else what to tell."""
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except OSError as error:
        return f"nobody answers at {server} ({error.strerror or error})"
    return ""


def _ingest(listen: str, away: dict[str, str]) -> tuple[bool, int]:
    """Whether it is ready, and how many records it has spooled."""
    url = local_url(listen, "/health/ready")
    why = nobody_listens(urlsplit(url).netloc)
    if why:
        away["ingest"] = why
    try:
        with urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - an address of ours
            return True, int(json.load(answer)["spooled"])
    except (OSError, HTTPException, ValueError, KeyError):
        return False, 0


def _roles(kafka: Kafka, away: dict[str, str]) -> tuple[RoleStatus, ...]:
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    from ingest.kafka_client import made
    from streams.adapters.kafka import blocking_connection

    silent = [nobody_listens(server) for server in kafka.servers.split(",")]
    if all(silent):
        away["kafka"] = "; ".join(silent)
        return ()
    try:
        admin = made(KafkaAdminClient, **blocking_connection(kafka), bootstrap_timeout_ms=_ANSWER_WITHIN_MS)
        try:
            return _ask_roles(admin)
        finally:
            admin.close()
    except KafkaError as error:
        away["kafka"] = f"{kafka.servers}: {error}"
        return ()


def _ask_roles(admin: Any) -> tuple[RoleStatus, ...]:
    """Raises KafkaError."""
    from kafka import TopicPartition
    from kafka.admin import OffsetSpec

    found = {topic["name"]: topic["partitions"] for topic in admin.describe_topics(list(TOPICS))}
    every = [TopicPartition(topic, part["partition_index"]) for topic, parts in found.items() for part in parts]
    begins = admin.list_partition_offsets(dict.fromkeys(every, OffsetSpec.EARLIEST))
    ends = admin.list_partition_offsets(dict.fromkeys(every, OffsetSpec.LATEST))
    roles = []
    for role, (group, topics) in READS.items():
        committed = admin.list_group_offsets(group).get(group, {})
        members = admin.describe_groups([group])[group]["members"]
        lags = []
        for topic in topics:
            mine = [tp for tp in every if tp.topic == topic]
            end = sum(ends[tp].offset for tp in mine)
            resume = sum(max(begins[tp].offset, committed[tp].offset if tp in committed else 0) for tp in mine)
            lags.append(Lag(topic, len(mine), end, resume, end - resume))
        roles.append(RoleStatus(role, len(members), sum(lag.lag for lag in lags), tuple(lags)))
    return tuple(roles)


def _breakers(listen: str) -> dict[str, bool] | None:
    """Whether they are open, by destination; None: no emit answers."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        with urlopen(local_url(listen, "/metrics"), timeout=_PATIENCE) as answer:  # noqa: S310 - an address of ours
            families = list(text_string_to_metric_families(answer.read().decode()))
    except (OSError, HTTPException, ValueError):
        return None
    samples = [sample for family in families if family.name == _BREAKER for sample in family.samples]
    return {sample.labels["destination"]: bool(sample.value) for sample in sorted(samples, key=str)}


class _Tables(NamedTuple):
    """What ClickHouse says."""

    standings: list[Standing]
    answered: list[dict[str, Any]]
    newest: dict[str, float]


def _tables(dsn: str, away: dict[str, str]) -> _Tables:
    """How deliveries stand, what was answered in the last hour, and how old the newest rows are."""
    from clickhouse_connect.driver.exceptions import Error as ClickHouseError

    from sql.connect import address, connect
    from sql.statements import statement

    why = nobody_listens(address(dsn))
    if why:
        away["clickhouse"] = why
        return _Tables([], [], {})
    try:
        client = connect(dsn, connect_timeout=_PATIENCE, send_receive_timeout=30)
        try:
            now_ms = time.time_ns() // 1_000_000
            standings = [Standing(*row) for row in client.query(statement("deliveries_standing")).result_rows]
            hour, days = {"since": now_ms - _HOUR_MS}, {"since": now_ms - 7 * _DAY_MS}
            answered = client.query(statement("dashboard_destinations"), parameters=hour).named_results()
            (newest,) = client.query(statement("dashboard_newest"), parameters=days).named_results()
            return _Tables(standings, list(answered), ages(newest, now_ms / 1000))
        finally:
            client.close()
    except (ClickHouseError, OSError) as error:
        away["clickhouse"] = f"{address(dsn)}: {str(error).splitlines()[0]}"
        return _Tables([], [], {})


def ages(newest: Mapping[str, datetime], now: float) -> dict[str, float]:
    """Seconds from each moment to now (seconds since 1970); ClickHouse says 1970 where there is none."""
    moments = {word: at.timestamp() for word, at in newest.items()}
    return {word: round(max(0.0, now - at), 1) for word, at in moments.items() if at > 0}
