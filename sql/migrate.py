"""Brings ClickHouse to the schema of `migrations/*.sql`. The files serve one node and a cluster."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import as_file, files
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error as ClickHouseError
from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster
from clickhouse_migrations.exceptions import MigrationException
from clickhouse_migrations.migration import MigrationStorage
from clickhouse_migrations.migrator import STATUS_MD5_MISMATCH, STATUS_PENDING, STATUS_UNKNOWN
from clickhouse_migrations.substitution import substitute

from sql.connect import address, connect, database_of
from sql.retention import changes

SINGLE_NODE = {"LOCAL": "", "ON_CLUSTER": "", "REPLICATED": "", "CLUSTER": "", "CLUSTER_ONLY": "-- "}
"""What the placeholders in the files stand for where there is one node."""
_DIFFERENT = (STATUS_PENDING, STATUS_MD5_MISMATCH, STATUS_UNKNOWN)
Days = Mapping[str, int | None]
_ENGINES = "SELECT name, engine_full FROM system.tables WHERE database = {database:String}"
_CONNECT_SECONDS, _QUERY_SECONDS = 10, 300


class MigrationError(Exception):
    """The schema could not be brought up to date; the text says where and why."""


class Pending(NamedTuple):
    """A migration that was not applied yet: the name of its file, and the SQL that would run."""

    name: str
    sql: str


def migrate(dsn: str, kept: Days | None = None) -> list[str]:
    """Create the database where it is missing and apply what is pending. Returns the names of what was applied now.

    kept: the days for which each table keeps its rows; None leaves that as it is. Running it again applies nothing.
    Raises MigrationError where ClickHouse is away or refuses, or where a file that was applied before has changed.
    """
    with as_file(files("sql") / "migrations") as folder:
        names = MigrationStorage(folder).migration_filenames()
        with _at(dsn) as cluster:
            applied = cluster.migrate(database_of(dsn), folder, variables=SINGLE_NODE)
    retained = _retention(dsn, kept) if kept else []
    if retained:
        with _asked(dsn) as client:
            for change in retained:
                client.command(change.sql)
    return [*(names[migration.version] for migration in applied), *(change.name for change in retained)]


def plan(dsn: str, kept: Days | None = None) -> list[Pending]:
    """What `migrate` would apply now. Changes nothing, not even where there is no database. Raises MigrationError."""
    with as_file(files("sql") / "migrations") as folder:
        storage = MigrationStorage(folder)
        names = storage.migration_filenames()
        with _at(dsn) as cluster:
            found = cluster.status(database_of(dsn), folder)
            if changed := [names[row.version] for row in found if row.state == STATUS_MD5_MISMATCH]:
                raise MigrationException(f"{', '.join(changed)} was applied before and has changed since")
        pending = {row.version for row in found if row.state == STATUS_PENDING}
        files_pending = [
            Pending(names[one.version], substitute(one.script, SINGLE_NODE, names[one.version]))
            for one in storage.migrations()
            if one.version in pending
        ]
    return files_pending + (_retention(dsn, kept) if kept else [])


def _retention(dsn: str, kept: Days) -> list[Pending]:
    """What has to change for the tables to keep rows so long. Changes nothing."""
    anywhere = urlunsplit(urlsplit(dsn)._replace(path="/default"))  # ours may not be there yet
    with _asked(anywhere) as client:
        found = client.query(_ENGINES, {"database": database_of(dsn)}).result_rows
        engines = {str(name): str(engine) for name, engine in found}
    return [Pending(f"retention of {table}", sql) for table, sql in changes(engines, kept).items()]


@contextmanager
def _asked(dsn: str) -> Iterator[Client]:
    try:
        client = connect(dsn, connect_timeout=_CONNECT_SECONDS, send_receive_timeout=_QUERY_SECONDS)
        try:
            yield client
        finally:
            client.close()
    except (ClickHouseError, OSError) as error:
        raise _failed(dsn, error) from error


def _failed(dsn: str, error: Exception) -> MigrationError:
    return MigrationError(f"ClickHouse at {address(dsn)}: {str(error).splitlines()[0]}")


class Standing(NamedTuple):
    """How the tables differ from this release's files."""

    pending: tuple[str, ...]  # names of the files that were not applied
    changed: tuple[str, ...]  # of those that were, and have changed since
    unknown: tuple[int, ...]  # numbers that were applied and are no files here


def standing(dsn: str) -> Standing:
    """Compare them. Changes nothing. Raises MigrationError."""
    with as_file(files("sql") / "migrations") as folder:
        names = MigrationStorage(folder).migration_filenames()
        with _at(dsn) as cluster:
            found = cluster.status(database_of(dsn), folder)
    by_state = {state: [row.version for row in found if row.state == state] for state in _DIFFERENT}
    return Standing(
        tuple(names[version] for version in by_state[STATUS_PENDING]),
        tuple(names[version] for version in by_state[STATUS_MD5_MISMATCH]),
        tuple(map(int, by_state[STATUS_UNKNOWN])),
    )


@contextmanager
def _at(dsn: str) -> Iterator[ClickhouseCluster]:
    try:
        yield ClickhouseCluster(
            db_url=dsn,
            driver="clickhouse-connect",
            connect_timeout=_CONNECT_SECONDS,
            query_timeout=_QUERY_SECONDS,
        )
    except (MigrationException, ClickHouseError, OSError) as error:
        raise _failed(dsn, error) from error
