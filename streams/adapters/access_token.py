"""Access tokens that live for an hour: got when they are needed, once for all who wait, and put on each request."""

import time
from collections.abc import Callable

import msgspec

from schemas.requests import Request, Terms
from streams.adapters.http import HttpClient
from streams.emit.retry import Answer

RENEWED_BEFORE = 60.0
"""Seconds before its end for which a token is not used any more."""
_LONGEST = 86_400.0
_UNAUTHORIZED = 401

Waiting = tuple[Request, Callable[[Answer], None], Terms | None]


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = 3600


class AccessToken:
    """An HttpClient (streams.adapters.http) whose requests carry a bearer token, which `request` answers with.

    A request for which no token is to be had is answered with the problem `no_access_token`. A token with which a
    request was answered 401 is not used again.
    """

    def __init__(self, http: HttpClient, request: Request, clock: Callable[[], float] = time.monotonic) -> None:
        self._http, self.request, self._clock = http, request, clock
        self._token, self._until = "", 0.0
        self._waiting: list[Waiting] = []

    def send(self, request: Request, done: Callable[[Answer], None], terms: Terms | None = None) -> None:
        """Start a request, perhaps after one for a token; see HttpClient."""
        if self._token and self._clock() < self._until:
            self._send(request, done, terms)
            return
        self._waiting.append((request, done, terms))
        if len(self._waiting) == 1:
            self._http.send(self.request, self._granted, terms)

    def close(self) -> None:
        """Nothing is held open."""

    def _send(self, request: Request, done: Callable[[Answer], None], terms: Terms | None) -> None:
        token = self._token

        def answered(answer: Answer) -> None:
            if answer.code == _UNAUTHORIZED and self._token == token:
                self._token = ""
            done(answer)

        headers = {**request.headers, "Authorization": f"Bearer {token}"}
        self._http.send(msgspec.structs.replace(request, headers=headers), answered, terms)

    def _granted(self, answer: Answer) -> None:
        waiting, self._waiting = self._waiting, []
        problem = self._take(answer)
        for request, done, terms in waiting:
            if problem:
                done(Answer(0, "no_access_token", answer.took_ms, 0, problem))
            else:
                self._send(request, done, terms)

    def _take(self, answer: Answer) -> str:
        """Keep the token that was answered; or say why there is none, in words that hold nothing of the answer."""
        if not 200 <= answer.code < 300:
            return answer.reason
        try:
            granted = msgspec.json.decode(answer.body, type=_Granted)
        except msgspec.DecodeError:
            return "the answer is no token"
        if not (granted.access_token.isascii() and granted.access_token.isprintable()):
            return "the answer is no token"
        self._token = granted.access_token
        self._until = self._clock() + min(granted.expires_in, _LONGEST) - RENEWED_BEFORE
        return ""
