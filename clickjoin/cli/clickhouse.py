"""ClickHouse, as commands that print a result ask it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clickjoin.cli.options import fail
from schemas.settings.file import Settings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_CONNECT_SECONDS = 5


@contextmanager
def clickhouse(settings: Settings) -> "Iterator[Client]":
    """A client. Exits with 1, naming the address, where ClickHouse does not answer or refuses."""
    from clickhouse_connect.driver.exceptions import Error as ClickHouseError
    from urllib3.exceptions import HTTPError

    from clickjoin.status.overall import nobody_listens
    from sql.connect import address, connect

    dsn = settings.clickhouse.dsn
    why = nobody_listens(address(dsn))
    if why:
        fail(f"ClickHouse: {why}")
    try:
        client = connect(dsn, connect_timeout=_CONNECT_SECONDS)
        try:
            yield client
        finally:
            client.close()
    except (ClickHouseError, HTTPError, OSError) as error:
        fail(f"ClickHouse at {address(dsn)}: {str(error).splitlines()[0]}")
