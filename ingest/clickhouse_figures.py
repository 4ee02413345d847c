"""ClickHouse as smart links need it: asked in the background, never for a click."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from ingest.learner import AwayError, Row
from sql import routing

if TYPE_CHECKING:
    from clickhouse_connect.driver.asyncclient import AsyncClient


class ClickHouseFigures:
    """Asks one server."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._client: AsyncClient | None = None

    async def used(self, campaign: str, since: int) -> Sequence[Row]:
        """As ingest.learner.Asker says."""
        return await self._ask(lambda client: routing.used(client, campaign, since))

    async def clicks(self, campaign: str, segments: Sequence[str], since: int, now: int) -> Sequence[Row]:
        """As ingest.learner.Asker says."""
        return await self._ask(lambda client: routing.clicks(client, campaign, segments, since, now))

    async def earned(
        self, campaign: str, segments: Sequence[str], since: int, now: int, event: str, currency: str
    ) -> Sequence[Row]:
        """As ingest.learner.Asker says."""
        return await self._ask(lambda client: routing.earned(client, campaign, segments, since, now, event, currency))

    async def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _ask(self, question: "Callable[[AsyncClient], Awaitable[Sequence[Row]]]") -> Sequence[Row]:
        from clickhouse_connect.driver.exceptions import ClickHouseError  # only where there are smart links

        from sql.connect import connect_async

        try:
            if self._client is None:
                self._client = await connect_async(self._dsn, connect_timeout=10)
            return await question(self._client)
        except (ClickHouseError, OSError) as error:  # a TimeoutError is an OSError
            raise AwayError((str(error) or type(error).__name__).splitlines()[0]) from error
