"""Waiting for a count to fall, at shutdown."""

import asyncio
from collections.abc import Callable


async def until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Wait until `is_so`, for at most so many seconds. Returns whether it is."""
    deadline = asyncio.get_running_loop().time() + seconds
    # Asked again and again, since the counts move with every request and an Event would cost each of them.
    while not is_so() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return is_so()
