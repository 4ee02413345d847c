"""Pure. What stands in a request's URL beside the query, and how it is written as SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping

from clickjoin.embedded.clickhouse.errors import UNKNOWN_SETTING, error

# Parameters of the HTTP interface itself; every other one is a setting of the query.
TRANSPORT = frozenset(
    {
        "query",
        "database",
        "default_format",
        "user",
        "password",
        "session_id",
        "session_timeout",
        "session_check",
        "close_session",
        "query_id",
        "quota_key",
        "role",
        "compress",
        "decompress",
        "wait_end_of_query",
        "buffer_size",
        "client_protocol_version",
        "stacktrace",
        "enable_http_compression",
        "http_zlib_compression_level",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "add_http_cors_header",
    }
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STRING_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\b": "\\b", "\f": "\\f"}
)


def quote_string(value: str) -> str:
    """A SQL string literal that reads back as exactly `value`."""
    return f"'{value.translate(_STRING_ESCAPES)}'"


def quote_identifier(name: str) -> str:
    """A quoted SQL identifier that reads back as exactly `name`."""
    return "`" + name.translate(_STRING_ESCAPES).replace("`", "\\`") + "`"


def checked_name(name: str) -> str:
    """`name` itself if it can be the name of a setting or parameter, else ClickHouse's error 115."""
    if not _NAME.fullmatch(name):
        raise error(UNKNOWN_SETTING, "UNKNOWN_SETTING", f"Unknown setting {name!r}")
    return name


def set_statement(settings: Mapping[str, str]) -> str:
    """One `SET a = '1', b = '2'`. Raises `ClickHouseError` 115 for what cannot be a setting's name."""
    return "SET " + ", ".join(f"{checked_name(name)} = {quote_string(value)}" for name, value in settings.items())


def get_statement(names: list[str]) -> str:
    """Reads the present values of these settings, as one row of strings."""
    return "SELECT " + ", ".join(f"toString(getSetting({quote_string(checked_name(n))}))" for n in names)
