"""Background work that must not die silently: what fails there ends the process, and the log heals.

A worker whose background task has died looks alive and does nothing, which nobody would notice.
"""

import asyncio
import os
from collections.abc import Coroutine

import structlog

log = structlog.get_logger(__name__)

EXIT_CRASHED = 70


def crash(where: str, error: BaseException) -> None:
    """Say what happened and end the process at once, without cleaning up: that is a normal way to stop."""
    log.error("worker_failed", where=where, exc_info=error)
    os._exit(EXIT_CRASHED)


def background(work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
    """Run something until it is cancelled; the process ends where it fails."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        crash(task.get_name(), error)
