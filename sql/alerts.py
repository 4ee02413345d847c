"""What alerts go by, and what they told, as the tables have it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

from sql.reports.dimensions import OF_CLICK
from sql.statements import statement

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Row = Mapping[str, Any]


class Told(NamedTuple):
    """A row of the table `alerts`."""

    alert_id: str
    alert: str
    rule: str
    group_key: str
    figures: str
    says: str
    webhook: str
    told_at: datetime
    version: int


class Times(NamedTuple):
    """Milliseconds: where the time before begins, where it turns into the last time, and where that ends."""

    since: int
    turn: int
    until: int


def approval(client: "Client", by: Sequence[str], where: Mapping[str, str], times: Times) -> list[Row]:
    """Of each group: approved, decided, approved_before, decided_before. Raises ValueError for no dimension."""
    return _asked(client, "alert_approval", by, where, times._asdict())


def step(
    client: "Client", by: Sequence[str], where: Mapping[str, str], times: Times, event: str, within: int
) -> list[Row]:
    """Of each group: reached, clicks, reached_before, clicks_before. Raises ValueError for no dimension."""
    return _asked(client, "alert_step", by, where, {**times._asdict(), "event": event, "within": within})


def last_told(client: "Client") -> dict[tuple[str, str], int]:
    """By alert and group, the milliseconds when it was told for the last time."""
    rows = client.query(statement("alerts_told")).result_rows
    return {(alert, group): round(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * 1000) for alert, group, at in rows}


def keep(client: "Client", told: Sequence[Told]) -> None:
    """Remember what was told."""
    if told:
        client.insert("alerts", [list(one) for one in told], column_names=list(Told._fields))


def _asked(
    client: "Client", name: str, by: Sequence[str], where: Mapping[str, str], asked: Mapping[str, Any]
) -> list[Row]:
    """Names of columns come from a closed list; every value is bound."""
    for one in (*by, *where):
        if one not in OF_CLICK:
            raise ValueError(f"no dimension {one!r}: there are {', '.join(OF_CLICK)}")
    text = Template(statement(name)).substitute(
        GROUPS="".join(f"{one}, " for one in by),
        FILTERS="".join(f" AND {one} = {{filter_{at}:String}}" for at, one in enumerate(where)),
    )
    bound = {**asked, **{f"filter_{at}": value for at, value in enumerate(where.values())}}
    return list(client.query(text, bound).named_results())
