"""Partitions are let go of when the group takes them, whatever their tasks are doing."""

import asyncio
from contextlib import suppress

from streams.runner import end_all


async def _swallows(cancellations: int) -> None:
    for _ in range(cancellations):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


def test_a_task_that_swallows_its_cancellation_ends_all_the_same() -> None:
    async def end() -> list[bool]:
        tasks = [asyncio.create_task(_swallows(cancellations)) for cancellations in range(4)]
        await asyncio.sleep(0)  # they begin
        async with asyncio.timeout(60):
            await end_all(tasks, again=0.01)
        return [task.cancelled() for task in tasks]

    assert asyncio.run(end()) == [True] * 4


def test_tasks_that_have_failed_are_let_go_of_too() -> None:
    async def fail() -> None:
        raise ValueError

    async def end() -> None:
        tasks = [asyncio.create_task(fail())]
        await asyncio.wait(tasks)
        await end_all(tasks)
        assert isinstance(tasks[0].exception(), ValueError)

    asyncio.run(end())
