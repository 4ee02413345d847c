"""Ports: is this one free, and whose key names it."""

import errno
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from random import SystemRandom

from clickjoin.embedded.errors import CannotStartError

_LOOPBACK = "127.0.0.1"
_LOOK_AGAIN = 0.1  # seconds
_FIRST, _END = 10_000, 32_768  # above these a system hands out ports to whoever asks for any
_TRIES = 100


@dataclass(frozen=True)
class Port:
    """An address that something of ours will listen on, and the configuration key that moves it elsewhere."""

    number: int
    key: str  # for example "[kafka] port"
    host: str = _LOOPBACK


def free_port() -> int:
    """A port that nobody listens on right now, and that nobody is given who asks for any port."""
    choice = SystemRandom()  # processes that were forked would choose alike
    for _ in range(_TRIES):
        if is_free(Port(number := choice.randrange(_FIRST, _END), "")):
            return number
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def listening(port: int, host: str = _LOOPBACK) -> bool:
    """Whether something accepts TCP connections there."""
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def check_ports(ports: Iterable[Port], patience: float = 3.0) -> None:
    """Raise CannotStartError unless every port is free and asked for once.

    patience: seconds to look again, because what was killed a moment ago may still be letting go of its port.
    """
    ports = list(ports)
    twice = [f"{a.key} and {b.key}" for n, a in enumerate(ports) for b in ports[:n] if a.number == b.number]
    if twice:
        raise CannotStartError(f"{', '.join(twice)} name the same port: give each its own")
    deadline = time.monotonic() + patience
    while problems := [problem for port in ports if (problem := _problem(port))]:
        if time.monotonic() > deadline:
            raise CannotStartError("\n".join(problems))
        time.sleep(_LOOK_AGAIN)


def is_free(port: Port) -> bool:
    """Whether something of ours could listen there now."""
    return _problem(port) is None


def _problem(port: Port) -> str | None:
    """What is wrong with listening there, and what to do about it."""
    where = f"port {port.number} on {port.host or 'all addresses'}"
    try:
        _bind(port)
    except socket.gaierror:
        return f"{port.host} is no address of this machine: change {port.key}"
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"{where} is taken by another program: stop that, or change {port.key}"
        return f"{where} cannot be listened on ({error.strerror}): change {port.key}"
    return None


def _bind(port: Port) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        port.host or None, port.number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that are closing do not count
        probe.bind(address)
