"""Source postbacks, as the table `deliveries` has them."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sql.statements import statement

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_END = 9_000_000_000_000  # milliseconds: 2255
_CLOCKS_DIFFER = 600_000  # milliseconds, at most


@dataclass(frozen=True)
class Wanted:
    """Which deliveries are asked for. What is empty asks for nothing; times are milliseconds of the last step."""

    ids: tuple[str, ...] = ()
    destination: str = ""
    states: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    event: str = ""
    click_id: str = ""
    since: int = 0
    until: int = _END
    most: int = 100

    @property
    def is_anything(self) -> bool:
        """Whether it asks for everything there is."""
        return replace(self, most=0) == Wanted(most=0)


class Found(NamedTuple):
    """The last step of a delivery. Secrets in its URL are masked."""

    delivery_id: str
    destination: str
    event: str
    click_id: str
    state: str
    attempt: int
    code: int
    reason: str
    attempted_at: datetime
    next_attempt_at: datetime | None
    url: str
    version: int  # says at which offset of `deliveries` the step lies: schemas.versions


def find(client: "Client", wanted: Wanted) -> list[Found]:
    """The deliveries that match, the one with the newest step first."""
    parameters = {name: list(each) if isinstance(each, tuple) else each for name, each in asdict(wanted).items()}
    return [Found(*row) for row in client.query(statement("deliveries_found"), parameters).result_rows]


def newest(client: "Client", wanted: Wanted, recent: int) -> list[Found]:
    """The same, where most likely as many as are wanted had their last step since `recent`: older ones are read only
    where that is not so. Ten minutes more are read for clocks that differ."""
    some = find(client, replace(wanted, since=max(wanted.since, recent - _CLOCKS_DIFFER)))
    if len(some) == wanted.most and some[-1].attempted_at.timestamp() * 1000 >= recent:
        return some
    return find(client, wanted)


def steps(client: "Client", delivery_id: str) -> list[dict[str, Any]]:
    """Every step of a delivery, in the order they were taken. Rows are columns by name."""
    return list(client.query(statement("deliveries_steps"), {"delivery_id": delivery_id}).named_results())
