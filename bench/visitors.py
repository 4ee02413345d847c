"""Visitors who click and convert at once: `python -m bench.visitors PORT KEY CLICKS LANES RATE`.

Each lane clicks, reads the click ID out of the redirection, reports an install of it as the network does, and begins
anew; with a RATE they keep to so many clicks a second together. A click carries its moment, in microseconds, as the
source's own click ID. Prints one line of JSON.
"""

import asyncio
import json
import re
import sys
import time

import uvloop

_CLICK_ID = re.compile(rb"aff_sub=([0-9a-z]+)")
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


class _Visitors:
    def __init__(self, port: int, key: str, clicks: int, rate: float) -> None:
        self._port, self._key, self._clicks, self._rate = port, key, clicks, rate
        self._begun = self.answered = 0

    async def run(self, lanes: int) -> None:
        self._began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(lanes):
                group.create_task(self._lane())

    async def _lane(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while self._begun < self._clicks:
            self._begun += 1
            if self._rate:
                await asyncio.sleep(max(0.0, self._began + self._begun / self._rate - time.monotonic()))
            await self._visit(reader, writer)
        writer.close()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = f"/click/spring?zoneclick={time.time_ns() // 1000}"
        clicked = _CLICK_ID.search(await _get(reader, writer, target))
        if not clicked:
            return
        target = f"/postback/acme?key={self._key}&aff_sub={clicked[1].decode()}&event=install&payout=1.20&currency=USD"
        answer = await _get(reader, writer, target)
        self.answered += answer.startswith(b"HTTP/1.1 200")


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str) -> bytes:
    """The head of the answer; its body is read."""
    writer.write(f"GET {target} HTTP/1.1\r\nHost: bench\r\nUser-Agent: Mozilla/5.0 Firefox/145.0\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if length := _LENGTH.search(head):
        await reader.readexactly(int(length[1]))
    return head


if __name__ == "__main__":
    port, key, clicks, lanes, rate = sys.argv[1:]
    visitors = _Visitors(int(port), key, int(clicks), float(rate))
    uvloop.run(visitors.run(int(lanes)))
    sys.stdout.write(json.dumps({"answered": visitors.answered}) + "\n")
