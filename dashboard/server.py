"""Granian in this process, on the event loop of the caller: nothing is left when it is killed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from granian.constants import HTTPModes, Interfaces, TaskImpl
from granian.http import HTTP1Settings
from granian.server.embed import Server

_HEADER_READ_MS = 10_000


class PortTaken(Exception):  # noqa: N818 - the name says what happened
    """Somebody else listens at the address, or it is not ours to listen at."""


def claim(listen: str) -> None:
    """Raises PortTaken where `listen` cannot be listened at: Granian's sockets share their port (SO_REUSEPORT)."""
    host, port = split_address(listen)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise PortTaken(f"cannot listen at {listen}: {error.strerror}") from None


def split_address(listen: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8081` or `[::1]:8081`."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


@asynccontextmanager
async def serving(app: Any, listen: str) -> AsyncIterator[asyncio.Task[None]]:
    """Serve `app` at `listen` while the block runs; the task ends early only where the server fails."""
    host, port = split_address(listen)
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        task_impl=TaskImpl.asyncio,
        http=HTTPModes.http1,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_READ_MS),
        log_enabled=False,
    )
    task = asyncio.create_task(server.serve())
    try:
        yield task
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        await task
