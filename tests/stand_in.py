"""A stand-in traffic source: a real HTTP server on the loopback that counts what it gets and behaves as a path says."""

import asyncio
import re
import ssl
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BIG = 4 << 20


class StandIn:
    """Requests by path: /ok, /status/N, /slow/SECONDS, /hang, /reset, /big, /drip, /junk, /redirect, /later/SECONDS,
    /fails/N/ANYTHING (500 the first N times). Anything else is answered 200.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []  # targets, in the order in which they came
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._failed: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def count(self, path: str, by: str = "id") -> Counter[str]:
        """How often each value of a parameter came to a path."""
        targets = [urlsplit(target) for target in list(self.requests)]
        return Counter(parse_qs(target.query)[by][0] for target in targets if target.path == path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                target = head.split(b" ", 2)[1].decode()
                self.heads.append(head)
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                self.bodies.append(await reader.readexactly(int(length[1])) if length else b"")
                self.requests.append(target)
                if not await self._answer(urlsplit(target).path, writer):
                    break
        writer.transport.abort()

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> bool:
        """Answer a request. Returns whether the connection stays open."""
        async for chunk in self._chunks(path):
            if not chunk:
                return False
            writer.write(chunk)
            await writer.drain()
        return True

    async def _chunks(self, path: str) -> AsyncIterator[bytes]:  # noqa: C901 - one line for each behaviour
        word, _, rest = path.strip("/").partition("/")
        match word:
            case "status":
                yield f"HTTP/1.1 {rest} Status\r\nContent-Length: 0\r\n\r\n".encode()
            case "later":
                yield f"HTTP/1.1 503 Later\r\nRetry-After: {rest}\r\nContent-Length: 0\r\n\r\n".encode()
            case "slow":
                await asyncio.sleep(float(rest))
                yield OK
            case "hang":
                await asyncio.sleep(60)
            case "reset":
                yield b""
            case "big":
                yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG
                for _ in range(BIG >> 16):
                    yield b"x" * (1 << 16)
            case "drip":
                yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
                for _ in range(1000):
                    await asyncio.sleep(0.05)
                    yield b"x"
            case "junk":
                yield b"this is no HTTP\r\n\r\n"
                yield b""
            case "redirect":
                yield b"HTTP/1.1 302 Found\r\nLocation: /ok?redirected\r\nContent-Length: 0\r\n\r\n"
            case "fails":
                self._failed[path] += 1
                bad = self._failed[path] <= int(rest.split("/")[0])
                yield b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n" if bad else OK
            case _:
                yield OK


@contextmanager
def stand_in(tls: ssl.SSLContext | None = None, server: StandIn | None = None) -> Iterator[StandIn]:
    """Run one in a thread of its own."""
    server = server or StandIn()
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls))
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_stop(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(listening: asyncio.Server) -> None:
    listening.close()
    mine = asyncio.current_task()
    connections = [task for task in asyncio.all_tasks() if task is not mine]
    for task in connections:
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)
