"""Whom a look-up keeps waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import pytest
from prometheus_client import CollectorRegistry

from schemas.records import Facts
from schemas.wire import decode_event
from streams.adapters.producer import KeyValue
from streams.agents import join_lookup
from streams.agents.join_lookup import Lookups
from streams.metrics import JoinMetrics
from tests.support.join_cold import minted

BAD, *GOOD = [minted(days_ago=30, number=number) for number in range(20)]


class Server:
    """Tables in which the rows of one click cannot be read; and what was appended to the log."""

    address = "nowhere:8123"

    def __init__(self) -> None:
        self.bad, self.asked, self.told = {BAD}, list[int](), set[str]()

    async def read(self, click_ids: Sequence[str]) -> dict[str, Facts]:
        self.asked.append(len(click_ids))
        if self.bad.intersection(click_ids):
            raise ValueError("day 26687997791 is outside the date range")
        return {}

    async def send(self, topic: str, partition: int, records: Iterable[KeyValue]) -> None:
        events = [decode_event(value) for _, value in records]
        self.told |= {event.click_id for event in events if isinstance(event, Facts)}

    async def tells(self, click_ids: Iterable[str]) -> None:
        async with asyncio.timeout(10):
            while not self.told.issuperset(click_ids):
                await asyncio.sleep(0.01)


def test_a_click_whose_rows_cannot_be_read_keeps_no_other_waiting() -> None:
    async def ask(server: Server, lookups: Lookups) -> None:
        lookups.ask(0, [*GOOD[:5], BAD, *GOOD[5:10]])
        await server.tells(GOOD[:10])
        assert server.asked == [11, *[1] * 11], "together, and then each by itself"
        lookups.ask(0, GOOD[10:])
        await server.tells(GOOD[10:])
        assert server.asked[12:] == [len(GOOD[10:])], "who asks later, together and without the one that failed"
        assert BAD not in server.told

    looking(ask)


def test_what_failed_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(server: Server, lookups: Lookups) -> None:
        lookups.ask(0, [BAD])
        async with asyncio.timeout(10):
            while len(server.asked) < 3:
                await asyncio.sleep(0.01)
        server.bad.clear()
        await server.tells([BAD])

    monkeypatch.setattr(join_lookup, "LONGEST_PAUSE", 0.1)
    looking(ask)


def looking(ask: Callable[[Server, Lookups], Awaitable[None]]) -> None:
    async def run() -> None:
        server = Server()
        lookups = Lookups(server, server, JoinMetrics(CollectorRegistry()))
        task = asyncio.create_task(lookups.run())
        await ask(server, lookups)
        task.cancel()

    asyncio.run(run())
