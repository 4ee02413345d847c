"""Which blow falls when, in an order that a seed gives."""

from random import Random
from typing import NamedTuple

KILLED = "worker killed (-9)"
ROBBED = "worker killed, its disk lost"
ENDED = "worker ended (SIGTERM)"
STOPPED = "worker stopped (SIGSTOP)"
CHANGED = "configuration changed"
SINK = "sink killed (-9)"
EMIT = "emit killed (-9), every other time its disk lost"
KAFKA = "Kafka killed, started again"
AWAY = "ClickHouse killed, away"
FROZEN = "ClickHouse stopped (SIGSTOP)"
WIPED = "events wiped, a new epoch"
KINDS = (KILLED, ROBBED, ENDED, STOPPED, CHANGED, SINK, EMIT, KAFKA, AWAY, FROZEN, WIPED)

_TO_WORKERS = (KILLED, KILLED, ROBBED, ENDED, STOPPED)
_LONGEST_AWAY = 60.0


class Blow(NamedTuple):
    """What falls, and on which worker where it falls on one. Times in seconds from the beginning of the storm."""

    at: float
    kind: str
    worker: int
    length: float  # until what was taken comes back


def plan(random: Random, seconds: float, blows: int, workers: int) -> list[Blow]:
    """So many blows over so many seconds, of every kind but WIPED, which comes when the storm is over.

    Each kind is there at least once. Raises ValueError where that is not possible.
    """
    kinds = [*KINDS[:-1]]
    for kind, every in ((AWAY, 300), (KAFKA, 150), (FROZEN, 200), (CHANGED, 120), (SINK, 150), (EMIT, 75)):
        kinds += [kind] * (int(seconds // every) - 1)
    if len(kinds) > blows:
        raise ValueError(f"{seconds:g} seconds with every kind of blow take more than {blows} blows")
    kinds += [random.choice(_TO_WORKERS) for _ in range(blows - len(kinds))]
    for _ in range(10_000):
        random.shuffle(kinds)
        planned = _timed(random, kinds, seconds, workers)
        if _is_possible(planned, seconds):
            return planned
    raise ValueError(f"ClickHouse cannot be away so often in {seconds:g} seconds")


def _timed(random: Random, kinds: list[str], seconds: float, workers: int) -> list[Blow]:
    pace = seconds / len(kinds)
    return [
        Blow((number + random.random()) * pace, kind, random.randrange(workers), _length(random, kind, seconds))
        for number, kind in enumerate(kinds)
    ]


def _length(random: Random, kind: str, seconds: float) -> float:
    if kind == AWAY:
        return min(_LONGEST_AWAY, seconds / 5)
    if kind == FROZEN:
        return random.uniform(2, min(20.0, seconds / 8))
    if kind == STOPPED:
        return random.uniform(2, 9)  # the group takes a worker for dead after 6
    return random.uniform(0, 2)


def _is_possible(planned: list[Blow], seconds: float) -> bool:
    """Whether ClickHouse is back before it goes again, and before the end."""
    of_clickhouse = [blow for blow in planned if blow.kind in (AWAY, FROZEN)]
    ends = [blow.at + blow.length for blow in of_clickhouse]
    begins = [*(blow.at for blow in of_clickhouse[1:]), seconds]
    return all(end <= begin for end, begin in zip(ends, begins, strict=True))
