"""Whole tables, as bytes of a file."""

from collections.abc import Iterator

from clickhouse_connect.driver.client import Client

from sql.statements import statement
from sql.stream import stream

MOMENTS = {
    "clicks": "clicked_at",
    "conversions": "occurred_at",
    "postbacks": "received_at",
    "deliveries": "attempted_at",
    "invalid": "received_at",
    "costs": "day",  # its first moment, in UTC
}
"""The tables, and the moment by which each is cut."""
FORMATS = {"csv": "CSVWithNames", "parquet": "Parquet"}


def export(client: Client, table: str, form: str, since: int, until: int) -> Iterator[bytes]:
    """The rows of a table from the millisecond `since` to before `until`, in one of FORMATS.

    Raises KeyError for what is in neither list.
    """
    parameters = {"table": table, "moment": MOMENTS[table], "since": since, "until": until}
    return stream(client, statement("export"), parameters, FORMATS[form])
