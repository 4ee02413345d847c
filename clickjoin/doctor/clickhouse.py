"""The doctor asks ClickHouse."""

import time
from urllib.parse import urlsplit, urlunsplit

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from clickjoin.doctor.facts import ClickHouseFacts
from clickjoin.doctor.kafka import ahead_of
from sql.connect import connect, database_of
from sql.migrate import standing

_PATIENCE, _QUERY_SECONDS = 5, 30
_NOT_MIGRATED = (60, 81)  # no such table, database
_CLOCK = "SELECT toUnixTimestamp64Milli(now64(3))"
_DISK = (
    "SELECT free_space, total_space FROM system.disks WHERE total_space > 0 ORDER BY free_space / total_space LIMIT 1"
)
_NEWEST = """
SELECT click_id FROM {database:Identifier}.clicks
WHERE clicked_at >= now() - INTERVAL 30 DAY AND NOT position(click_id, ':') AND origin = ''
ORDER BY clicked_at DESC LIMIT 1
"""


def ask_clickhouse(dsn: str) -> ClickHouseFacts:
    """Raises clickhouse_connect's Error, MigrationError or OSError where it does not answer."""
    migrations = standing(dsn)
    server = urlunsplit(urlsplit(dsn)._replace(path="/default"))  # the database may not be there yet
    client = connect(server, connect_timeout=_PATIENCE, send_receive_timeout=_QUERY_SECONDS)
    try:
        began = time.time()
        at = int(client.query(_CLOCK).result_rows[0][0]) / 1000
        ahead = ahead_of(at, began, time.time())
        disks = client.query(_DISK).result_rows or [(0, 0)]
        return ClickHouseFacts(*migrations, ahead, int(disks[0][0]), int(disks[0][1]), _newest(client, dsn))
    finally:
        client.close()


def _newest(client: Client, dsn: str) -> str:
    try:
        rows = client.query(_NEWEST, parameters={"database": database_of(dsn)}).result_rows
    except DatabaseError as error:
        if error.code in _NOT_MIGRATED:
            return ""
        raise
    return str(rows[0][0]) if rows else ""
