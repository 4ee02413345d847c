"""`python -m clickjoin.health ROLE CONFIG`: exits with 0 while a worker of this role on this host is in its group.

The health check of a container. A worker has no port of its own to ask, and what counts is that the group counts on it.
"""

import os
import socket
import sys
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from clickjoin.status import READS, nobody_listens
from presets.load import load_settings
from schemas.settings.servers import Kafka
from streams.adapters.kafka import blocking_connection

_ANSWER_WITHIN_MS = 5_000


def in_group(role: str, kafka: Kafka) -> bool:
    """Whether the role's group has a member that connects from an address of this host. Raises KafkaError."""
    group, _ = READS[role]
    admin = KafkaAdminClient(**blocking_connection(kafka), bootstrap_timeout_ms=_ANSWER_WITHIN_MS)
    try:
        members = admin.describe_groups([group])[group]["members"]
    finally:
        admin.close()
    return not _own_addresses().isdisjoint(member["client_host"].lstrip("/") for member in members)


def _own_addresses() -> set[str]:
    found = socket.getaddrinfo(socket.gethostname(), None)
    return {"127.0.0.1", "::1", *(str(address[0]) for *_, address in found)}


def main(role: str, config: str) -> int:
    """The exit code: 0 healthy, 1 not, with the reason on standard error."""
    kafka = load_settings(Path(config), os.environ).kafka
    silent = [why for server in kafka.servers.split(",") if (why := nobody_listens(server))]
    try:
        if len(silent) < len(kafka.servers.split(",")) and in_group(role, kafka):
            return 0
        print("; ".join(silent) or f"no {role} worker of this host is in its group", file=sys.stderr)
    except KafkaError as error:
        print(f"{kafka.servers}: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
