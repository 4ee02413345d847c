"""Granian in this process, on the event loop of the caller: one process per role, and nothing left when it is killed.

Granian's own command forks a worker, which stays behind, serving, when its parent is killed with -9.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from granian.constants import HTTPModes, Interfaces, TaskImpl
from granian.http import HTTP1Settings
from granian.server.embed import Server

from schemas.settings.servers import Ingest

BACKLOG = 4096


class PortTaken(Exception):  # noqa: N818 - the name says what happened
    """Somebody else listens at the configured address, or it is not ours to listen at."""


def split_address(listen: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8080` or `[::1]:8080`."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def claim(listen: str) -> None:
    """Raises PortTaken where `listen` cannot be listened at.

    Granian's sockets share their port (SO_REUSEPORT): a second process would take half of the first one's requests.
    """
    host, port = split_address(listen)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise PortTaken(f"cannot listen at {listen}: {error.strerror}. Set [ingest] listen to a free address") from None


@asynccontextmanager
async def serving(app: Any, limits: Ingest) -> AsyncIterator[asyncio.Task[None]]:
    """Serve `app` where it is to listen while the block runs; the task ends early only where the server fails."""
    host, port = split_address(limits.listen)
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        task_impl=TaskImpl.asyncio,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=limits.read_timeout, max_buffer_size=limits.max_header_bytes),
        log_enabled=False,
    )
    task = asyncio.create_task(server.serve())
    try:
        yield task
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await task
