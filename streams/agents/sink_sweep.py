"""What was to be forgotten stays away: rows of such clicks that come into the tables again are erased again.

A source may record its click a second time, a spool may drain late, an old log may be read once more: none of the
sink's partitions knows of all requests, but the table `forgotten` does.
"""

import asyncio

import structlog
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from sql.connect import connect
from sql.erasure import sweep

log = structlog.get_logger(__name__)

EVERY = 60.0  # seconds


async def sweep_for_ever(dsn: str, every: float = EVERY) -> None:
    """Until cancelled. While ClickHouse is away there is nothing to do."""
    while True:
        await asyncio.sleep(every)
        try:
            if clicks := await asyncio.to_thread(_sweep, dsn):
                log.info("forgotten_again", clicks=clicks)
        except (ClickHouseError, HTTPError, OSError) as error:
            log.debug("not_swept", error=str(error).partition("\n")[0])
        except Exception:  # a bug of ours must not end the sweeping
            log.exception("sweep_failed")


def _sweep(dsn: str) -> int:
    client = connect(dsn, connect_timeout=10)
    try:
        return sweep(client)
    finally:
        client.close()
