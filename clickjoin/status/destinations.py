"""How each destination stands: what waits for it, and how it answered in the last hour. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from schemas.values import FINAL_STATES


class Standing(NamedTuple):
    """So many deliveries to a destination whose last step says this state."""

    destination: str
    state: str
    deliveries: int
    oldest: datetime  # when the first of them was decided


class Destination(NamedTuple):
    """One destination: a source, a partner, a webhook or a conversion API."""

    breaker: str  # open: it is left alone for a while; closed; empty: not known
    pending: int
    oldest: float | None  # seconds since the oldest pending one was decided; None: none is pending
    attempts: int  # of the last hour, as all below
    delivered: int
    p50_ms: float | None  # until an answer, or the end of waiting for one; None: no attempt
    p95_ms: float | None


def by_state(standings: Iterable[Standing]) -> dict[str, int]:
    """How many deliveries stand in which state, to whomever."""
    found: dict[str, int] = {}
    for one in standings:
        found[one.state] = found.get(one.state, 0) + one.deliveries
    return dict(sorted(found.items()))


def destinations_of(
    standings: Sequence[Standing],
    answered: Iterable[Mapping[str, Any]],
    breakers: Mapping[str, bool] | None,
    now: float,
) -> dict[str, Destination]:
    """All that anything is known of, by name. `answered`: the rows of the last hour (dashboard_destinations).

    `breakers`: whether those that emit knows are open; None: it did not say.
    """
    rows = {str(row["destination"]): row for row in answered}
    names = {one.destination for one in standings} | rows.keys() | (breakers or {}).keys()
    words = {name: "open" if is_open else "closed" for name, is_open in (breakers or {}).items()}
    found = {}
    for name in sorted(names):
        waiting = [one for one in standings if one.destination == name and one.state not in FINAL_STATES]
        oldest = min((one.oldest.timestamp() for one in waiting), default=None)
        row = rows.get(name, {})
        found[name] = Destination(
            breaker=words.get(name, ""),
            pending=sum(one.deliveries for one in waiting),
            oldest=None if oldest is None else round(max(0.0, now - oldest), 1),
            attempts=int(row.get("attempts", 0)),
            delivered=int(row.get("delivered", 0)),
            p50_ms=row.get("p50_ms"),
            p95_ms=row.get("p95_ms"),
        )
    return found
