"""Who is logged in, in memory: all are out when the process ends. And who guessed wrong."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from dashboard.access import Role, pause_after

COOKIE = "clickjoin_session"
SECONDS = 12 * 3600
_MOST = 10_000
Clock = Callable[[], float]


@dataclass(frozen=True)
class Session:
    """A browser, until it logs out or `ends` (monotonic)."""

    user: str  # empty: there are no users
    role: Role
    token: str  # that its forms must carry
    proof: str  # the hash of the password it came in by: another one ends it
    ends: float
    partner: str = ""  # whose page it may see, and nothing else; empty: it is no partner's


class Sessions:
    """The sessions, by what their cookie says."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, Session] = {}
        self._lock = Lock()

    def begin(self, user: str, role: Role, proof: str = "", partner: str = "") -> tuple[str, Session]:
        """A new session, and the cookie that finds it."""
        cookie = secrets.token_urlsafe(32)
        session = Session(user, role, secrets.token_urlsafe(24), proof, self._clock() + SECONDS, partner)
        with self._lock:
            if len(self._known) >= _MOST:
                self._known = {key: one for key, one in self._known.items() if one.ends > self._clock()}
            while len(self._known) >= _MOST:
                self._known.pop(next(iter(self._known)))
            self._known[cookie] = session
        return cookie, session

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie, while it lasts."""
        with self._lock:
            session = self._known.get(cookie)
        return session if session and session.ends > self._clock() else None

    def end(self, cookie: str) -> None:
        """Log out."""
        with self._lock:
            self._known.pop(cookie, None)


class Failures:
    """Wrong passwords, by user and by address."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[str, tuple[int, float]] = {}  # how many in a row, and when the next try is looked at
        self._lock = Lock()

    def pause(self, *whose: str) -> float:
        """Seconds until the next try of any of these is looked at; 0: now."""
        with self._lock:
            until = max((self._failed[one][1] for one in whose if one in self._failed), default=0.0)
        return max(0.0, until - self._clock())

    def count(self, *whose: str) -> None:
        """One more wrong password."""
        with self._lock:
            for one in whose:
                failures = self._failed.pop(one, (0, 0.0))[0] + 1
                self._failed[one] = (failures, self._clock() + pause_after(failures))
            while len(self._failed) > _MOST:
                self._failed.pop(next(iter(self._failed)))

    def forget(self, *whose: str) -> None:
        """A right one."""
        with self._lock:
            for one in whose:
                self._failed.pop(one, None)
