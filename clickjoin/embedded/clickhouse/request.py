"""Pure. One HTTP request, read into what it asks for: query, parameters, settings, session, who asks."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from clickjoin.embedded.clickhouse.errors import (
    AUTHENTICATION_FAILED,
    BAD_ARGUMENTS,
    INVALID_SESSION_TIMEOUT,
    NOT_IMPLEMENTED,
    error,
)
from clickjoin.embedded.clickhouse.settings import TRANSPORT, checked_name

SESSION_SECONDS = 60  # how long an idle session is kept unless the client says otherwise
LONGEST_SESSION_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Request:
    """What one request asks for. `settings` are of this query alone; `params` are bound by the engine."""

    query: bytes
    params: Mapping[str, str]
    settings: Mapping[str, str]
    database: str
    default_format: str
    user: str
    password: str
    session_id: str
    session_seconds: float
    session_must_exist: bool
    session_ends: bool
    encoding: str  # Content-Encoding of the answer, "" for none
    wait_for_end: bool


def parse_target(target: str) -> tuple[str, dict[str, str]]:
    """Path and parameters of a request's target; of a parameter given twice the last counts."""
    url = urlsplit(target)
    pairs = parse_qsl(url.query, keep_blank_values=True, errors="surrogateescape", max_num_fields=10_000)
    return url.path, dict(pairs)


def parse(fields: Mapping[str, str], headers: Mapping[str, str]) -> Request:
    """Read a request for `/`. `headers` answers to names in any case. Raises `ClickHouseError`."""
    _refuse_block_framing(fields)
    user, password = _credentials(fields, headers)
    return Request(
        query=fields.get("query", "").encode("utf-8", "surrogateescape"),
        params={checked_name(k[6:]): v for k, v in fields.items() if k.startswith("param_")},
        settings={checked_name(k): v for k, v in fields.items() if k not in TRANSPORT and not k.startswith("param_")},
        database=fields.get("database") or headers.get("X-ClickHouse-Database", ""),
        default_format=fields.get("default_format") or headers.get("X-ClickHouse-Format", "") or "TabSeparated",
        user=user,
        password=password,
        session_id=fields.get("session_id", ""),
        session_seconds=_session_seconds(fields.get("session_timeout", "")),
        session_must_exist=fields.get("session_check") == "1",
        session_ends=fields.get("close_session") == "1",
        encoding=_answer_encoding(fields, headers),
        wait_for_end=fields.get("wait_end_of_query") == "1",
    )


def _refuse_block_framing(fields: Mapping[str, str]) -> None:
    for name in ("compress", "decompress"):
        if fields.get(name, "0") not in ("0", "false", ""):
            raise error(
                NOT_IMPLEMENTED,
                "NOT_IMPLEMENTED",
                f"{name}=1 (ClickHouse's own block framing) is not supported here; "
                "use Content-Encoding and Accept-Encoding with lz4, zstd or gzip",
            )


def _credentials(fields: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise error(
                AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", "The Authorization header is no Basic header"
            ) from None
        return user or "default", password
    user = headers.get("X-ClickHouse-User") or fields.get("user") or "default"
    return user, headers.get("X-ClickHouse-Key") or fields.get("password", "")


def _session_seconds(said: str) -> float:
    if not said:
        return SESSION_SECONDS
    if not said.isascii() or not said.isdecimal():
        raise error(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"session_timeout must be whole seconds, not {said!r}")
    if int(said) > LONGEST_SESSION_SECONDS:
        raise error(
            INVALID_SESSION_TIMEOUT,
            "INVALID_SESSION_TIMEOUT",
            f"Session timeout {said} is larger than max_session_timeout: {LONGEST_SESSION_SECONDS}",
        )
    return int(said)


def _answer_encoding(fields: Mapping[str, str], headers: Mapping[str, str]) -> str:
    if fields.get("enable_http_compression") not in ("1", "true"):
        return ""
    accepted = {part.split(";")[0].strip().lower() for part in headers.get("Accept-Encoding", "").split(",")}
    return next((known for known in ("lz4", "zstd", "gzip", "deflate") if known in accepted), "")
