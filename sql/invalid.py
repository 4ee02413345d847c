"""Input that could not be used, as the table has it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sql.statements import statement

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PAGE = 500


def find(client: "Client", code: str, network: str, since: int) -> Iterator[list[tuple[Any, ...]]]:
    """Pages of requests with this code, received from the millisecond `since` on; of no network those of all."""
    seen_ms, seen_id = -1, ""
    while True:
        parameters = {"code": code, "network": network, "since": since, "most": PAGE}
        asked = client.query(statement("invalid_found"), parameters | {"seen_ms": seen_ms, "seen_id": seen_id})
        rows = [tuple(row) for row in asked.result_rows]
        if not rows:
            return
        yield rows
        seen_id, seen_ms = rows[-1][0], rows[-1][1]
