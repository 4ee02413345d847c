"""Answers of any size in one of ClickHouse's own formats, as bytes that arrive."""

from collections.abc import Iterator, Mapping
from typing import Any

from clickhouse_connect.driver.client import Client

_PIECE = 1 << 16
_SETTINGS = {"format_csv_null_representation": ""}


def stream(client: Client, text: str, parameters: Mapping[str, Any], form: str) -> Iterator[bytes]:
    """The answer to a statement in the format `form`. Raises urllib3's HTTPError where it breaks off."""
    with client.raw_stream(text, dict(parameters), _SETTINGS, fmt=form) as answer:
        while piece := answer.read(_PIECE):
            yield piece
