"""What aiokafka does not take for a broken connection.

A connection that broke lets nobody write to it: asyncio says nothing then, uvloop raises RuntimeError. aiokafka
0.14 heeds OSError alone (https://github.com/aio-libs/aiokafka/issues/1038): the task that asks for metadata ends, and
whoever waits for it (to find the coordinator of a group, to commit) waits for ever. A broker that is killed and back
within a second does that to one client of some hundreds.
"""

from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError


def heed_closed_connections() -> None:
    """Make each request on such a connection raise KafkaConnectionError, as on any other that broke."""
    for name in ("send", "_send_sasl_token"):
        setattr(AIOKafkaConnection, name, _heeding(getattr(AIOKafkaConnection, name)))


def _heeding(sent: Any) -> Any:
    @wraps(sent)
    def send(connection: Any, *request: Any, **options: Any) -> Any:
        try:
            return sent(connection, *request, **options)
        except KafkaError:  # each of them is a RuntimeError, too
            raise
        except RuntimeError as error:
            connection.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"{connection.host}:{connection.port}: {error}") from error

    return send
