"""HTTP load on one address of this machine: `python -m bench.load PORT FILE CONNECTIONS SECONDS [RATE]`.

FILE holds a request target on each line; they are asked for one after the other, and again from the first. Each
connection waits for its answer before it asks again; with RATE they keep to so many requests a second together.
Prints one line of JSON. It measures nothing in the first fifth of the time.
"""

import asyncio
import json
import sys
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import cast

import uvloop

_WARM = 0.2
_TIMEOUT = 30.0


class _Asking(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._got = b""
        self._asked = 0.0
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.ask()

    def ask(self) -> None:
        """Send the next request, or hang up when the time is over."""
        now = perf_counter()
        wait = self._load.wait(now)
        if now + wait >= self._load.ends:
            self._closing = True
            self._load.hung_up()
            self._transport.close()
        elif wait > 0:
            asyncio.get_running_loop().call_later(wait, self._send)
        else:
            self._send()

    def _send(self) -> None:
        self._asked = perf_counter()
        self._transport.write(self._load.next_request())

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self._got = b""
            self._load.answered(head[9:12], self._asked)
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._closing:
            self._load.broken += 1
            self._load.hung_up()


class _Load:
    """What all connections share."""

    def __init__(self, targets: list[str], connections: int, seconds: float, rate: float) -> None:
        self._requests = cycle([f"GET {target} HTTP/1.1\r\nHost: bench\r\n\r\n".encode() for target in targets])
        self._open, self._rate = connections, rate
        self.began = perf_counter()
        self.measures = self.began + seconds * _WARM
        self.ends = self.began + seconds
        self.done = asyncio.Event()
        self.answers: dict[str, int] = {}
        self.times: list[float] = []
        self.broken = self._asked = 0

    def next_request(self) -> bytes:
        return next(self._requests)

    def wait(self, now: float) -> float:
        """Seconds until the next request may go."""
        if not self._rate:
            return 0.0
        self._asked += 1
        return max(0.0, self.began + self._asked / self._rate - now)

    def answered(self, status: bytes, asked: float) -> None:
        now = perf_counter()
        word = status.decode()
        self.answers[word] = self.answers.get(word, 0) + 1
        if asked >= self.measures:
            self.times.append(now - asked)

    def hung_up(self) -> None:
        self._open -= 1
        if self._open <= 0:
            self.done.set()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def _run(port: int, targets: list[str], connections: int, seconds: float, rate: float) -> dict[str, object]:
    load = _Load(targets, connections, seconds, rate)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: _Asking(load), "127.0.0.1", port)
    await asyncio.wait_for(load.done.wait(), seconds + _TIMEOUT)
    took = perf_counter() - load.measures
    times = sorted(load.times)
    return {
        "answers": load.answers,
        "broken": load.broken,
        "per_second": len(times) / took,
        "p50_ms": times[len(times) // 2] * 1000 if times else 0.0,
        "p99_ms": times[len(times) * 99 // 100] * 1000 if times else 0.0,
    }


if __name__ == "__main__":
    port, file, connections, seconds, *rate = sys.argv[1:]
    lines = Path(file).read_text().splitlines()
    asked = _run(int(port), lines, int(connections), float(seconds), float(rate[0]) if rate else 0.0)
    sys.stdout.write(json.dumps(uvloop.run(asked)) + "\n")
