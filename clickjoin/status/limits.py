"""When `clickjoin status` says that something is wrong, for cron and for people at night. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from clickjoin.status.overall import Status


class Limits(NamedTuple):
    """What is still well; documented in docs/operations.md."""

    lag: int = 100_000  # records of a role
    spooled: int = 10_000  # records on ingest's disk
    age: float | None = None  # seconds since the newest click or postback in ClickHouse came; None: it may be quiet


def beyond(status: Status, limits: Limits) -> Iterator[str]:
    """What is not well, a sentence each."""
    yield from (f"{name}: {why}" for name, why in status.away.items())
    if not status.ingest_ready and "ingest" not in status.away:
        yield "ingest is not ready"
    if status.spooled > limits.spooled:
        yield f"{status.spooled} records are spooled, more than {limits.spooled}"
    for role in status.roles:
        if not role.workers:
            yield f"no {role.role} is running"
        if role.lag > limits.lag:
            yield f"{role.role} is {role.lag} records behind, more than {limits.lag}"
    if limits.age is not None and "clickhouse" not in status.away:
        age = status.freshness
        if age is None:
            yield "there is no click and no postback of the last days in ClickHouse"
        elif age > limits.age:
            yield f"the newest click or postback in ClickHouse is {age:.0f} s old, more than {limits.age:.0f}"
