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

BACKLOG = 4096
MAX_HEAD_BYTES = HTTP1Settings.max_buffer_size
"""Granian's own bound of a request's line and headers."""


class PortTaken(Exception):  # noqa: N818 - the name says what happened
    """Somebody else listens at the configured address, or it is not ours to listen at."""


def split_address(listen: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8080` or `[::1]:8080`."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def claim(listen: str, key: str) -> None:
    """Raises PortTaken where `listen` cannot be listened at; it names the `key` of the configuration that says so.

    Granian's sockets share their port (SO_REUSEPORT): a second process would take half of the first one's requests.
    """
    host, port = split_address(listen)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise PortTaken(f"cannot listen at {listen}: {error.strerror}. Set {key} to a free address") from None


@asynccontextmanager
async def serving(
    app: Any, listen: str, interface: Interfaces, *, head_within_ms: int, max_head_bytes: int = MAX_HEAD_BYTES
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve `app` at `listen` while the block runs; the task ends early only where the server fails.

    A request whose line and headers do not come within `head_within_ms`, or are longer than `max_head_bytes`, is cut.
    """
    host, port = split_address(listen)
    server = Server(
        app,
        address=host,
        port=port,
        interface=interface,
        task_impl=TaskImpl.asyncio,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=head_within_ms, max_buffer_size=max_head_bytes),
        log_enabled=False,
    )
    task = asyncio.create_task(server.serve())
    try:
        yield task
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await task
