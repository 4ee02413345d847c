"""Sessions: a connection kept under a client's name, for temporary tables, SET and USE that outlive a request."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from clickjoin.embedded.clickhouse.engine import Connection
from clickjoin.embedded.clickhouse.errors import SESSION_IS_LOCKED, SESSION_NOT_FOUND, error
from clickjoin.embedded.clickhouse.settings import get_statement, quote_identifier, set_statement


@dataclass(slots=True)
class Session:
    """One connection and what a single request laid over it.

    Settings and database in a URL are of that query only, so the session's own values are remembered and put back.
    """

    connection: Connection
    database: str = "default"  # the session's own, set by USE
    expires_at: float = 0.0
    busy: bool = False
    _over: dict[str, str] = field(default_factory=dict)  # settings in force because a URL said so
    _own: dict[str, str | None] = field(default_factory=dict)  # what the session had in their place

    def prepare(self, database: str, settings: Mapping[str, str]) -> None:
        """Lay one query's database and settings over the session's own. Raises `ClickHouseError` 81, 115 and such."""
        self.connection.query(f"USE {quote_identifier(database or self.database)}")
        self._put_back([name for name in self._over if name not in settings])
        changed = {name: value for name, value in settings.items() if self._over.get(name) != value}
        if not changed:
            return
        unknown = [name for name in changed if name not in self._own]
        if unknown:
            answer, _ = self.connection.query(get_statement(unknown), "JSONCompactEachRow")
            self._own.update(zip(unknown, json.loads(answer), strict=True))
        # Noted before they are set: a SET that fails half-way is then undone by the next request.
        self._over.update(changed)
        self.connection.query(set_statement(changed))

    def own_state(self) -> None:
        """Take off everything a URL laid over, so that SET and USE change the session itself."""
        self._put_back(list(self._over))

    def remember_database(self) -> None:
        """After a USE: this is the session's own database from now on."""
        answer, _ = self.connection.query("SELECT currentDatabase()", "TabSeparatedRaw")
        self.database = answer.decode().rstrip("\n")

    def _put_back(self, names: list[str]) -> None:
        for name in names:
            value = self._own.pop(name)
            del self._over[name]
            default = f"SET {name} = DEFAULT"
            self.connection.query(default if value is None else set_statement({name: value}))


class Sessions:
    """All sessions by user and ID. An idle one is closed once its time-out has passed and any session is asked for."""

    def __init__(self, connect: Callable[[], Connection], clock: Callable[[], float] = time.monotonic) -> None:
        self._connect = connect
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], Session] = {}

    @contextmanager
    def borrow(self, user: str, name: str, *, seconds: float, must_exist: bool, then_close: bool) -> Iterator[Session]:
        """The session for one request. Raises `ClickHouseError` 373 if it is in use, 372 if it had to exist already."""
        key = (user, name)
        session = self._take(key, must_exist=must_exist)
        try:
            yield session
        finally:
            with self._lock:
                session.busy = False
                session.expires_at = self._clock() + seconds
                if then_close:
                    self._sessions.pop(key).connection.close()

    def _take(self, key: tuple[str, str], *, must_exist: bool) -> Session:
        with self._lock:
            self._close_expired()
            session = self._sessions.get(key)
            if session is None:
                if must_exist:
                    raise error(SESSION_NOT_FOUND, "SESSION_NOT_FOUND", f"Session {key[1]} not found")
                session = self._sessions[key] = Session(self._connect())
            if session.busy:
                raise error(
                    SESSION_IS_LOCKED,
                    "SESSION_IS_LOCKED",
                    f"Session {key[1]} is locked by a concurrent client",
                )
            session.busy = True
            return session

    def _close_expired(self) -> None:
        now = self._clock()
        for key, session in list(self._sessions.items()):
            if not session.busy and session.expires_at < now:
                self._sessions.pop(key).connection.close()

    def close(self) -> None:
        """Close every session that no request is using."""
        with self._lock:
            for key, session in list(self._sessions.items()):
                if not session.busy:
                    self._sessions.pop(key).connection.close()
