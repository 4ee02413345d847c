"""A taken port is said before anything starts, with the key that changes it."""

import socket
from collections.abc import Iterator

import pytest

from clickjoin.embedded.errors import CannotStartError
from clickjoin.embedded.ports import Port, check_ports, free_port, listening


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_free_ports_pass() -> None:
    check_ports([Port(free_port(), "[kafka] port"), Port(free_port(), "[ingest] listen", "localhost")])


def test_a_free_port_is_none_that_the_system_gives_to_others_before_it_is_listened_on(taken: int) -> None:
    assert max(free_port() for _ in range(50)) < taken  # which the system chose


def test_every_taken_port_is_named_with_its_key(taken: int) -> None:
    with pytest.raises(CannotStartError) as caught:
        check_ports([Port(taken, "[kafka] port"), Port(free_port(), "[clickhouse] port")], patience=0)
    assert f"port {taken} on 127.0.0.1 is taken" in str(caught.value)
    assert "[kafka] port" in str(caught.value)
    assert "[clickhouse] port" not in str(caught.value)


def test_a_port_taken_on_loopback_is_taken_for_all_addresses(taken: int) -> None:
    with pytest.raises(CannotStartError, match=r"change \[ingest\] listen"):
        check_ports([Port(taken, "[ingest] listen", "0.0.0.0")], patience=0)


def test_one_port_for_two_keys_is_refused() -> None:
    port = free_port()
    with pytest.raises(CannotStartError, match="name the same port"):
        check_ports([Port(port, "[kafka] port"), Port(port, "[clickhouse] port")])


def test_an_address_of_another_machine_is_named_with_its_key() -> None:
    with pytest.raises(CannotStartError, match=r"192\.0\.2\.1.*\[ingest\] listen"):
        check_ports([Port(free_port(), "[ingest] listen", "192.0.2.1")], patience=0)


def test_listening_tells_taken_from_free(taken: int) -> None:
    assert listening(taken)
    assert not listening(free_port())
