"""ClickHouse as the join needs it: what the tables know of clicks, many in one go."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.id_day import id_day
from schemas.records import Facts
from sql.connect import address, connect_async
from sql.statements import statement
from streams.adapters.clickhouse import AwayError
from streams.facts import Row, facts_of
from streams.join.state import MAX_DECIDED


class FactsReader:
    """Asks one server."""

    def __init__(self, dsn: str, *, timeout: float = 30.0) -> None:
        """`timeout`: seconds for one call of `read`, connecting included."""
        self._dsn, self._timeout = dsn, timeout
        self._client: AsyncClient | None = None

    @property
    def address(self) -> str:
        """Where the server is, without user and password."""
        return address(self._dsn)

    async def read(self, click_ids: Sequence[str]) -> dict[str, Facts]:
        """What is known of those of the clicks that are there. Raises AwayError where that cannot be told now."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._read(click_ids)
        except (ClickHouseError, OSError) as error:  # a TimeoutError is an OSError
            raise AwayError((str(error) or type(error).__name__).splitlines()[0]) from error

    async def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _read(self, click_ids: Sequence[str]) -> dict[str, Facts]:
        days = sorted({date.fromisoformat(id_day(click_id)) for click_id in click_ids})
        asked = {"click_ids": list(click_ids), "days": days, "most": MAX_DECIDED}
        # In this order: the sink writes conversions before postbacks, so what the first says is in the later ones.
        decided = await self._rows("facts_decided", asked)
        said_again = await self._rows("facts_said_again", asked)
        conversions = await self._rows("facts_conversions", asked)
        clicks = await self._rows("facts_clicks", asked)
        # last: what was erased meanwhile must not look as if it had never been
        return facts_of(decided, said_again, conversions, clicks, await self._rows("facts_forgotten", asked))

    async def _rows(self, query: str, parameters: dict[str, Any]) -> list[Row]:
        if self._client is None:
            self._client = await connect_async(self._dsn, connect_timeout=10)
        return list((await self._client.query(statement(query), parameters)).named_results())
