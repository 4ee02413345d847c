"""A Kafka that demands TLS and SASL, and TLS before a ClickHouse that demands a password, for tests."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import UserScramCredentialUpsertion

from clickjoin.embedded.kafka import EmbeddedKafka, jar_folder
from clickjoin.embedded.ports import free_port
from tests.kafka_server import KafkaServer

CERTIFICATE = Path(__file__).parents[1] / "data" / "stand_in.pem"
"""Key and certificate of localhost and 127.0.0.1, its own authority; for Kafka it is a keystore."""
USER, PASSWORD = "clickjoin", 'quo"te-and-$ign'

_SECURITY = """
listeners={plain},SASL_SSL://127.0.0.1:{port},{controller}
advertised.listeners={plain},SASL_SSL://localhost:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={certificate}
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


@dataclass(frozen=True)
class _Secured(EmbeddedKafka):
    """With a second listener; the first is for the tests themselves."""

    secured_port: int = 0

    def _configure(self, log_dirs: str) -> None:
        super()._configure(log_dirs)
        file = self.folder / "server.properties"
        text = file.read_text()
        listeners = next(line for line in text.splitlines() if line.startswith("listeners="))
        plain, controller = listeners.removeprefix("listeners=").split(",")
        rest = "\n".join(line for line in text.splitlines() if "listeners=" not in line)
        security = _SECURITY.format(plain=plain, controller=controller, port=self.secured_port, certificate=CERTIFICATE)
        file.write_text(f"{rest}{security}")


class SecuredKafka(KafkaServer):
    """`secured` is the address where TLS and SASL are demanded."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        port = free_port()
        self.secured = f"localhost:{port}"
        self.kafka = _Secured(folder, free_port(), jar_folder(), secured_port=port)

    def start(self) -> "SecuredKafka":
        super().start()
        return self

    def add_user(self) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            admin.alter_user_scram_credentials([UserScramCredentialUpsertion(USER, "SCRAM-SHA-512", PASSWORD)])
        finally:
            admin.close()


@contextmanager
def tls_before(port: int) -> Iterator[int]:
    """A port that speaks TLS and hands everything on to this one."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, port), daemon=True).start()
        yield int(listener.getsockname()[1])


def _accept(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with suppress(OSError):  # closed: the test is over
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, context, port), daemon=True).start()


def _serve(connection: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with suppress(OSError), context.wrap_socket(connection, server_side=True) as outside:  # who distrusts us is gone
        inside = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=_copy, args=(inside, outside), daemon=True).start()
        _copy(outside, inside)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
