"""What somebody should look at, and where: rules over what is known of the last hour. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from dashboard.cells import count, share, span

Rows = Sequence[Mapping[str, Any]]
Weight = Literal["bad", "warn", "good"]

QUIET_FROM = 20
"""Postbacks in the time looked at, from which on a network's silence says something."""
_QUIET_SHARE = 10  # so many times its usual pause
_QUIET_LEAST = 3600.0  # seconds
_REFUSED_WARN, _REFUSED_BAD = 0.1, 0.5
_LAG_WARN, _LAG_BAD = 5_000, 100_000


@dataclass(frozen=True)
class Finding:
    """Something that needs attention: what, in a sentence, and the page that tells more."""

    weight: Weight
    what: str
    page: str = ""


def of_networks(rows: Rows, now: datetime) -> list[Finding]:
    """Networks that used to send postbacks and no longer do."""
    found = []
    for row in rows:
        silent = (now - row["last_at"]).total_seconds()
        between = (row["last_at"] - row["first_at"]).total_seconds() / max(1, row["postbacks"] - 1)
        if row["postbacks"] >= QUIET_FROM and silent > max(_QUIET_LEAST, _QUIET_SHARE * between):
            what = f"{row['network']} has been quiet for {span(silent)}; usually it sends one every {span(between)}."
            found.append(Finding("warn", what))
    return found


def of_invalid(rows: Rows) -> list[Finding]:
    """Input of the last hour that could not be used."""
    times = sum(row["times"] for row in rows)
    if not times:
        return []
    first = rows[0]
    who = f" from {first['sender']}" if first["sender"] else ""
    most = f"{first['kind']}s{who}: {first['code']}"
    return [Finding("warn", f"{count(times)} requests of the last hour could not be used, most {most}.", "/invalid")]


def of_destinations(rows: Rows) -> list[Finding]:
    """Sources that refuse what they are told."""
    found = []
    for row in rows:
        refused = row["refused"] / row["attempts"]
        if refused >= _REFUSED_WARN:
            what = (
                f"{row['destination']} refused {share(refused)} of {count(row['attempts'])} attempts of the last hour"
            )
            why = f": {row['example']}." if row["example"] else "."
            page = f"/deliveries?destination={quote(row['destination'], safe='')}"
            found.append(Finding("bad" if refused >= _REFUSED_BAD else "warn", what + why, page))
    return found


def of_status(status: Mapping[str, Any]) -> list[Finding]:
    """What does not answer, and who is behind."""
    found = [Finding("bad", f"{name}: {why}") for name, why in status["away"].items()]
    if not status["ingest_ready"] and "ingest" not in status["away"]:
        found.append(Finding("bad", "ingest is not ready: clicks and postbacks are refused."))
    if status["spooled"]:
        found.append(
            Finding("warn", f"{count(status['spooled'])} records are on ingest's disk until Kafka takes them.")
        )
    return [*found, *of_breakers(status), *_lags(status["roles"])]


def of_breakers(status: Mapping[str, Any]) -> list[Finding]:
    """Destinations that do not answer, and are left alone for a while."""
    return [
        Finding(
            "bad",
            f"{name} does not answer, and is left alone for a while: what it is to be told waits.",
            f"/deliveries?destination={quote(name, safe='')}",
        )
        for name in status.get("breakers_open") or ()
    ]


def _lags(roles: Mapping[str, Any]) -> Iterator[Finding]:
    for name, role in roles.items():
        if not role["workers"]:
            yield Finding("bad", f"No {name} is running.")
        elif role["lag"] >= _LAG_WARN:
            weight: Weight = "bad" if role["lag"] >= _LAG_BAD else "warn"
            yield Finding(weight, f"{name} is {count(role['lag'])} records behind.")


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """What is bad before what may become so; that all is well where there is nothing."""
    order = ("bad", "warn", "good")
    return sorted(findings, key=lambda one: order.index(one.weight)) or [Finding("good", "Nothing needs attention.")]
