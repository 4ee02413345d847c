"""Pure. Who may ask what: passwords, read-only users, and pages of other sites that a browser runs."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlsplit

from clickjoin.embedded.clickhouse.errors import (
    ACCESS_DENIED,
    AUTHENTICATION_FAILED,
    ClickHouseError,
    error,
)
from clickjoin.embedded.clickhouse.statement import words

_LOOPBACK = re.compile(r"localhost|.+\.localhost|127(?:\.\d{1,3}){3}|::1")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Table functions that read nothing but their arguments; all others of the engine are refused to read-only users.
_HARMLESS_FUNCTIONS = frozenset(
    {
        "numbers",
        "numbers_mt",
        "zeros",
        "zeros_mt",
        "primes",
        "generateseries",
        "generate_series",
        "generaterandom",
        "values",
        "null",
        "format",
        "view",
    }
)
# Ordinary functions that read the disk or call out.
_HARMFUL_FUNCTIONS = frozenset({"file", "catboostevaluate", "hascolumnintable", "joinget", "joingetornull"})


@dataclass(frozen=True, slots=True)
class User:
    """One who may connect. `settings` apply before the query's own, `limits` after them: they cannot be raised.

    A read-only user may only read, only databases (no files, no other servers), and never the engine's `default`
    database, in which every file of the machine is a table. Hence `database`, where such a user starts.
    """

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}  # where users come from a file

    password: str = field(default="", repr=False)
    readonly: bool = False
    database: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)


def authenticate(users: Mapping[str, User], name: str, password: str) -> User:
    """The user of that name, if the password is right. Raises `ClickHouseError` 516."""
    user = users.get(name)
    expected = user.password if user else ""
    right = hmac.compare_digest(expected.encode(), password.encode("utf-8", "surrogateescape"))
    if user is None or not right:
        raise error(
            AUTHENTICATION_FAILED,
            "AUTHENTICATION_FAILED",
            f"{name}: Authentication failed: password is incorrect, or there is no user with such name",
        )
    return user


def check_browser(host: str | None, origin: str | None) -> None:
    """Refuse what another site's page makes a browser send here. Raises `ClickHouseError` 497.

    The front has no password by default, so a page must reach it neither directly (Origin) nor by a name that was
    made to resolve to this machine (Host).
    """
    for header, value in (("Host", f"//{host}" if host else None), ("Origin", origin)):
        if value and not _LOOPBACK.fullmatch(_hostname(value)):
            raise _denied(f"{header} must be localhost or a loopback address, not {value.removeprefix('//')!r}")


def _hostname(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def check_reader(sql: bytes, params: Mapping[str, str], table_functions: Set[str]) -> None:
    """Refuse a read-only user everything that reads from outside of the databases. Raises `ClickHouseError` 497.

    The engine's own `readonly` stops neither `file()` nor tables that are files. `table_functions`: all the engine
    has, in small letters.
    """
    forbidden = (table_functions - _HARMLESS_FUNCTIONS) | _HARMFUL_FUNCTIONS
    tokens = words(sql)
    for token, following in zip(tokens, [*tokens[1:], b""], strict=True):
        if token[0] > 127:  # the engine reads typographic quotes as quotes
            raise _denied("characters beyond ASCII must stand inside quotes")
        quoted = token[:1] in (b'"', b"`")
        if quoted and b"\\" in token:
            raise _denied("a quoted name must not hold a backslash")
        name = token.strip(b'`"').decode("utf-8", "replace").lower()
        if following == b"(" and name in forbidden:
            raise _denied(f"{name}() is not allowed for this user")
        if following == b"." and name == "default":
            raise _denied("the database default is not open to this user")
    if b"Identifier" in tokens:
        _check_identifiers(params)


def _check_identifiers(params: Mapping[str, str]) -> None:
    for name, value in params.items():
        if not _PLAIN_NAME.fullmatch(value) or value.lower() == "default":
            raise _denied(f"the parameter {name} must be a plain name beside an Identifier, not {value!r}")


def reader_database(asked: str, user: User) -> str:
    """The database a read-only user's query starts in. Raises `ClickHouseError` 497 for `default`."""
    name = asked or user.database or "system"
    if name.lower() == "default":
        raise _denied("the database default is not open to this user")
    return name


def _denied(why: str) -> ClickHouseError:
    return error(ACCESS_DENIED, "ACCESS_DENIED", f"Not enough privileges: {why}")
