"""A stand-in traffic source that counts by delivery ID: `python -m bench.destination PORT`.

It knows nothing of clickjoin. `/NAME/BEHAVIOUR?id=DELIVERY&at=MICROSECONDS` is counted under NAME and answered as the
behaviour says: `ok`, `slow` (5 s) or `failing` (500). `at` is the moment from which its latency counts; 0: none.
`/counts` answers what was counted as JSON, `/forget` begins anew.
"""

import asyncio
import json
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

import uvloop

from bench.kafka import BenchError
from clickjoin.embedded.children import Child, last_lines, start
from clickjoin.embedded.ports import free_port, listening
from tests.polling import until

SLOW = 5.0  # seconds
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_FAILING = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"


class Counts(NamedTuple):
    """What one name was told: requests, distinct deliveries, and how late the first request of each was."""

    requests: int = 0
    deliveries: int = 0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0


class Stand:
    """A stand-in that runs in a process of its own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def counts(self) -> dict[str, Counts]:
        """What it was told so far, by name; "" is all names together."""
        with urllib.request.urlopen(f"{self.url}/counts", timeout=60) as answer:
            found = {name: Counts(*counts) for name, counts in json.load(answer).items()}
        return defaultdict(Counts, found)

    def forget(self) -> None:
        """Count from nothing on."""
        urllib.request.urlopen(f"{self.url}/forget", timeout=60).close()


@contextmanager
def destination(folder: Path) -> Iterator[Stand]:
    """Run one; it is ended in any case."""
    port, output = free_port(), folder / "destination.log"
    argv = [sys.executable, "-m", "bench.destination", str(port)]
    running = start(Child(name="destination", argv=argv, output=output))
    try:
        until(lambda: listening(port) or running.exit_code is not None, 60, "the stand-in listens")
        if running.exit_code is not None:
            raise BenchError(f"the stand-in ended:\n{last_lines(output)}")
        yield Stand(port)
    finally:
        running.stop()


class _Told:
    """Of one name."""

    def __init__(self) -> None:
        self.requests = 0
        self.first: dict[bytes, float] = {}  # delivery: how late its first request was, in ms

    def counts(self) -> Counts:
        return _counts(self.requests, list(self.first.values()))


def _counts(requests: int, late: list[float]) -> Counts:
    late.sort()
    return Counts(requests, len(late), *(_part(late, percent) for percent in (50, 95, 99)))


def _part(values: Sequence[float], percent: int) -> float:
    return round(values[len(values) * percent // 100], 2) if values else 0.0


class _Answering(asyncio.Protocol):
    """One connection; requests without a body, which may arrive in pieces."""

    def __init__(self, told: dict[bytes, _Told]) -> None:
        self._told = told
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *requests, self._got = (self._got + data).split(b"\r\n\r\n")
        for request in requests:
            self._answer(request.split(b" ", 2)[1])

    def _answer(self, target: bytes) -> None:
        path, _, query = target.partition(b"?")
        if not query:
            self._control(path)
            return
        _, name, behaviour = path.split(b"/")
        told = self._told[name]
        told.requests += 1
        id_, _, at = query[3:].partition(b"&at=")  # always id, then at
        if id_ not in told.first:
            began = int(at.partition(b"&")[0])
            told.first[id_] = time.time() * 1000 - began / 1000 if began else 0.0
        if behaviour == b"slow":
            asyncio.get_running_loop().call_later(SLOW, self._transport.write, _OK)
        else:
            self._transport.write(_FAILING if behaviour == b"failing" else _OK)

    def _control(self, path: bytes) -> None:
        if path == b"/forget":
            self._told.clear()
        found = {name.decode(): told.counts() for name, told in self._told.items()}
        every = [late for told in self._told.values() for late in told.first.values()]
        found[""] = _counts(sum(told.requests for told in self._told.values()), every)
        body = json.dumps(found).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def _serve(port: int) -> None:
    told: dict[bytes, _Told] = defaultdict(_Told)
    server = await asyncio.get_running_loop().create_server(lambda: _Answering(told), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
