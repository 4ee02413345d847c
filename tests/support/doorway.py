"""A port that leads to a server, once it is opened: so that nothing need be stopped for a client that finds nobody."""

import socket
import threading
from contextlib import suppress

from clickjoin.embedded.ports import free_port


class Doorway:
    """Until it is opened nobody listens. Kafka's clients ask here for its true address, and go there from then on."""

    def __init__(self, server: str) -> None:
        host, _, port = server.rpartition(":")
        self._server = (host, int(port))
        self._port = free_port()
        self._listener: socket.socket | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it is closed
            while True:
                caller, _ = listener.accept()
                try:
                    server = socket.create_connection(self._server)
                except OSError:  # nobody is there
                    caller.close()
                    continue
                for one, other in ((caller, server), (server, caller)):
                    threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    if one.fileno() != -1:
        one.close()
