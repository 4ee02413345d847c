"""The demo from start to end."""

import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from clickhouse_connect.driver.exceptions import Error as ClickHouseError
from rich.console import Console
from rich.live import Live

from clickjoin.demo import question
from clickjoin.demo.compare import Differences, differences, expected_rows, expected_told
from clickjoin.demo.show import next_steps, screen, verdict
from clickjoin.demo.stand_in import StandIn
from clickjoin.demo.story import Visit, visits
from clickjoin.demo.system import start_system
from clickjoin.demo.traffic import Traffic, UnexpectedAnswerError
from sql.connect import connect

_START_WITHIN = 150.0  # seconds
_SETTLE_WITHIN = 120.0  # without any progress
_LOOK_EVERY = 0.5
_COLUMNS = 130  # where there is no terminal to ask
_GENTLY = 20  # clicks at a time, while it stays up
_TO_SMART_LINK = 6  # and to the smart link


class DemoFailedError(Exception):
    """It did not start, or stopped on the way."""


class Demo:
    """One run: the system, the stand-in source, the traffic, and what is there of it."""

    def __init__(self, clicks: int, seed: int, console: Console) -> None:
        self.clicks, self.seed, self.console = clicks, seed, console
        self.stand_in = StandIn()
        self.began = monotonic()

    async def run(self, folder: Path, data: Path, *, once: bool) -> int:
        """Returns the exit code: 1 where anything differs from the account."""
        stand_in = await self.stand_in.start()
        self.system = start_system(folder, data, stand_in)
        try:
            await self._until_ready()
            self.traffic = Traffic(self.system.ingest, self.system.keys)
            self.client = connect(self.system.dsn)
            story = list(visits(self.clicks, self.seed))
            found = await self._watch(self._play(story), "what happens, as ClickHouse has it")
            figures = self._figures(found)
            if once:
                print(json.dumps(figures))
            elif self.console.is_terminal:
                self.console.print(verdict(figures), style="red" if figures["differences"] else "green")
                await self._stay(_liveliest(story, self.traffic.sent.click_ids))
            else:
                self.console.print(self._screen("what ClickHouse has"))
                self.console.print_json(data=figures)
            return 1 if figures["differences"] else 0
        finally:
            await asyncio.to_thread(self.system.stop)
            await self.stand_in.stop()

    async def _until_ready(self) -> None:
        """Wait for the endpoint; the first time Kafka's jars are fetched."""
        deadline = monotonic() + _START_WITHIN
        with self.console.status("starting Apache Kafka, ClickHouse's engine and the four roles"):
            while not await asyncio.to_thread(self.system.ready):
                if failure := self.system.failure():
                    raise DemoFailedError(failure)
                if monotonic() > deadline:
                    raise DemoFailedError(f"not ready after {_START_WITHIN:.0f} s, see {self.system.log}")
                await asyncio.sleep(0.2)

    async def _play(self, story: list[Visit]) -> tuple[Differences, Differences]:
        """Send the story, and wait until all of it has arrived, or nothing moves any more."""
        await self.traffic.send(story)
        rows, told = expected_rows(story, self.traffic.sent.click_ids), expected_told(story)
        best, moved_at = -1, monotonic()
        while True:
            if failure := self.system.failure():
                raise DemoFailedError(failure)
            ids = self.traffic.sent.click_ids.values()
            found = await asyncio.to_thread(question.conversions, self.client, ids)
            differ = differences(rows, found), differences(told, Counter(self.stand_in.received))
            count = differ[0].count + differ[1].count
            if count != best:
                best, moved_at = count, monotonic()
            if count == 0 or monotonic() - moved_at > _SETTLE_WITHIN:
                return differ
            await asyncio.sleep(_LOOK_EVERY)

    async def _watch(self, work: Awaitable[Any], line: str) -> Any:
        """Draw the funnel while something happens."""
        task = asyncio.ensure_future(work)
        if not self.console.is_terminal:
            return await task
        with Live(console=self.console, refresh_per_second=4, transient=True) as live:
            while not task.done():
                live.update(await asyncio.to_thread(self._screen, line))
                await asyncio.wait({task}, timeout=_LOOK_EVERY)
            live.update(await asyncio.to_thread(self._screen, line))
        return await task

    def _screen(self, line: str) -> Any:
        try:
            funnel, became = question.funnel(self.client), question.outcomes(self.client)
            offers = question.offers(self.client)
        except ClickHouseError as error:
            return f"ClickHouse does not answer: {error}"
        return screen(funnel, became, self.stand_in.received.total(), line, self.console.width, offers)

    def _figures(self, found: tuple[Differences, Differences]) -> dict[str, Any]:
        ids = self.traffic.sent.click_ids.values()
        rows = question.conversions(self.client, ids)
        events: Counter[str] = Counter()
        for row, count in rows.items():
            events[row.event] += count
        told: Counter[str] = Counter()
        for one, count in self.stand_in.received.items():
            told[one.source] += count
        figures = {
            "seed": self.seed,
            "clicks": self.clicks,
            "sent": dict(self.traffic.sent.requests),
            "outcomes": question.outcomes(self.client),
            "conversions": {event: events[event] for event in question.EVENTS[1:]},
            "source_postbacks": {"total": told.total(), **dict(sorted(told.items()))},
            "sent_twice": sum(count - 1 for count in self.stand_in.deliveries.values()),
            "differences": found[0].count + found[1].count,
            "seconds": round(monotonic() - self.began, 1),
        }
        examples = [*found[0].examples, *found[1].examples]
        return {**figures, "examples": examples} if examples else figures

    async def _stay(self, click_id: str) -> None:
        """Go on gently until Ctrl-C."""
        self.console.print(next_steps(self.system, click_id), soft_wrap=True, highlight=False, markup=False)
        more = visits(1_000_000, self.seed + 1)

        random = Random(self.seed)  # noqa: S311 - made-up visitors

        async def gently() -> None:
            while True:
                await self.traffic.send([next(more) for _ in range(_GENTLY)])
                await self.traffic.send_to_smart_link([random.random() for _ in range(_TO_SMART_LINK)])
                await asyncio.sleep(1.0)

        await self._watch(gently(), "it goes on, as ClickHouse has it")


def _liveliest(story: list[Visit], click_ids: dict[int, str]) -> str:
    """The click of which most was reported: the one worth tracing."""
    clicked = [visit for visit in story if visit.number in click_ids]
    return click_ids[max(clicked, key=lambda visit: len(visit.reports)).number]


def run_demo(*, data: str | None, once: bool, clicks: int, seed: int) -> int:
    """Run the demo. Returns the exit code: 0 where everything came out as the story says."""
    # Figures are for standard output; what is only to look at goes to standard error where that is for a program.
    console = Console(stderr=once)
    if not console.is_terminal:
        console = Console(stderr=once, width=_COLUMNS)
    with tempfile.TemporaryDirectory(prefix="clickjoin-demo-") as folder:
        demo = Demo(clicks, seed, console)
        work_in = Path(folder)
        try:
            return asyncio.run(demo.run(work_in, Path(data) if data else work_in / "data", once=once))
        except KeyboardInterrupt:
            return 0
        except (DemoFailedError, UnexpectedAnswerError) as error:
            print(error, file=sys.stderr)
            return 1
        except ExceptionGroup as group:
            print(*group.exceptions[:3], sep="\n", file=sys.stderr)
            return 1
