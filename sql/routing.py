"""What the choice of offers goes by, as the tables have it."""

from collections.abc import Sequence
from string import Template
from typing import TYPE_CHECKING, Any

from sql.reports.dimensions import OF_CLICK
from sql.statements import statement

if TYPE_CHECKING:
    from clickhouse_connect.driver.asyncclient import AsyncClient

Row = Sequence[Any]


async def used(client: "AsyncClient", campaign: str, since: int) -> Sequence[Row]:
    """(offer, event, how many) since the millisecond; clicks have an empty event."""
    asked = {"campaign": campaign, "since": since}
    return (await client.query(statement("route_used"), asked)).result_rows


async def clicks(client: "AsyncClient", campaign: str, segments: Sequence[str], since: int, now: int) -> Sequence[Row]:
    """(offer, segment, age, how many). Raises ValueError for a segment that is no dimension of a click."""
    asked = {"campaign": campaign, "since": since, "now": now}
    return (await client.query(_text("route_clicks", segments), asked)).result_rows


async def earned(
    client: "AsyncClient", campaign: str, segments: Sequence[str], since: int, now: int, event: str, currency: str
) -> Sequence[Row]:
    """(offer, segment, age, delay, how many, their worth, the sum of its squares). Raises ValueError as above."""
    asked = {"campaign": campaign, "since": since, "now": now, "event": event, "currency": currency}
    return (await client.query(_text("route_earned", segments), asked)).result_rows


def _text(name: str, segments: Sequence[str]) -> str:
    """Names of columns come from a closed list; every value is bound."""
    for one in segments:
        if one not in OF_CLICK:
            raise ValueError(f"no dimension {one!r}")
    return Template(statement(name)).substitute(SEGMENT=", ".join(f"lowerUTF8({one})" for one in segments))
