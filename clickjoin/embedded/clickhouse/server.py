"""The server: one engine at a data folder, one listening socket on loopback, a thread per connection."""

from __future__ import annotations

import errno
import socketserver
import sys
import threading
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import structlog

from clickjoin.embedded.clickhouse.access import User
from clickjoin.embedded.clickhouse.engine import Engine
from clickjoin.embedded.clickhouse.execute import Front
from clickjoin.embedded.clickhouse.handler import Handler
from clickjoin.embedded.clickhouse.sessions import Sessions

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
GRACE_SECONDS = 10.0  # what runs when the server is told to stop may take so long
KILLED_SECONDS = 2.0  # and so long after its query was killed


class PortTakenError(Exception):
    """Something else listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"{HOST}:{port} is taken by another program: stop it, or set another port ([clickhouse] port)")
        self.port = port


class Server(ThreadingHTTPServer):
    """The listening socket and what its requests share. Made by `serve`."""

    daemon_threads = True
    block_on_close = False  # idle connections would hold up the end
    allow_reuse_address = True
    request_queue_size = 256
    front: Front

    def __init__(self, port: int) -> None:
        try:
            super().__init__((HOST, port), Handler)
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                raise PortTakenError(port) from None
            raise

    @property
    def port(self) -> int:
        """The port it listens on; of interest where 0 was asked for."""
        return int(self.server_address[1])

    def start(self, front: Front) -> None:
        """Answer requests, in a thread of its own."""
        self.front = front
        threading.Thread(target=self.serve_forever, args=(0.1,), name="accept", daemon=True).start()

    def stop(self, grace: float = GRACE_SECONDS) -> bool:
        """Accept nothing more, let what runs finish, close the engine. False if some query would not end.

        Then the engine is left open: only the end of the process ends such a query, and nothing acknowledged is lost.
        """
        self.shutdown()
        self.server_close()
        self.front.gate.close()
        if not self.front.gate.wait_until_empty(grace):
            log.warning("queries_killed", after_seconds=grace)
            self.front.engine.stop_queries()
            if not self.front.gate.wait_until_empty(KILLED_SECONDS):
                return False
        self.front.sessions.close()
        self.front.engine.close()
        return True

    def server_bind(self) -> None:
        """Bind without asking the resolver for this machine's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = HOST
        self.server_port = self.port

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is no event; anything else is a bug of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            log.exception("connection_crashed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(path: Path, port: int, users: Mapping[str, User] | None = None) -> Server:
    """Open the engine at `path` and serve it on 127.0.0.1:`port` (0: any free one) until `stop()`.

    `users` by name; unless given, `default` without a password. Raises `PortTakenError` before the folder is touched,
    `DataFolderBusyError` if another process has the folder.
    """
    server = Server(port)
    try:
        engine = Engine(path)
    except BaseException:
        server.server_close()
        raise
    server.start(Front(engine, users or {"default": User()}, Sessions(engine.connect)))
    return server
