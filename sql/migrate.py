"""Brings ClickHouse to the schema of `migrations/*.sql`. The files serve one node and a cluster."""

from importlib.resources import as_file, files

from clickhouse_connect.driver.exceptions import Error as ClickHouseError
from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster
from clickhouse_migrations.exceptions import MigrationException
from clickhouse_migrations.migration import MigrationStorage

from sql.connect import address, database_of

SINGLE_NODE = {"LOCAL": "", "ON_CLUSTER": "", "REPLICATED": "", "CLUSTER": "", "CLUSTER_ONLY": "-- "}
"""What the placeholders in the files stand for where there is one node."""
_CONNECT_SECONDS, _QUERY_SECONDS = 10, 300


class MigrationError(Exception):
    """The schema could not be brought up to date; the text says where and why."""


def migrate(dsn: str) -> list[str]:
    """Create the database where it is missing and apply what is pending. Returns the names of the files applied now.

    Running it again applies nothing. Raises MigrationError where ClickHouse is away or refuses, or where a file that
    was applied before has changed since.
    """
    with as_file(files("sql") / "migrations") as folder:
        names = MigrationStorage(folder).migration_filenames()
        try:
            cluster = ClickhouseCluster(
                db_url=dsn,
                driver="clickhouse-connect",
                connect_timeout=_CONNECT_SECONDS,
                query_timeout=_QUERY_SECONDS,
            )
            applied = cluster.migrate(database_of(dsn), folder, variables=SINGLE_NODE)
        except (MigrationException, ClickHouseError, OSError) as error:
            raise MigrationError(f"ClickHouse at {address(dsn)}: {str(error).splitlines()[0]}") from error
    return [names[migration.version] for migration in applied]
