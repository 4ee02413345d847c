"""Connections to ClickHouse. A DSN may hold a password: what is shown or logged is `address` alone."""

from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client

DATABASE = "clickjoin"
_PORTS = {"http": 8123, "https": 8443}


def address(dsn: str) -> str:
    """host:port of a DSN, without user and password."""
    parts = urlsplit(dsn)
    return f"{parts.hostname}:{parts.port or _PORTS.get(parts.scheme, 8123)}"


def database_of(dsn: str) -> str:
    """The database in the path of a DSN, `clickjoin` where it names none."""
    return urlsplit(dsn).path.strip("/") or DATABASE


def connect(dsn: str, **options: Any) -> Client:
    """A client for questions. Raises clickhouse_connect.driver.exceptions.Error where nobody answers."""
    return clickhouse_connect.get_client(**_arguments(dsn), **options)


async def connect_async(dsn: str, **options: Any) -> AsyncClient:
    """The same for asyncio; requests of one client may run side by side."""
    return await clickhouse_connect.get_async_client(**_arguments(dsn), **options)


def _arguments(dsn: str) -> dict[str, Any]:
    scheme = urlsplit(dsn).scheme
    if scheme not in _PORTS:
        raise ValueError(f"a ClickHouse URL starts with http:// or https://, not {scheme or 'nothing'}://")
    # A session would let only one request at a time through.
    return {
        "dsn": dsn,
        "interface": scheme,
        "database": database_of(dsn),
        "autogenerate_session_id": False,
        "tz_mode": "aware",
    }
