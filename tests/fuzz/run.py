"""Sends them over many connections, some of which pipeline, beside others that dawdle; looks at every answer."""

import asyncio
import contextlib
import json
import math
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from time import monotonic

from tests.fuzz.grammar import Request, request

STUCK_SECONDS = 60.0
_ANSWERS = frozenset({200, 302, 400, 401, 403, 404, 405, 408, 413, 414})
_LONGEST_DETAIL = 1000
_HALF_BODY = b"POST /postback/glass HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"
_HALVES = (b"", b"GET /postback/acme?key=", _HALF_BODY)
"""What those send who dawdle: nothing, half a head, half a body."""


@dataclass
class Account:
    """What was sent, and what came back."""

    sent: int = 0
    records: int = 0  # that must be on the topics: one for each object, good or bad
    again: int = 0  # requests sent once more, as their connection broke before the answer: these may lie there twice
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def holds(self, stored: int) -> bool:
        """Whether that many records on the topics are what the answers say."""
        return self.records <= stored <= self.records + self.again


async def fuzz(
    port: int, count: int, seed: int, *, connections: int = 64, dawdlers: int = 30, seconds: float = math.inf
) -> Account:
    """Send so many requests, evenly over the connections, and say what is wrong with the answers.

    seconds: after which no more are sent.
    """
    account, ends = Account(), monotonic() + seconds
    async with contextlib.AsyncExitStack() as stack:
        slow = []
        for number in range(dawdlers):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            writer.write(_HALVES[number % len(_HALVES)])
            if _HALVES[number % len(_HALVES)] == _HALF_BODY:
                slow.append(reader)
        conversations = [Conversation(port, Random(f"{seed}-{number}"), account) for number in range(connections)]
        shares = [count * (number + 1) // connections - count * number // connections for number in range(connections)]
        await asyncio.gather(*(each.run(share, ends) for each, share in zip(conversations, shares, strict=True)))
        for reader in slow:
            await _hear_too_late(reader, account)
    return account


async def _hear_too_late(reader: asyncio.StreamReader, account: Account) -> None:
    """Whose body never came is told so, and kept."""
    async with asyncio.timeout(STUCK_SECONDS):
        status, _, _ = await _answer(reader, False)
    account.records += 1
    if status != 408:
        account.wrong.append(f"half a body was answered with {status}")


class Conversation:
    """Requests one after the other over one connection, or a few at once."""

    def __init__(self, port: int, random: Random, account: Account) -> None:
        self._port, self._random, self._account = port, random, account

    async def run(self, count: int, ends: float) -> None:
        """Send so many, or as many as are sent until `ends` (monotonic)."""
        await self._connect()
        left = count
        while left > 0 and monotonic() < ends:
            several = [request(self._random) for _ in range(min(left, self._random.choices((1, 4), (9, 1))[0]))]
            left -= len(several)
            self._account.sent += len(several)
            for one in several:
                if not one.is_http:
                    await _mutter(self._port, one, self._account)
            await self._ask([one for one in several if one.is_http])
        self._writer.close()

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._is_fresh = True

    async def _ask(self, waiting: list[Request]) -> None:
        """Have them all answered. A server that leaves a body unread closes: what was behind it is sent again."""
        self._writer.write(b"".join(one.wire for one in waiting))
        while waiting:
            one = waiting[0]
            try:
                async with asyncio.timeout(STUCK_SECONDS):
                    status, body, closes = await _answer(self._reader, one.method == "HEAD")
            except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as error:
                closes, was_fresh = True, self._is_fresh
                if was_fresh or isinstance(error, (TimeoutError, ValueError)):
                    what = f"no answer ({type(error).__name__})"
                    self._account.wrong.append(f"{what}: {one.method} {one.target[:200]}")
                    waiting = waiting[1:]
                else:
                    self._account.again += 1
            else:
                _look(one, status, body, self._account)
                waiting, self._is_fresh = waiting[1:], False
            if closes:
                self._writer.close()
                await self._connect()
                self._writer.write(b"".join(each.wire for each in waiting))


async def _mutter(port: int, one: Request, account: Account) -> None:
    """Bytes that are no request: whatever comes of them comes soon, and of them alone."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(one.wire)
    writer.write_eof()
    try:
        async with asyncio.timeout(STUCK_SECONDS):
            answer = await reader.read()
    except (TimeoutError, OSError) as error:
        if isinstance(error, TimeoutError):
            account.wrong.append(f"stuck: {one.wire[:200]!r}")
    else:
        if answer.startswith(b"HTTP/1.1 5"):
            account.wrong.append(f"{answer[:40]!r}: {one.wire[:200]!r}")
    writer.close()


async def _answer(reader: asyncio.StreamReader, is_head: bool) -> tuple[int, bytes, bool]:
    """Status, body, and whether the server closes now."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
    size = 0 if is_head else int(headers.get("content-length", "0"))
    return int(head[0].split(" ")[1]), await reader.readexactly(size), headers.get("connection") == "close"


def _look(one: Request, status: int, body: bytes, account: Account) -> None:
    account.statuses[status] += 1
    problem = "" if status in _ANSWERS else f"status {status}"
    said: dict[str, object] = {}
    if body and body[:1] == b"{":
        said = json.loads(body)
    if status >= 400 and one.method != "HEAD":
        problem = problem or _why_no_error(said)
    if problem:
        account.wrong.append(f"{problem}: {one.method} {one.target[:300]} -> {body[:300]!r}")
    if one.method != "HEAD":
        account.records += _records(status, said)


def _why_no_error(said: dict[str, object]) -> str:
    """What an error lacks: a closed word, and a detail in words, which of a value shows a part only."""
    error, detail = said.get("error"), said.get("detail")
    if not (isinstance(error, str) and isinstance(detail, str) and detail):
        return "an error without a word and a detail"
    if len(detail) > _LONGEST_DETAIL:
        return f"a detail of {len(detail)} characters"
    if error.startswith("invalid_") and error != "invalid_body" and "=" not in detail:
        return "an error that names no parameter"
    return ""


def _records(status: int, said: dict[str, object]) -> int:
    """The records of an answered call: an accepted object is one on `events`, a refused one is one on `invalid`."""
    several = said.get("postback_ids") or said.get("click_ids")
    refused = said.get("refused")
    if isinstance(several, list):
        return len(several) + (len(refused) if isinstance(refused, list) else 0)
    return 1
